import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Fact } from '../../src/domain/fact.ts';
import { countRows, knownChannels, lastKnownStreams, recordChannels, trackedSince } from '../../src/store/queries.ts';
import { encodeRow } from '../../src/store/rows.ts';
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
    await insert(
      [
        sample(now - 60_000, { id: '51', title: 'old' }, { id: '1', login: 'live' }),
        sample(now - 30_000, { id: '51', title: 'new' }, { id: '1', login: 'live' }),
        sample(now - 90_000, { id: '52' }, ended),
        {
          ...changeBase('ended'),
          channel: ended,
          streamId: '52',
          kind: 'stream_offline',
          stream: stream({ id: '52' }),
        },
        sample(now - 9 * 86_400_000, { id: '53' }, stale),
      ],
      'known',
    );
    expect(await lastKnownStreams(store.client, 7)).toEqual([
      {
        channel: { id: '1', login: 'live' },
        seenAt: now - 30_000,
        hasEnded: false,
        stream: stream({ id: '51', title: 'new' }),
      },
      { channel: ended, seenAt: now - 90_000, hasEnded: true, stream: stream({ id: '52' }) },
    ]);
  });

  it('remembers channels and since when they are tracked', async () => {
    const first = { channel, displayName: 'River', trackedSince: startOfTime, isTracked: true, version: 1 };
    const gone = { ...first, channel: { id: '9', login: 'gone' } };
    await recordChannels(store.client, [first, gone]);
    await recordChannels(store.client, [first, gone]);
    await recordChannels(store.client, [{ ...gone, isTracked: false, version: 2 }]);
    await recordChannels(store.client, []);
    expect(await knownChannels(store.client)).toEqual([{ ...gone, isTracked: false, version: 2 }, first]);
    expect(await trackedSince(store.client)).toEqual(new Map([[channel.id, startOfTime]]));
  });
});
