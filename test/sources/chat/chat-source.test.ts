import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../src/domain/channel.ts';
import type { Observation } from '../../../src/domain/fact.ts';
import { createLog } from '../../../src/ops/log.ts';
import type { Simulator, SimulatorOptions } from '../../../src/simulator/simulator.ts';
import { type ChatSource, type ChatSourceOptions, createChatSource } from '../../../src/sources/chat/chat-source.ts';
import { chatTiming } from '../../../src/sources/chat/timing.ts';
import { closeAfterwards, startSimulator, waitUntil } from '../../simulator/support.ts';

const quick = {
  ...chatTiming,
  watchEveryMs: 20,
  joinTimeoutMs: 200,
  joinRetry: { firstMs: 20, maxMs: 40 },
  reconnect: { firstMs: 20, maxMs: 40 },
  openSpacingMs: 0,
};

interface Scene {
  readonly simulator: Simulator;
  readonly chat: ChatSource;
  readonly seen: Observation[];
  readonly joined: Channel[];
  messages(): number;
  allJoined(): Promise<unknown>;
}

async function setScene(
  count: number,
  over: { simulator?: SimulatorOptions; chat?: Partial<ChatSourceOptions> } = {},
): Promise<Scene> {
  const channels = Array.from({ length: count }, (_, i) => ({ id: String(i + 1), login: `room${i + 1}` }));
  const simulator = await startSimulator({ channels, liveShare: 1, joinLimit: { count: 1000 }, ...over.simulator });
  const seen: Observation[] = [];
  const joined: Channel[] = [];
  const chat = createChatSource({
    endpoint: { host: '127.0.0.1', port: simulator.port, secure: false },
    channelsPerConnection: 90,
    joinsPer10Seconds: 1000,
    ingest: (observation) => seen.push(observation),
    onJoined: (channel) => joined.push(channel),
    log: createLog({ level: 'silent' }),
    registry: new Registry(),
    timing: quick,
    ...over.chat,
  });
  for (const { login } of channels) chat.add(login);
  await chat.start(new AbortController().signal, () => {});
  closeAfterwards(() => chat.stop(AbortSignal.abort()));
  return {
    simulator,
    chat,
    seen,
    joined,
    messages: () => seen.filter((observation) => observation.kind === 'chat_message').length,
    allJoined: () => waitUntil(() => chat.status().seats.every((seat) => seat.state === 'joined')),
  };
}

