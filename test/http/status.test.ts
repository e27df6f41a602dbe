import { expect, test } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import type { Status } from '../../src/http/deps.ts';
import { findWarnings } from '../../src/http/warnings.ts';
import { fakeDeps, healthyStatus, json, startedAt } from './fakes.ts';

const now = startedAt + 70_000;

test('the status tells instants as text and what is not known as null', async () => {
  const answer = await json(createHttpApp(fakeDeps()).request('/api/v1/status'));
  expect(answer).toMatchObject({
    version: '1.2.3',
    startedAt: '2026-11-22T00:00:00.000Z',
    credentials: { state: 'present', reason: null },
    helix: { lastSweepAt: '2026-11-22T00:01:00.000Z', lastError: null, budget: { left: 780, limit: 800 } },
    store: { pendingRows: 12, lastInsertAt: '2026-11-22T00:01:01.000Z', lastError: null },
    feed: { engine: 'uws', connections: 4, headSeq: 99 },
  });
});

test('chat only: helix is null and the reason is told', async () => {
  const status = healthyStatus({ helix: undefined, credentials: { state: 'absent', reason: 'no client id is set' } });
  const answer = await json(createHttpApp(fakeDeps({ status: { read: () => status } })).request('/api/v1/status'));
  expect(answer).toMatchObject({ helix: null, credentials: { state: 'absent', reason: 'no client id is set' } });
});

test('a healthy daemon has no warnings', () => {
  expect(findWarnings(healthyStatus(), now)).toEqual([]);
});

const { chat, helix, store } = healthyStatus();
if (helix === undefined) throw new Error('the healthy status has a helix part');
const refused = { at: startedAt + 65_000, message: 'connection refused' };

test.each<[string, string, Partial<Status>]>([
  ['chat_only', 'info', { credentials: { state: 'absent', reason: 'no client id is set' }, helix: undefined }],
  ['chat_disconnected', 'warning', { chat: { ...chat, connections: { open: 1, wanted: 2 } } }],
  ['chat_disconnected', 'error', { chat: { ...chat, connections: { open: 0, wanted: 2 } } }],
  ['join_failed', 'warning', { chat: { ...chat, failed: 1 } }],
  ['sweep_failing', 'warning', { helix: { ...helix, lastError: refused } }],
  ['sweep_overdue', 'warning', { helix: { ...helix, nextSweepAt: now - 31_000 } }],
  ['budget_low', 'warning', { helix: { ...helix, budget: { left: 79, limit: 800 } } }],
  ['store_failing', 'error', { store: { ...store, lastError: refused } }],
  ['store_backlog', 'error', { store: { ...store, pendingBytes: store.maxPendingBytes * 0.6 } }],
  ['dropped', 'warning', { drops: [{ part: 'chat', reason: 'malformed', count: 2 }] }],
  ['gaps', 'warning', { gaps: [{ source: 'irc', reason: 'reconnect', count: 1, totalMs: 4000 }] }],
  ['event_loop_slow', 'warning', { eventLoop: { delayP50Ms: 3, delayP99Ms: 140, delayMaxMs: 900 } }],
])('%s is told as %s', (code, level, overrides) => {
  expect(findWarnings(healthyStatus(overrides), now)).toMatchObject([{ code, level }]);
});

test('an error of one table is a warning though others are stored, and the worst comes first', () => {
  const failing = { ...store, lastError: { at: startedAt + 1, message: 'refused' } };
  expect(findWarnings(healthyStatus({ store: failing }), now)).toMatchObject([{ code: 'store_failing' }]);
  const both = healthyStatus({
    credentials: { state: 'absent', reason: 'no client id is set' },
    store: { ...store, lastError: refused },
  });
  expect(findWarnings(both, now).map(({ level }) => level)).toEqual(['error', 'info']);
});
