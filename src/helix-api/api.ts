/**
 * Helix for the rest of the daemon: every request waits for its point, has a time-out for each attempt and a deadline for the
 * whole, and is repeated as the retry policy says. One api is one token and one bucket; nothing is ever moved to another bucket.
 */
import { setMaxListeners } from 'node:events';
import { UpstreamError } from '../lib/errors.ts';
import { asError, deferred, pause, type Service } from '../lib/lifecycle.ts';
import { redact } from '../ops/log.ts';
import { Budget } from './budget.ts';
import { HelixError } from './helix-error.ts';
import type { BudgetStatus, HelixMetrics } from './metrics.ts';
import { type Attempt, attemptRequest, type HelixQuery, type HelixRequest } from './request.ts';
import type { Priority } from './request-queue.ts';
import { decide, type Failure } from './retry-policy.ts';

/** Where the token comes from. Both may reject with UpstreamError. */
export interface TokenSource {
  get(): Promise<string>;
  /** @param stale the one that Twitch refused. */
  renew(stale: string): Promise<string>;
}

export interface HelixApiOptions {
  /** Whose bucket it is, in metrics and status: `app`, or the name of one of several applications or users. */
  readonly name: string;
  readonly clientId: string;
  readonly token: TokenSource;
  readonly metrics: HelixMetrics;
  /** For each attempt; 10 s when not given. */
  readonly attemptTimeoutMs?: number;
  readonly maxQueued?: number;
  readonly maxUnderWay?: number;
  /** Waits between attempts. */
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<boolean>;
  /** 0..1, for the jitter. */
  readonly random?: () => number;
}

export interface CallOptions {
  /** What the point is spent on, for the metrics: a word of ours, never data. */
  readonly purpose: string;
  readonly priority: Priority;
  readonly signal?: AbortSignal;
  /** For the whole call, waiting for a point included; 60 s when not given. */
  readonly deadlineMs?: number;
}

/** All calls throw UpstreamError, a HelixError with the status when Twitch has answered; when `signal` aborts, its reason. */
export interface HelixApi extends Service {
  /** @param path below `/helix/`. @returns the whole answer, unchecked. */
  get(path: string, query: HelixQuery, options: CallOptions): Promise<unknown>;
  /** Writes. Not repeated when Twitch may have done it already. @returns `undefined` when Twitch answers with nothing. */
  send(
    method: Exclude<HelixRequest['method'], 'GET'>,
    path: string,
    payload: { readonly query?: HelixQuery; readonly body?: unknown },
    options: CallOptions,
  ): Promise<unknown>;
  budget(): BudgetStatus;
}

const defaultAttemptTimeoutMs = 10_000;
const defaultDeadlineMs = 60_000;

export function createHelixApi(options: HelixApiOptions): HelixApi {
  return new BudgetedHelix(options);
}

class BudgetedHelix implements HelixApi {
  readonly name: string;
  readonly #options: HelixApiOptions;
  readonly #budget: Budget;
  /** Under way or waiting, with what ends each of them. */
  readonly #calls = new Map<AbortController, Promise<unknown>>();
  #isStopped = false;

