import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Observation } from '../../../src/domain/fact.ts';
import type { HelixClient } from '../../../src/sources/helix/helix-client.ts';
import { createStreamsPoller } from '../../../src/sources/helix/streams-poller.ts';
import type { StreamWire } from '../../../src/sources/helix/wire.ts';

function wire(userId: string, over: Partial<StreamWire> = {}): StreamWire {
  return {
    id: `s${userId}`,
    user_id: userId,
    user_login: `login${userId}`,
    user_name: `Login${userId}`,
    game_id: '1',
    game_name: 'Rivers',
    type: 'live',
    title: 'High water',
    tags: null,
    viewer_count: 12,
    started_at: '2026-11-22T00:00:10Z',
    language: 'en',
    thumbnail_url: '',
    ...over,
  };
}

async function sweep(
  count: number,
  answer: (ids: readonly string[]) => Promise<readonly StreamWire[]>,
  unclear: readonly string[] = [],
) {
  const seen: Observation[] = [];
  const requests: number[] = [];
  const client: HelixClient = {
    streams: async (ids) => {
      requests.push(ids.length);
      return { live: await answer(ids), unclear };
    },
    users: () => Promise.resolve([]),
    budget: () => ({ limit: 800, left: 800 }),
  };
  const poller = createStreamsPoller({
    client,
    everySeconds: 60,
    channels: () => Array.from({ length: count }, (_, i) => ({ id: String(i + 1), login: `login${i + 1}` })),
    ingest: (observation) => seen.push(observation),
    log: pino({ level: 'silent' }),
    now: () => 1_795_300_030_000,
  });
  await poller.start(new AbortController().signal, () => {});
  await poller.sweepNow();
  await poller.stop(AbortSignal.abort());
  return { seen, requests, status: poller.status() };
}

describe('a sweep', () => {
  it('asks in batches of 100 and observes every channel once, on the scheduled instant', async () => {
    const { seen, requests } = await sweep(250, async (ids) =>
      ids.filter((id) => Number(id) % 2 === 0).map((id) => wire(id)),
    );
    expect(requests).toEqual([100, 100, 50]);
    expect(seen.filter((o) => o.kind === 'stream_sample').length).toBe(125);
    expect(seen.filter((o) => o.kind === 'stream_absence').length).toBe(125);
    expect(seen[1]).toMatchObject({
      kind: 'stream_sample',
      channel: { id: '2', login: 'login2' },
      sweptAt: 1_795_300_020_000,
      receivedAt: 1_795_300_030_000,
      stream: { id: 's2', viewers: 12, startedAt: Date.UTC(2026, 10, 22, 0, 0, 10), tags: [] },
    });
  });

  it('changes nothing when one batch of it failed', async () => {
    const { seen, status } = await sweep(250, (ids) =>
      ids.length < 100 ? Promise.reject(new Error('503')) : Promise.resolve([]),
    );
    expect(seen).toEqual([]);
    expect(status.sweep).toMatchObject({ failures: 1, lastError: '503' });
  });

  it("takes a row with Twitch's own error for no news", async () => {
    const { seen } = await sweep(1, async () => [wire('1', { type: '' })]);
    expect(seen).toEqual([]);
  });

  it('takes a row that it cannot read for no news either', async () => {
    const { seen } = await sweep(2, async () => [], ['1']);
    expect(seen).toMatchObject([{ kind: 'stream_absence', channel: { id: '2' } }]);
  });

  it('tells the new login of a renamed channel', async () => {
    const { seen } = await sweep(1, async () => [wire('1', { user_login: 'renamed' })]);
    expect(seen).toMatchObject([{ channel: { id: '1', login: 'renamed' } }]);
  });
});
