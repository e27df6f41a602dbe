/** Chat lines for the benchmarks: invented, full tags as Twitch sends them, about 460 bytes each, the same in every run. */
import { createRandom } from '../../src/simulator/random.ts';

const words =
  'water river flood gauge metre rising falling LUL Kappa PogChamp the a is was so very much today again'.split(' ');

/** @param count lines over so many channels, in turn. */
export function inventLines(count: number, channels: number): string[] {
  const random = createRandom('bench');
  return Array.from({ length: count }, (_, i) => inventLine(random, i, i % channels));
}

export function channelName(index: number): string {
  return `bench_channel_${index}`;
}

function inventLine(random: ReturnType<typeof createRandom>, index: number, channel: number): string {
  const user = random.int(20_000) + 1_000;
  const login = `viewer_${user}`;
  const length = 3 + random.int(12);
  const text = Array.from({ length }, () => words[random.int(words.length)] ?? '').join(' ');
  const hex = (index + 1).toString(16).padStart(12, '0');
  const tags = [
    `badge-info=subscriber/${(user % 40) + 1}`,
    `badges=subscriber/${user % 24},premium/1`,
    `client-nonce=${hex}${hex}0123abcd`,
    'color=#1E90FF',
    `display-name=Viewer_${user}`,
    'emotes=25:0-4',
    'first-msg=0',
    'flags=',
    `id=5c3a1f0e-8d2b-4c6a-9e7f-${hex}`,
    'mod=0',
    'returning-chatter=0',
    `room-id=${500_000 + channel}`,
    'subscriber=1',
    `tmi-sent-ts=${1_795_300_000_000 + index}`,
    'turbo=0',
    `user-id=${user}`,
    'user-type=',
  ];
  return `@${tags.join(';')} :${login}!${login}@${login}.tmi.twitch.tv PRIVMSG #${channelName(channel)} :${text}`;
}
