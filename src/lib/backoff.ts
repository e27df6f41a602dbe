/** How long to wait before try number n: exponential, capped, with full jitter so that many clients never march in step. */

export interface BackoffOptions {
  readonly firstMs: number;
  readonly maxMs: number;
  /** 0..1, uniform; injected so that tests are exact. */
  readonly random?: () => number;
}

/** @param attempt 0 for the first retry. @returns milliseconds between half the step and the whole step. */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const step = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(attempt, 30));
  return Math.round(step / 2 + ((options.random ?? Math.random)() * step) / 2);
}
