/** A small made-up world behind the interfaces of the HTTP side; tests replace what they are about. */
import type { HttpDeps, LiveStream, Status, TrackedChannel } from '../../src/http/deps.ts';
import { createLog } from '../../src/ops/log.ts';
import { Counter, Registry } from '../../src/ops/metrics.ts';

export const startedAt = Date.parse('2026-11-22T00:00:00Z');

export function liveStream(id: string, overrides: Partial<LiveStream['stream']> = {}): LiveStream {
  return {
    channel: { id, login: `login${id}` },
    displayName: `Login${id}`,
    stream: {
      id: `9${id}`,
      title: `Title of ${id}`,
      category: { id: '509658', name: 'Just Chatting' },
      viewers: 100,
      startedAt,
      language: 'en',
      tags: ['English'],
      isMature: false,
      thumbnailUrl: 'https://static-cdn.jtvnw.net/previews-ttv/live_user_x-{width}x{height}.jpg',
      ...overrides,
    },
  };
}

export function tracked(id: string, overrides: Partial<TrackedChannel> = {}): TrackedChannel {
  return {
    channel: { id, login: `login${id}` },
    displayName: `Login${id}`,
    chat: { state: 'joined', reason: undefined },
    isLive: true,
    trackedSince: startedAt,
    ...overrides,
  };
}

export function healthyStatus(overrides: Partial<Status> = {}): Status {
  return {
    startedAt,
    credentials: { state: 'present' },
    chat: { connections: { open: 2, wanted: 2 }, joined: 3, pending: 0, failed: 0, received: 1234 },
    helix: {
      lastSweepAt: startedAt + 60_000,
      nextSweepAt: startedAt + 90_000,
      lastError: undefined,
      budget: { left: 780, limit: 800 },
    },
    store: {
      engine: 'embedded',
      pendingRows: 12,
      pendingBytes: 4096,
      maxPendingBytes: 64 * 1024 * 1024,
      insertedRows: 5678,
      lastInsertAt: startedAt + 61_000,
      lastError: undefined,
      queryPortError: undefined,
    },
    feed: { engine: 'uws', connections: 4, headSeq: 99 },
    eventLoop: { delayP50Ms: 1.1, delayP99Ms: 4.2, delayMaxMs: 9 },
    drops: [],
    gaps: [],
    ...overrides,
  };
}

export function fakeDeps(overrides: Partial<HttpDeps> = {}): HttpDeps {
  const registry = new Registry();
  new Counter({ name: 'chat_lines_total', help: 'Lines of chat', registers: [registry] }).inc(7);
  const channels = [tracked('3'), tracked('1'), tracked('2')];
  return {
    channels: { list: () => channels, find: (id) => channels.find((one) => one.channel.id === id) },
    streams: { live: () => [liveStream('1')], asOf: () => startedAt + 60_000 },
    status: { read: () => healthyStatus() },
    readiness: { check: () => [{ name: 'chat', ok: true, detail: '3 of 3 channels joined' }] },
    registry,
    log: createLog({ level: 'silent' }),
    version: '1.2.3',
    ...overrides,
  };
}

/** For answers whose shape the test itself checks. */
export type Json = Record<string, unknown> & { readonly items: Record<string, unknown>[] };

export async function json(response: Response | Promise<Response>): Promise<Json> {
  return (await (await response).json()) as Json;
}
