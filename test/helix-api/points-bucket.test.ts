import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PointsBucket, type RateReport, type Settlement } from '../../src/helix-api/points-bucket.ts';
import { RateLimit } from '../../src/simulator/rate-limit.ts';

const report = (remaining: number, limit = 800, resetInMs = 1_000): RateReport => ({ limit, remaining, resetInMs });
const good = (remaining: number, limit?: number): Settlement => ({ status: 200, report: report(remaining, limit) });

/** One that has had its first answer. */
function known(remaining: number, limit = 800): PointsBucket {
  const bucket = new PointsBucket(0);
  bucket.settle(bucket.spend(0), good(remaining, limit), 0);
  return bucket;
}

describe('the bucket', () => {
  it('sends one request alone until it knows what is left', () => {
    const bucket = new PointsBucket(0);
    expect(bucket.msUntil(1, 0)).toBe(0);
    const first = bucket.spend(0);
    expect(bucket.msUntil(1, 0)).toBe(Number.POSITIVE_INFINITY);
    bucket.settle(first, { status: 503, report: report(800) }, 10);
    const second = bucket.spend(10);
    expect(bucket.msUntil(1, 10)).toBe(Number.POSITIVE_INFINITY);
    bucket.settle(second, good(17), 20);
    expect(bucket.left(20)).toBe(17);
  });

  it('takes the default for granted when answers say nothing of points', () => {
    const bucket = new PointsBucket(0);
    bucket.settle(bucket.spend(0), { status: 200, report: undefined }, 0);
    expect([bucket.limit, Math.floor(bucket.left(0))]).toEqual([800, 799]);
    expect(bucket.msUntil(700, 0)).toBe(0);
  });

  it('refills steadily, and not above its size', () => {
    const bucket = known(0, 60);
    expect(bucket.msUntil(3, 0)).toBe(3_000);
    expect(bucket.left(2_500)).toBe(2.5);
    expect(bucket.left(3_600_000)).toBe(60);
  });

  it('waits for the reset after a 429, a minute at most, and is full then', () => {
    for (const [resetInMs, waitMs] of [
      [20_000, 20_000],
      [-5_000, 1_000],
      [9_000_000, 60_000],
    ] as const) {
      const bucket = known(5);
      const [refused, late] = [bucket.spend(0), bucket.spend(0)];
      bucket.settle(refused, { status: 429, report: report(0, 800, resetInMs) }, 100);
      // An answer that was on its way does not end the wait.
      bucket.settle(late, good(3), 200);
      expect(bucket.left(200)).toBe(0);
      expect(bucket.msUntil(1, 100)).toBe(waitMs);
      expect(bucket.left(100 + waitMs)).toBe(800);
    }
  });

  it('does not wait for a 429 that is not its own', () => {
    const bucket = known(500);
    bucket.settle(bucket.spend(0), { status: 429, report: report(499) }, 0);
    expect(bucket.msUntil(1, 0)).toBe(0);
  });

  it('believes less at once, and more only from an answer that nobody overtook', () => {
    const bucket = known(500);
    const [a, b, c] = [bucket.spend(0), bucket.spend(0), bucket.spend(0)];
    bucket.settle(a, good(790), 0);
    expect(bucket.left(0)).toBe(497);
    // Whether c is among the spent ones is not known.
    bucket.settle(b, good(100), 0);
    expect(bucket.left(0)).toBe(99);
    bucket.settle(c, good(98), 0);
    expect(bucket.left(0)).toBe(98);
    bucket.settle(bucket.spend(0), good(700), 0);
    expect(bucket.left(0)).toBe(700);
    bucket.settle(bucket.spend(0), { status: 401, report: report(800) }, 0);
    expect(bucket.left(0)).toBe(699);
  });

  it('takes back the point of a request that was never sent', () => {
    const bucket = known(10);
    const sent = bucket.spend(0);
    bucket.spend(0);
    bucket.giveBack(0);
    expect([bucket.left(0), bucket.underWay]).toEqual([9, 1]);
    bucket.settle(sent, { status: 429, report: report(0, 800, 5_000) }, 0);
    bucket.spend(5_000);
    bucket.giveBack(5_000);
    expect([bucket.left(5_000), bucket.underWay]).toEqual([800, 0]);
  });

  it('does not refill for what Twitch has not seen leave yet', () => {
    const bucket = known(60, 60);
    for (let i = 0; i < 60; i++) bucket.spend(0);
    // Twitch is still full: if all 60 arrive now, nothing is left.
    expect(bucket.left(5_000)).toBe(0);
    expect(bucket.msUntil(1, 5_000)).toBe(Number.POSITIVE_INFINITY);
  });

  /**
   * Any traffic against a true bucket of any size and level: requests as fast as ours allows, each of which reaches Twitch and
   * comes back after delays of its own.
   */
  it('never makes Twitch say 429, whatever the size, the level at the start and the delays', () => {
    const step = fc.record({
      waitMs: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(60_000) }),
      thereMs: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 8_000 })),
      backMs: fc.integer({ min: 1, max: 2_000 }),
    });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.nat(30),
        fc.array(step, { minLength: 1, maxLength: 150 }),
        (pointsPerMinute, alreadySpent, steps) => {
          let now = 0;
          const twitch = new RateLimit({ now: () => now, pointsPerMinute });
          // One point must be left for the first request, of which nobody can know.
          for (let i = 0; i < Math.min(alreadySpent, pointsPerMinute - 1); i++) twitch.spend('key');
          const bucket = new PointsBucket(0);
          const agenda: { at: number; run: () => void }[] = [];
          const runUntil = (at: number) => {
            for (;;) {
              agenda.sort((a, b) => a.at - b.at);
              const next = agenda[0];
              if (next === undefined || next.at > at) break;
              agenda.shift();
              now = next.at;
              next.run();
            }
            now = at;
          };
          for (const { waitMs, thereMs, backMs } of steps) {
            runUntil(now + waitMs);
            for (;;) {
              const ms = bucket.msUntil(1, now);
              if (ms === 0) break;
              runUntil(Number.isFinite(ms) ? now + ms : (agenda[0]?.at ?? now));
            }
            const spending = bucket.spend(now);
            const arrive = () => {
              const { isAllowed, headers } = twitch.spend('key');
              expect(isAllowed).toBe(true);
              const remaining = Number(headers['Ratelimit-Remaining']);
              const answer = good(remaining, pointsPerMinute);
              agenda.push({ at: now + backMs, run: () => bucket.settle(spending, answer, now) });
            };
            agenda.push({ at: now + thereMs, run: arrive });
          }
          runUntil(now + 10_000);
          expect(bucket.underWay).toBe(0);
        },
      ),
      { numRuns: 300 },
    );
  });
});
