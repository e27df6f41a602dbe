/**
 * One attempt at one Helix request, over twurple's transport, so that its redirection to a simulated Twitch works. Never throws
 * for what goes wrong on the way: that is a value. The time-out covers the body as well.
 */

import { callTwitchApiRaw } from '@twurple/api-call';
import { z } from 'zod';
import { parseJson } from '../lib/json.ts';
import type { RateReport } from './points-bucket.ts';
import type { Failure } from './retry-policy.ts';

export interface HelixRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below `/helix/`: `streams`, `eventsub/subscriptions`. */
  readonly path: string;
  readonly query: HelixQuery;
  /** Sent as JSON. */
  readonly body: unknown;
}

export type HelixQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface AttemptOptions {
  readonly clientId: string;
  readonly token: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export type Attempt =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly report: RateReport | undefined;
      /** Parsed JSON; `undefined` for an empty body. */
      readonly body: unknown;
    }
  | Failure;

const refusalWire = z.object({ message: z.string() });

export async function attemptRequest(request: HelixRequest, options: AttemptOptions): Promise<Attempt> {
  const attempt = new AbortController();
  const cancel = () => attempt.abort();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    cancel();
  }, options.timeoutMs);
  options.signal.addEventListener('abort', cancel, { once: true });
  if (options.signal.aborted) cancel();
  let response: Response | undefined;
  try {
    response = await send(request, options, attempt.signal);
    return read(response, await response.text());
  } catch (thrown) {
    // fetch rejects with a TypeError for everything that the network does, and with what we aborted it with.
    if (!(thrown instanceof Error)) throw thrown;
    if (isLate) return { kind: 'timeout' };
    return { kind: response === undefined ? 'network' : 'truncated' };
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', cancel);
  }
}

function send(request: HelixRequest, { clientId, token }: AttemptOptions, signal: AbortSignal): Promise<Response> {
  const { method, path: url, query, body: jsonBody } = request;
  const asked: Record<string, string | string[] | undefined> = {};
  for (const [name, value] of Object.entries(query)) asked[name] = typeof value === 'object' ? [...value] : value;
  const fetchOptions: object = { signal };
  const call = { type: 'helix' as const, method, url, query: asked, jsonBody };
  return callTwitchApiRaw(call, clientId, token, undefined, fetchOptions);
}

function read(response: Response, text: string): Attempt {
  const { status, headers } = response;
  const report = readRateReport(headers);
  const body = parseJson(text);
  if (status >= 400) {
    const refusal = refusalWire.safeParse(body);
    return { kind: 'status', status, message: refusal.success ? refusal.data.message : '', report };
  }
  if (body === undefined && text !== '') return { kind: 'truncated' };
  return { kind: 'answer', status, report, body };
}

/**
 * @returns `undefined` unless all three headers are there and make sense. The reset is counted from the answer's own `Date`, so
 * that a wrong clock on this machine changes nothing.
 */
export function readRateReport(headers: Headers, now = Date.now()): RateReport | undefined {
  const limit = readNumber(headers, 'ratelimit-limit');
  const remaining = readNumber(headers, 'ratelimit-remaining');
  const resetSeconds = readNumber(headers, 'ratelimit-reset');
  if (!limit || remaining === undefined || resetSeconds === undefined) return undefined;
  const answeredAt = Date.parse(headers.get('date') ?? '');
  return { limit, remaining, resetInMs: resetSeconds * 1_000 - (Number.isNaN(answeredAt) ? now : answeredAt) };
}

function readNumber(headers: Headers, name: string): number | undefined {
  const text = headers.get(name);
  const value = Number(text);
  return text === null || text === '' || !Number.isFinite(value) || value < 0 ? undefined : value;
}