  constructor(options: HelixApiOptions) {
    this.name = `helix ${options.name}`;
    this.#options = options;
    const { name, metrics, maxQueued, maxUnderWay } = options;
    this.#budget = new Budget({
      name,
      metrics,
      ...(maxQueued === undefined ? {} : { maxQueued }),
      ...(maxUnderWay === undefined ? {} : { maxUnderWay }),
    });
  }

  async start(): Promise<void> {
    // Nothing runs until somebody asks.
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const end of this.#calls.keys()) end.abort(stopped());
    this.#budget.stop();
    await Promise.allSettled(this.#calls.values());
  }

  get(path: string, query: HelixQuery, options: CallOptions): Promise<unknown> {
    return this.#call({ method: 'GET', path, query, body: undefined }, options);
  }

  send(
    method: Exclude<HelixRequest['method'], 'GET'>,
    path: string,
    { query = {}, body }: { readonly query?: HelixQuery; readonly body?: unknown },
    options: CallOptions,
  ): Promise<unknown> {
    return this.#call({ method, path, query, body }, options);
  }

  budget(): BudgetStatus {
    return this.#budget.status();
  }

  /** Ties together the things that can end a call from outside: its caller, its deadline, the stop. */
  async #call(request: HelixRequest, options: CallOptions): Promise<unknown> {
    const { signal, deadlineMs = defaultDeadlineMs } = options;
    signal?.throwIfAborted();
    if (this.#isStopped) throw stopped();
    const end = new AbortController();
    const leave = () => end.abort(signal?.reason);
    // A sweep hands one signal to each of its requests.
    if (signal !== undefined) setMaxListeners(0, signal);
    signal?.addEventListener('abort', leave, { once: true });
    const timer = setTimeout(() => {
      end.abort(new HelixError(`${describe(request)}: not done within ${deadlineMs} ms`, { retry: true }));
    }, deadlineMs);
    const call = this.#persist(request, options, end.signal);
    this.#calls.set(end, call);
    try {
      return await call;
    } finally {
      this.#calls.delete(end);
      clearTimeout(timer);
      signal?.removeEventListener('abort', leave);
    }
  }

  async #persist(request: HelixRequest, options: CallOptions, signal: AbortSignal): Promise<unknown> {
    const { random = Math.random, sleep = pause } = this.#options;
    const isSafe = request.method === 'GET';
    let isRenewed = false;
    for (let attempt = 0; ; attempt += 1) {
      const { token, outcome } = await this.#attempt(request, options, signal);
      if (outcome.kind === 'answer') return outcome.body;
      signal.throwIfAborted();
      const verdict = decide(outcome, { attempt, isRenewed, isSafe, random });
      if (verdict.action === 'give_up') throw givenUp(request, outcome, token, verdict.retry);
      if (verdict.action === 'retry') {
        if (!(await sleep(verdict.afterMs, signal))) signal.throwIfAborted();
        continue;
      }
      isRenewed = true;
      // Before the next turn, so that those who wait in front of us have the new one already. A failure shows at that turn.
      if (typeof token === 'string') await this.#token(this.#options.token.renew(token), signal);
    }
  }

  /** The token is taken when the turn has come: one that was taken before the wait may have ended since. */
  async #attempt(
    request: HelixRequest,
    { priority, purpose }: CallOptions,
    signal: AbortSignal,
  ): Promise<{ readonly token: string | UpstreamError; readonly outcome: Attempt }> {
    const { clientId, metrics, attemptTimeoutMs: timeoutMs = defaultAttemptTimeoutMs } = this.#options;
    const permit = await this.#budget.acquire({ priority, purpose, signal });
    try {
      const token = await this.#token(this.#options.token.get(), signal);
      if (typeof token !== 'string') return { token, outcome: { kind: 'no_token' } };
      const outcome = await attemptRequest(request, { clientId, token, timeoutMs, signal });
      const isAnswered = 'status' in outcome;
      permit.settle(isAnswered ? outcome : { status: undefined, report: undefined });
      const unanswered = signal.aborted ? 'cancelled' : outcome.kind;
      metrics.countAnswer(isAnswered ? String(outcome.status) : unanswered);
      return { token, outcome };
    } finally {
      permit.giveBack();
    }
  }

  /** @returns why there is none when that may pass. @throws UpstreamError when it will not */
  async #token(asked: Promise<string>, signal: AbortSignal): Promise<string | UpstreamError> {
    try {
      return await unlessAborted(asked, signal);
    } catch (thrown) {
      if (thrown instanceof UpstreamError && thrown.retry && !signal.aborted) return thrown;
      throw thrown;
    }
  }
}

const stopped = (): HelixError => new HelixError('requests to Helix have been stopped', { retry: true });

const describe = ({ method, path }: HelixRequest): string => `Helix ${method} ${path}`;

function givenUp(request: HelixRequest, failure: Failure, token: string | UpstreamError, retry: boolean): HelixError {
  const what = describe(request);
  if (typeof token !== 'string') return new HelixError(`${what}: ${token.message}`, { retry });
  if (failure.kind !== 'status') return new HelixError(`${what}: ${failure.kind}`, { retry });
  const { status, message } = failure;
  const reason = message === '' ? '' : `, ${redact(message).slice(0, 200)}`;
  return new HelixError(`${what}: HTTP ${status}${reason}`, { retry, status });
}

/** Work that others share goes on when one of them leaves. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = deferred<never>();
  const leave = () => reject(asError(signal.reason));
  signal.addEventListener('abort', leave, { once: true });
  if (signal.aborted) leave();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
}
