/**
 * One request to Twitch's OAuth service. Twurple's transport carries parameters in the query string, secrets among them, so no
 * error of it is ever passed on: what is thrown here is in our own words.
 */

import { callTwitchApiRaw } from '@twurple/api-call';
import { UpstreamError } from '../lib/errors.ts';
import { parseJson } from '../lib/json.ts';
import { asError } from '../lib/lifecycle.ts';

export interface OAuthCall {
  readonly method: 'GET' | 'POST';
  /** The last part of the path: `token`, `device`, `validate`, `revoke`. */
  readonly action: string;
  /** Members that are `undefined` are left out. */
  readonly query?: Record<string, string | undefined>;
  /** Sent as `Authorization: OAuth …`. */
  readonly accessToken?: string;
}

export interface OAuthAnswer {
  /** Below 500 and not 429. */
  readonly status: number;
  /** Parsed JSON; `undefined` when the body was empty. */
  readonly body: unknown;
}

export interface OAuthTransportOptions {
  readonly timeoutMs: number;
  /** Ends every request under way. */
  readonly signal?: AbortSignal | undefined;
  /** Each request's end: its HTTP status, or `failed` when there was no answer. */
  readonly onAnswer?: ((outcome: string) => void) | undefined;
}

/** @throws UpstreamError with `retry` when Twitch cannot be reached, is too slow, overloaded or broken. */
export async function callOAuth(call: OAuthCall, options: OAuthTransportOptions): Promise<OAuthAnswer> {
  const attempt = new AbortController();
  const timer = setTimeout(() => attempt.abort(), options.timeoutMs);
  const cancel = () => attempt.abort();
  options.signal?.addEventListener('abort', cancel, { once: true });
  if (options.signal?.aborted) cancel();
  try {
    return await exchange(call, attempt.signal, options);
  } catch (thrown) {
    if (thrown instanceof UpstreamError) throw thrown;
    options.onAnswer?.('failed');
    throw failed(call, attempt.signal.aborted ? 'no answer in time' : faultCode(asError(thrown)));
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', cancel);
  }
}

async function exchange(call: OAuthCall, signal: AbortSignal, options: OAuthTransportOptions): Promise<OAuthAnswer> {
  const { method, action: url, query = {}, accessToken } = call;
  const fetchOptions: object = { signal };
  const request = { type: 'auth' as const, url, method, query };
  const response = await callTwitchApiRaw(request, undefined, accessToken, undefined, fetchOptions);
  const text = await response.text();
  options.onAnswer?.(String(response.status));
  if (response.status >= 500 || response.status === 429) throw failed(call, `HTTP ${response.status}`);
  const body = parseJson(text);
  if (body === undefined && text !== '') throw failed(call, `HTTP ${response.status} with an answer that is no JSON`);
  return { status: response.status, body };
}

const failed = ({ action }: OAuthCall, why: string): UpstreamError =>
  new UpstreamError(`Twitch OAuth ${action}: ${why}`, { retry: true });

/** `ECONNREFUSED` and the like, or the error's class. Never its message, which may hold the URL. */
function faultCode(error: Error): string {
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return error.name;
}
