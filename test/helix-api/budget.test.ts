import { setMaxListeners } from 'node:events';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Budget, type BudgetOptions, type Permit } from '../../src/helix-api/budget.ts';
import { createHelixMetrics } from '../../src/helix-api/metrics.ts';
import type { Settlement } from '../../src/helix-api/points-bucket.ts';
import { type Priority, priorities } from '../../src/helix-api/request-queue.ts';
import { RateLimit } from '../../src/simulator/rate-limit.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

const never = new AbortController().signal;
setMaxListeners(0, never);

function setBudget(options: Partial<BudgetOptions> = {}) {
  const registry = new Registry();
  const metrics = createHelixMetrics(registry);
  const budget = new Budget({ name: 'app', metrics, ...options });
  const ask = (priority: Priority = 'state', signal: AbortSignal = never) =>
    budget.acquire({ priority, purpose: priority, signal });
  return { budget, registry, metrics, ask };
}

const answer = (remaining: number, limit = 800, status = 200): Settlement => ({
  status,
  report: { limit, remaining, resetInMs: ((limit - remaining) / limit) * 60_000 },
});

/** What has been let go so far, in order. */
async function settled(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

describe('the budget', () => {
  it('lets one go to learn what is left, and then as many as may be under way', async () => {
    const { budget, ask } = setBudget({ maxUnderWay: 4 });
    const granted: Permit[] = [];
    const all = Array.from({ length: 10 }, () => ask().then((permit) => granted.push(permit)));
    await settled();
    expect(granted).toHaveLength(1);
    granted[0]?.settle(answer(799));
    await settled();
    expect(granted).toHaveLength(5);
    expect(budget.status()).toMatchObject({ queued: 5, underWay: 4 });
    // Settling twice is settling once.
    for (let i = 0; i < 10; i++) {
      granted[i]?.settle({ status: undefined, report: undefined });
      granted[i]?.settle({ status: undefined, report: undefined });
      await settled();
    }
    await Promise.all(all);
    expect(budget.status()).toMatchObject({ queued: 0, underWay: 0 });
  });

  it('paces the lower priorities before the bucket is empty', async () => {
    const { ask } = setBudget();
    (await ask()).settle(answer(100, 100));
    let backfills = 0;
    const all = Array.from({ length: 60 }, async () => {
      const permit = await ask('backfill');
      backfills++;
      permit.settle({ status: undefined, report: undefined });
    });
    await settled();
    expect(backfills).toBe(50);
    // While they wait, what matters goes at once.
    for (let i = 0; i < 40; i++) (await ask('state')).settle({ status: undefined, report: undefined });
    expect(backfills).toBe(50);
    await vi.advanceTimersByTimeAsync(60_000);
    await Promise.all(all);
  });

  it('holds everything until the reset of a 429', async () => {
    const { ask } = setBudget();
    const refused = await ask();
    refused.settle(answer(799));
    (await ask()).settle({ status: 429, report: { limit: 800, remaining: 0, resetInMs: 5_000 } });
    const done = vi.fn();
    const waiting = ask().then((permit) => {
      done();
      permit.settle(answer(799));
    });
    await vi.advanceTimersByTimeAsync(4_999);
    expect(done).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(done).toHaveBeenCalledOnce();
    await waiting;
  });

  it('forgets who does not wait any longer', async () => {
    const { budget, ask } = setBudget();
    const permit = await ask();
    const gone = new AbortController();
    const waiting = ask('state', gone.signal);
    expect(budget.status().queued).toBe(1);
    gone.abort(new Error('no longer wanted'));
    await expect(waiting).rejects.toThrow('no longer wanted');
    await expect(ask('state', gone.signal)).rejects.toThrow('no longer wanted');
    expect(budget.status().queued).toBe(0);
    permit.settle(answer(799));
  });

  it('turns away and counts what its queue cannot hold', async () => {
    const { registry, budget, ask } = setBudget({ maxQueued: 1 });
    const permit = await ask();
    const low = expect(ask('clips')).rejects.toMatchObject({ name: 'UpstreamError', retry: true });
    const high = ask('state');
    await low;
    await expect(ask('backfill')).rejects.toMatchObject({ retry: true });
    permit.settle(answer(799));
    (await high).settle(answer(798));
    expect(await registry.metrics()).toContain('helix_requests_dropped_total{reason="queue_full"} 2');
    budget.stop();
  });

  it('refuses all when it stops', async () => {
    const { budget, ask } = setBudget();
    (await ask()).settle(answer(0));
    const waiting = expect(ask()).rejects.toMatchObject({ name: 'UpstreamError' });
    await settled();
    expect(vi.getTimerCount()).toBe(1);
    budget.stop();
    await waiting;
    await expect(ask()).rejects.toMatchObject({ name: 'UpstreamError' });
  });

  it('shows what it has, and what it was used for', async () => {
    const { registry, metrics, ask } = setBudget();
    (await ask('state')).settle(answer(799));
    (await ask('clips')).settle(answer(798));
    (await ask('users')).giveBack();
    const permit = await ask('slow');
    const text = await registry.metrics();
    expect(text).toContain('helix_points_used_total{bucket="app",purpose="state"} 1');
    expect(text).toContain('helix_points_used_total{bucket="app",purpose="clips"} 1');
    expect(text).toContain('helix_points_left{bucket="app"} 797');
    expect(text).toContain('helix_points_limit{bucket="app"} 800');
    expect(text).toContain('helix_queue_length{bucket="app"} 0');
    expect(metrics.pointsUsed()).toEqual({ app: { state: 1, clips: 1 } });
    permit.settle(answer(797));
  });

  it('keeps several buckets apart', async () => {
    const registry = new Registry();
    const metrics = createHelixMetrics(registry);
    const [one, two] = ['one', 'two'].map((name) => new Budget({ name, metrics }));
    const ask = { priority: 'state', purpose: 'streams', signal: never } as const;
    (await one?.acquire(ask))?.settle(answer(3));
    expect([one?.status().left, two?.status().left]).toEqual([3, 800]);
    expect(() => new Budget({ name: 'one', metrics })).toThrow(TypeError);
  });

  it('serves all of any traffic in the end, and never more than the bucket has', async () => {
    const request = fc.record({
      priority: fc.constantFrom(...priorities),
      afterMs: fc.integer({ min: 0, max: 800 }),
      tookMs: fc.integer({ min: 1, max: 3_000 }),
      outcome: fc.constantFrom('good', 'good', 'good', 'lost'),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 2, max: 60 }),
        fc.array(request, { minLength: 1, maxLength: 80 }),
        async (pointsPerMinute, requests) => {
          const { budget, ask } = setBudget();
          const twitch = new RateLimit({ now: () => performance.now(), pointsPerMinute });
          const refusals: number[] = [];
          const serve = async ({ priority, tookMs, outcome }: (typeof requests)[number]) => {
            const permit = await ask(priority);
            const { isAllowed, headers } = twitch.spend('key');
            if (!isAllowed) refusals.push(performance.now());
            const report = { limit: pointsPerMinute, remaining: Number(headers['Ratelimit-Remaining']), resetInMs: 0 };
            setTimeout(() => {
              permit.settle(outcome === 'lost' ? { status: undefined, report: undefined } : { status: 200, report });
            }, tookMs);
          };
          const all: Promise<void>[] = [];
          for (const one of requests) {
            await vi.advanceTimersByTimeAsync(one.afterMs);
            all.push(serve(one));
          }
          await vi.advanceTimersByTimeAsync(80 * 60_000);
          await Promise.all(all);
          await vi.advanceTimersByTimeAsync(5_000);
          expect(refusals).toEqual([]);
          expect(budget.status()).toMatchObject({ queued: 0, underWay: 0 });
        },
      ),
      { numRuns: 40 },
    );
  });
});
