/**
 * What to do after one attempt at Helix went wrong, as one pure function. Nothing is repeated that would get the same answer,
 * and nothing that writes is repeated when Twitch may have done it already.
 */
import { backoffMs } from '../lib/backoff.ts';
import type { RateReport } from './points-bucket.ts';

/** How one attempt ended badly. */
export type Failure =
  | {
      readonly kind: 'status';
      readonly status: number;
      /** `message` of Twitch's error document, or ''. */
      readonly message: string;
      readonly report: RateReport | undefined;
    }
  /** No answer, not the whole of it, or no token to ask with. */
  | { readonly kind: 'network' | 'timeout' | 'truncated' | 'no_token' };

export interface Circumstances {
  /** Attempts that failed before this one. */
  readonly attempt: number;
  /** Whether the token is one that was got because the one before was refused. */
  readonly isRenewed: boolean;
  /** Whether the request only reads. */
  readonly isSafe: boolean;
  /** 0..1, for the jitter. */
  readonly random: () => number;
}

export type Verdict =
  | { readonly action: 'retry'; readonly afterMs: number }
  /** Once more, with another token. */
  | { readonly action: 'renew' }
  /** `retry`: whether it may work later. */
  | { readonly action: 'give_up'; readonly retry: boolean };

/** Attempts in all. */
const maxAttempts = 6;
const quickly = { firstMs: 500, maxMs: 15_000 };
/** For limits that the headers do not show, such as those of single endpoints. */
const slowly = { firstMs: 5_000, maxMs: 60_000 };
const maxResetMs = 60_000;
const leastResetMs = 1_000;
/** Those who waited for the same reset must not all come in the same millisecond. */
const resetJitterMs = 500;

const final: Verdict = { action: 'give_up', retry: false };
const later: Verdict = { action: 'give_up', retry: true };

export function decide(failure: Failure, circumstances: Circumstances): Verdict {
  if (failure.kind !== 'status') {
    const mayBeDone = failure.kind !== 'no_token' && !circumstances.isSafe;
    return mayBeDone ? later : backOff(circumstances, quickly);
  }
  const { status, message } = failure;
  if (status === 401) return afterRefusedToken(message, circumstances);
  if (status === 429) return afterTooMany(failure, circumstances);
  if (status >= 500 || status === 408) return circumstances.isSafe ? backOff(circumstances, quickly) : later;
  return final;
}

function afterRefusedToken(message: string, { isRenewed }: Circumstances): Verdict {
  // A new token would lack the same scope.
  if (/\bscope/i.test(message)) return final;
  return isRenewed ? later : { action: 'renew' };
}

/** An empty bucket is full again at its reset. With points left it is another limit, of which no header says when it ends. */
function afterTooMany(
  { message, report }: Extract<Failure, { kind: 'status' }>,
  circumstances: Circumstances,
): Verdict {
  if (report?.remaining === 0) {
    const resetMs = Math.min(maxResetMs, Math.max(leastResetMs, report.resetInMs));
    return { action: 'retry', afterMs: resetMs + Math.round(circumstances.random() * resetJitterMs) };
  }
  // EventSub says 429 to what is over its cost or count; that does not change with time.
  if (/subscription|transport|cost/i.test(message)) return final;
  return backOff(circumstances, slowly);
}

function backOff({ attempt, random }: Circumstances, steps: { firstMs: number; maxMs: number }): Verdict {
  if (attempt + 1 >= maxAttempts) return later;
  return { action: 'retry', afterMs: backoffMs(attempt, { ...steps, random }) };
}