describe('chat', () => {
  it('joins what it is asked for, learns the ids, and hands on every line', async () => {
    const { simulator, chat, joined, allJoined, seen } = await setScene(3);
    await allJoined();
    await waitUntil(() => joined.length === 3);
    expect(joined).toContainEqual({ id: '2', login: 'room2' });
    simulator.order({ order: 'speak', lines: 500 });
    const { sent } = simulator.truth().chat;
    await waitUntil(() => seen.length === sent);
    expect(chat.status()).toMatchObject({ connections: { open: 1, wanted: 1 }, rejected: {}, deafness: { count: 0 } });
  });

  it('spreads channels over connections and counts joins as one account', async () => {
    const { simulator, chat, allJoined } = await setScene(25, {
      chat: { channelsPerConnection: 10, joinsPer10Seconds: 20 },
      simulator: { joinLimit: { count: 20, windowMs: 10_000 } },
    });
    await waitUntil(() => chat.status().seats.filter((seat) => seat.state === 'joined').length === 20);
    expect(chat.status().connections).toEqual({ open: 3, wanted: 3 });
    expect(chat.status().seats.filter((seat) => seat.state === 'queued').length).toBe(5);
    await waitUntilLong(() => chat.status().seats.every((seat) => seat.state === 'joined'));
    await allJoined();
    expect(simulator.truth().irc.join_violations ?? 0).toBe(0);
  }, 30_000);

  it('tries a lost JOIN again', async () => {
    const { simulator, chat, allJoined } = await setScene(1);
    await allJoined();
    chat.remove('room1');
    simulator.order({ order: 'lay_fault', fault: 'irc.lose_join', times: 2 });
    chat.add('room1');
    await waitUntil(() => chat.status().seats[0]?.state === 'failed');
    expect(chat.status().seats[0]?.problem).toBe('no answer to JOIN');
    await allJoined();
    expect(chat.status().seats[0]?.problem).toBeUndefined();
    expect(simulator.truth().irc).toMatchObject({ joins_lost: 2 });
  });

  it('says why Twitch refuses a channel', async () => {
    const { simulator, chat } = await setScene(1, { chat: { timing: { ...quick, joinTimeoutMs: 60_000 } } });
    await waitUntil(() => chat.status().seats[0]?.state === 'joined');
    chat.remove('room1');
    simulator.order({ order: 'suspend', channelId: '1' });
    chat.add('room1');
    await waitUntil(() => chat.status().seats[0]?.state === 'failed');
    expect(chat.status().seats[0]?.problem).toBe('msg_channel_suspended');
  });

  it.each(['drop', 'reconnect'] as const)(
    'comes back after %s, with all channels, and counts the time',
    async (how) => {
      const { simulator, chat, allJoined, messages } = await setScene(5);
      await allJoined();
      simulator.order({ order: 'disturb_irc', how });
      await waitUntil(() => chat.status().disconnects === 1);
      await allJoined();
      const before = messages();
      simulator.order({ order: 'speak', lines: 200 });
      await waitUntil(() => messages() > before);
      expect(chat.status().deafness.count).toBe(5);
      expect(chat.status().connections).toEqual({ open: 1, wanted: 1 });
    },
  );

  it('gives up on a peer that has fallen silent, and comes back', async () => {
    const { simulator, chat, allJoined } = await setScene(2, {
      chat: { timing: { ...quick, silenceTimeoutMs: 300 } },
    });
    await allJoined();
    simulator.order({ order: 'disturb_irc', how: 'half_open' });
    await waitUntil(() => chat.status().disconnects > 0);
    await allJoined();
  });

  it('tries again when the server refuses the capabilities, without which lines carry no tags', async () => {
    const { simulator, chat, allJoined } = await setScene(1);
    await allJoined();
    simulator.order({ order: 'lay_fault', fault: 'irc.refuse_capabilities', times: 2 });
    simulator.order({ order: 'disturb_irc', how: 'drop' });
    await waitUntil(() => chat.status().disconnects === 3);
    await allJoined();
  });

  it('puts a line together that came in two frames', async () => {
    const { simulator, allJoined, messages, seen } = await setScene(1);
    await allJoined();
    simulator.order({ order: 'lay_fault', fault: 'irc.split_line', times: 20 });
    simulator.order({ order: 'speak', lines: 100 });
    const { byCommand } = simulator.truth().chat;
    await waitUntil(() => messages() === byCommand.PRIVMSG);
    expect(seen.length).toBe(simulator.truth().chat.sent);
  });

  it('leaves a channel, and follows a renamed one under the same id', async () => {
    const { simulator, chat, joined, allJoined, seen } = await setScene(2);
    await allJoined();
    chat.remove('room1');
    simulator.order({ order: 'rename', channelId: '2', login: 'newroom' });
    chat.rename('room2', 'newroom');
    await allJoined();
    await waitUntil(() => joined.some((channel) => channel.login === 'newroom'));
    expect(joined.at(-1)).toEqual({ id: '2', login: 'newroom' });
    seen.length = 0;
    simulator.order({ order: 'speak', lines: 100 });
    await waitUntil(() => seen.length > 0);
    expect(new Set(seen.map((observation) => observation.channel.login))).toEqual(new Set(['newroom']));
  });

  it('is not stopped by lines that end a client of tmi.js', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'streamgauge-chat-'));
    closeAfterwards(() => rmSync(directory, { recursive: true }));
    const file = join(directory, 'lines.txt');
    const hostile = ['HOSTTARGET #room1', 'NOTICE #room1 :Invalid NICK.', 'NOTICE #room1 :Login unsuccessful'];
    const lines = [...hostile.map((line) => `:tmi.twitch.tv ${line}`), '@a=b', ':wren!w@w PRIVMSG #room1 :still here '];
    writeFileSync(file, lines.join('\n'));
    const { chat, seen, messages } = await setScene(1, { simulator: { replay: { file, rate: 'max' } } });
    await waitUntil(() => messages() === 1);
    expect(chat.status()).toMatchObject({
      disconnects: 0,
      control: { HOSTTARGET: 1 },
      kept: { NOTICE: 2, PRIVMSG: 1 },
      rejected: { no_command: 1 },
    });
    expect(seen.at(-1)).toMatchObject({ text: 'still here ' });
  });
});

const waitUntilLong = async (check: () => boolean) => {
  for (let i = 0; i < 3 && !check(); i += 1) await waitUntil(check).catch(() => undefined);
};
