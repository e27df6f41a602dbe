import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fact } from '../../src/domain/fact.ts';
import { countRows, formerLogins, knownChannels, lastKnownStreams } from '../../src/store/queries.ts';
import { encodeChannelRow, encodeRow } from '../../src/store/rows.ts';
import { columnsOf } from '../../src/store/tables.ts';
import {
  changeBase,
  changes,
  channel,
  chatEvent,
  chatMessage,
  sample,
  startOfTime,
  startStore,
  stream,
  type TestStore,
} from './support.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.close());

async function insert(facts: readonly Fact[], token: string): Promise<void> {
  for (const [index, fact] of facts.entries()) {
    const { table, line } = encodeRow(fact)!;
    await store.client.insert({
      table,
      columns: columnsOf(table),
      token: `${token}:${index}`,
      body: Buffer.from(line),
    });
  }
}

describe('queries', () => {
  it('counts what was seen once, also while a second copy is unmerged', async () => {
    const facts = [chatMessage(1), chatMessage(2), chatEvent(3), sample(startOfTime), ...changes];
    await insert(facts, 'first');
    await insert(facts, 'second');
    const counts = await countRows(store.client);
    expect(counts.map(({ table, kind, distinct }) => [table, kind, distinct])).toEqual([
      ['chat_events', 'USERNOTICE', 1],
      ['chat_messages', 'PRIVMSG', 2],
      ...changes.map(({ kind }) => ['stream_changes', kind, 1]).sort((a, b) => `${a[1]}`.localeCompare(`${b[1]}`)),
      ['stream_snapshots', 'stream_sample', 1],
    ]);
    expect(counts.every(({ stored, distinct }) => stored >= distinct)).toBe(true);
    expect(await countRows(store.client, startOfTime + 3_600_000)).toEqual([]);
  });

  it('knows the last state of every channel, and whether that broadcast has ended', async () => {
    const now = Date.now();
    const ended = { id: '2', login: 'ended' };
    const stale = { id: '3', login: 'stale' };
    const back = { id: '4', login: 'back' };
    const end = (of: typeof ended, streamId: string, at: number) => ({
      ...changeBase(of.login, at),
      channel: of,
      streamId,
      kind: 'stream_offline' as const,
      stream: stream({ id: streamId }),
    });
    await insert(
      [
        sample(now - 60_000, { id: '51', title: 'old' }, { id: '1', login: 'live' }),
        sample(now - 30_000, { id: '51', title: 'new' }, { id: '1', login: 'live' }),
        sample(now - 90_000, { id: '52' }, ended),
        end(ended, '52', now - 80_000),
        end(back, '54', now - 80_000),
        sample(now - 50_000, { id: '54' }, back),
        sample(now - 9 * 86_400_000, { id: '53' }, stale),
      ],
      'known',
    );
    expect(await lastKnownStreams(store.client, 7)).toEqual([
      {
        channel: { id: '1', login: 'live' },
        seenAt: now - 30_000,
        hasEnded: false,
        hadEnded: false,
        stream: stream({ id: '51', title: 'new' }),
      },
      { channel: ended, seenAt: now - 90_000, hasEnded: true, hadEnded: true, stream: stream({ id: '52' }) },
      { channel: back, seenAt: now - 50_000, hasEnded: false, hadEnded: true, stream: stream({ id: '54' }) },
    ]);
  });

  it('knows the logins that a channel had before', async () => {
    await insert(changes, 'renamed');
    expect(await formerLogins(store.client)).toEqual(new Map([[channel.id, ['brook']]]));
  });

  it('knows every channel that was recorded, by the row that holds', async () => {
    const first = { channel, displayName: 'River', trackedSince: startOfTime, isTracked: true, version: 1 };
    const gone = { ...first, channel: { id: '9', login: 'gone' } };
    const left = { ...gone, isTracked: false, version: 2 };
    for (const [index, record] of [first, gone, gone, left].entries()) {
      const { table, line } = encodeChannelRow(record);
      const token = `channels:${index}`;
      await store.client.insert({ table, columns: columnsOf(table), token, body: Buffer.from(line) });
    }
    expect(await knownChannels(store.client)).toEqual([left, first]);
  });
});
