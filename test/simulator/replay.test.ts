import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { sortLine } from '../../src/simulator/replay-lines.ts';
import { closeAfterwards, connectChat, startSimulator, waitUntil } from './support.ts';

const shared = fileURLToPath(new URL('../../../shared/data/twitch/irc/', import.meta.url));

function fileOf(content: string | Buffer, name = 'lines.txt'): string {
  const folder = mkdtempSync(join(tmpdir(), 'replay-'));
  closeAfterwards(() => rmSync(folder, { recursive: true }));
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const message = (room: string, id: number, roomId = 5) =>
  `@id=id${id};room-id=${roomId};tmi-sent-ts=${1_700_000_000_000 + id} :a!a@a.tmi.twitch.tv PRIVMSG #${room} :text ${id}`;

test.each([
  ['@a=1', 'malformed', 'cut off in the tags'],
  ['@a=1 :tmi.twitch.tv', 'malformed', 'no command'],
  ['@a=1 :tmi.twitch.tv ', 'malformed', 'no command'],
  [':tmi.twitch.tv P1NG', 'malformed', 'bad command'],
  [':tmi.twitch.tv FOO #a', 'malformed', 'unknown command'],
  [':tmi.twitch.tv PRIVMSG', 'malformed', 'no channel'],
  [':tmi.twitch.tv CLEARCHAT nobody', 'malformed', 'no channel'],
  ['PING :x', 'skipped', 'PING'],
  [':tmi.twitch.tv 376 a :>', 'skipped', 'numeric'],
  [':tmi.twitch.tv NOTICE * :Login unsuccessful', 'skipped', 'NOTICE *'],
  ['@badges= :tmi.twitch.tv USERSTATE #a', 'control', 'USERSTATE'],
])('%s is %s: %s', (text, kind, reason) => {
  expect(sortLine(text)).toEqual({ kind, text, reason });
});

test('a line is the same again by room, time and id, or word for word; without a time never', () => {
  const identity = (text: string) => (sortLine(text) as { identity: string }).identity;
  expect(identity(message('a', 1))).toBe(identity(`${message('a', 1)} and more`));
  expect(identity(message('a', 1))).not.toBe(identity(message('a', 2)));
  const clear = (user: string) => `@room-id=5;tmi-sent-ts=1700000000000 :tmi.twitch.tv CLEARCHAT #a :${user}`;
  expect(identity(clear('b'))).toBe(identity(clear('b')));
  expect(identity(clear('b'))).not.toBe(identity(clear('c')));
  expect(identity(':x NOTICE #a :b')).toBeUndefined();
});

test('each line is sent once, in order, to the sessions of its room, and only when all rooms are joined', async () => {
  const lines = Array.from({ length: 1_000 }, (_, id) =>
    id % 2 === 0 ? message('even', id, 6) : message('odd', id, 7),
  );
  const extra = [message('even', 0, 6), 'PING', 'rubbish!', ':tmi.twitch.tv GLOBALUSERSTATE', ''];
  const file = fileOf(gzipSync([...lines, ...extra].join('\r\n')), 'lines.txt.gz');
  const simulator = await startSimulator({ replay: { file, rate: 'max' } });
  expect(simulator.world.channels.map(({ id, login }) => [id, login])).toEqual([
    ['6', 'even'],
    ['7', 'odd'],
  ]);
  const one = await connectChat(simulator);
  await one.join('even');
  const two = await connectChat(simulator);
  await two.join('even', 'odd');
  expect(await simulator.replay!.done).toBe(true);
  const text = ({ lines: heard }: { lines: string[] }) => heard.filter((line) => line.includes(' PRIVMSG '));
  await waitUntil(() => text(two).length === 1_001 && text(one).length === 501);
  expect(text(two)).toEqual([...lines, extra[0]]);
  expect(text(one)).toEqual([...lines.filter((_, id) => id % 2 === 0), extra[0]]);
  expect(simulator.truth().chat).toMatchObject({
    byCommand: { PRIVMSG: 1_001, ROOMSTATE: 3 },
    duplicatesByCommand: { PRIVMSG: 1 },
    unjoined: 0,
    malformed: { 'bad command': 1 },
    control: { GLOBALUSERSTATE: 1 },
    skipped: { PING: 1 },
  });
});

test('a rate is kept, and the replay can be begun by order and frozen before its end', async () => {
  const file = fileOf(Array.from({ length: 10_000 }, (_, id) => message('room', id)).join('\n'));
  const simulator = await startSimulator({ replay: { file, rate: 2_000, begin: 'order' } });
  const client = await connectChat(simulator);
  await client.join('room');
  expect(simulator.truth().chat.sent).toBe(1);
  const begun = performance.now();
  simulator.order({ order: 'begin_replay' });
  await waitUntil(() => simulator.truth().chat.byCommand.PRIVMSG >= 800);
  expect(performance.now() - begun).toBeGreaterThan(390);
  simulator.freeze();
  expect(await simulator.replay!.done).toBe(false);
  const { sent } = simulator.truth().chat;
  client.say('PING');
  await waitUntil(() => client.lines.includes('PONG'));
  expect(simulator.truth().chat.sent).toBe(sent);
  expect(client.lines.filter((line) => line.includes(' PRIVMSG '))).toHaveLength(sent - 1);
});

test('at full speed a slow reader holds the replay up instead of filling the memory', async () => {
  const long = 'x'.repeat(4_000);
  const file = fileOf(Array.from({ length: 20_000 }, (_, id) => `${message('room', id)} ${long}`).join('\n'));
  const simulator = await startSimulator({ replay: { file, rate: 'max' } });
  const client = await connectChat(simulator);
  client.ws.pause();
  client.say('JOIN #room');
  let last = -1;
  await waitUntil(() => {
    const sent = simulator.truth().chat.byCommand.PRIVMSG;
    const isStanding = sent > 0 && sent === last;
    last = sent;
    return isStanding;
  });
  expect(last).toBeLessThan(15_000);
  client.ws.resume();
  expect(await simulator.replay!.done).toBe(true);
  await waitUntil(() => client.lines.filter((line) => line.includes(' PRIVMSG ')).length === 20_000);
});

test.runIf(existsSync(shared))('recorded chat goes through as a count by other means says', async () => {
  const paths = [
    ...readdirSync(join(shared, 'kinds'))
      .filter((name) => name.endsWith('.txt'))
      .map((name) => join(shared, 'kinds', name)),
    join(shared, 'malformed.txt'),
  ];
  const all = paths.map((path) => readFileSync(path, 'utf8').trimEnd()).join('\n');
  const simulator = await startSimulator({ replay: { file: fileOf(all), rate: 'max' }, joinLimit: { count: 1_000 } });
  const client = await connectChat(simulator);
  await client.join(...simulator.world.channels.map(({ login }) => login));
  expect(await simulator.replay!.done).toBe(true);
  const { chat } = simulator.truth();
  const lines = all.split('\n').filter((line) => line !== '');
  const joins = simulator.world.channels.length;
  for (const [command, sent] of Object.entries(chat.byCommand)) {
    const counted = lines.filter((line) => new RegExp(`^(@\\S+ +)?(:\\S+ +)?${command} +#`).test(line)).length;
    expect([command, sent - (command === 'ROOMSTATE' ? joins : 0)]).toEqual([command, counted]);
  }
  const total = (counts: object) => Object.values(counts).reduce((sum: number, count: number) => sum + count, 0);
  expect(chat.sent - joins + total(chat.control) + total(chat.malformed) + total(chat.skipped)).toBe(lines.length);
  await waitUntil(() => client.lines.includes(lines.findLast((line) => sortLine(line).kind === 'room')!));
});
