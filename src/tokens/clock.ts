/** The time that tokens live by. Wall time is for what is written down; waiting and spacing go by a clock that never jumps. */
import { pause } from '../lib/lifecycle.ts';

export interface Clock {
  /** Wall time, ms since the epoch. */
  now(): number;
  /** ms since some fixed moment; never set back or forward. */
  elapsed(): number;
  /** Resolves early, with false, when the signal aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<boolean>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  sleep: pause,
};

const maxMarginMs = 300_000;

/**
 * How long before its end a token is replaced: five minutes, or a tenth of its life when that is shorter.
 * Both in milliseconds.
 */
export function renewalMarginMs(lifetimeMs: number): number {
  return Math.min(maxMarginMs, lifetimeMs / 10);
}
