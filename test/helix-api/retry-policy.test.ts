import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Circumstances, decide, type Failure, type Verdict } from '../../src/helix-api/retry-policy.ts';

const status = (code: number, message = '', remaining?: number, resetInMs = 20_000): Failure => ({
  kind: 'status',
  status: code,
  message,
  report: remaining === undefined ? undefined : { limit: 800, remaining, resetInMs },
});

const at = (circumstances: Partial<Circumstances> = {}): Circumstances => ({
  attempt: 0,
  isRenewed: false,
  isSafe: true,
  random: () => 1,
  ...circumstances,
});

const final: Verdict = { action: 'give_up', retry: false };
const later: Verdict = { action: 'give_up', retry: true };
const retry = (afterMs: number): Verdict => ({ action: 'retry', afterMs });
const write = at({ isSafe: false });

describe('the retry policy', () => {
  it.each<[string, Failure, Circumstances, Verdict]>([
    ['a refused token', status(401, 'Invalid OAuth token'), at(), { action: 'renew' }],
    ['a refused token, later', status(401), at({ attempt: 3 }), { action: 'renew' }],
    ['a fresh token that is refused too', status(401), at({ isRenewed: true }), later],
    ['a missing scope', status(401, 'Missing scope: bits:read'), at(), final],
    ['a refused token of a write', status(401), write, { action: 'renew' }],
    ['a bad request', status(400, 'bad'), at(), final],
    ['what is forbidden', status(403), at(), final],
    ['what is not there', status(404), at(), final],
    ['what is there already', status(409), at(), final],
    ['what was retired', status(410), at(), final],
    ['a redirection', status(301), at(), final],
    ['an empty bucket', status(429, 'Too Many Requests', 0), at(), retry(20_500)],
    ['an empty bucket, however often', status(429, '', 0), at({ attempt: 50 }), retry(20_500)],
    ['an empty bucket of a write', status(429, '', 0), write, retry(20_500)],
    ['a reset that is over by our clock', status(429, '', 0, -9_999), at({ random: () => 0 }), retry(1_000)],
    ['a reset far away', status(429, '', 0, 9_999_999), at({ random: () => 0 }), retry(60_000)],
    ['another limit with points left', status(429, 'too many clips', 500), at(), retry(5_000)],
    ['another limit, again', status(429, '', 500), at({ attempt: 3 }), retry(40_000)],
    ['a 429 without headers', status(429), at(), retry(5_000)],
    ['too many subscriptions', status(429, 'number of subscriptions exceeded', 500), at(), final],
    ['too many transports', status(429, 'websocket transports limit exceeded', 500), at(), final],
    ['a broken Twitch', status(500), at(), retry(500)],
    ['a busy Twitch', status(503), at({ attempt: 2 }), retry(2_000)],
    ['a Twitch that is still busy', status(503), at({ attempt: 5 }), later],
    ['a broken Twitch in a write', status(500), write, later],
    ['no network', { kind: 'network' }, at(), retry(500)],
    ['no answer in time', { kind: 'timeout' }, at({ attempt: 1 }), retry(1_000)],
    ['half an answer', { kind: 'truncated' }, at(), retry(500)],
    ['no answer, to the last', { kind: 'timeout' }, at({ attempt: 5 }), later],
    ['no answer to a write', { kind: 'timeout' }, write, later],
    ['half an answer to a write', { kind: 'truncated' }, write, later],
    ['no token', { kind: 'no_token' }, at(), retry(500)],
    ['no token for a write', { kind: 'no_token' }, write, retry(500)],
  ])('knows what to do about %s', (_what, failure, circumstances, verdict) => {
    expect(decide(failure, circumstances)).toEqual(verdict);
  });

  it('never waits longer than a minute and its jitter, nor without any pause', () => {
    const failures = fc.oneof(
      fc.constantFrom<Failure>({ kind: 'network' }, { kind: 'timeout' }, { kind: 'truncated' }, { kind: 'no_token' }),
      fc
        .tuple(fc.integer({ min: 300, max: 599 }), fc.option(fc.nat(800)), fc.integer())
        .map(([code, remaining, reset]) => status(code, '', remaining ?? undefined, reset)),
    );
    fc.assert(
      fc.property(
        failures,
        fc.nat(100),
        fc.boolean(),
        fc.boolean(),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (failure, attempt, isRenewed, isSafe, random) => {
          const verdict = decide(failure, { attempt, isRenewed, isSafe, random: () => random });
          if (verdict.action !== 'retry') return;
          expect(verdict.afterMs).toBeGreaterThanOrEqual(250);
          expect(verdict.afterMs).toBeLessThanOrEqual(60_500);
        },
      ),
    );
  });
});
