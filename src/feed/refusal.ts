/** An answer that is given before the application or the feed sees a request: an RFC 9457 problem document. */
import { internalFaultCode, problemContentType, problemDocument, statusTitle } from '../lib/problem.ts';

export interface Refusal {
  readonly status: number;
  /** For programs, stable: `host_not_allowed`. */
  readonly code: string;
  readonly detail: string;
  readonly retryAfterSeconds?: number;
}

export function statusLine(status: number): string {
  return `${status} ${statusTitle(status)}`;
}

export function problemBody({ status, code, detail }: Refusal): string {
  return JSON.stringify(problemDocument({ status, code, detail }));
}

/** Header names and values; the length and the date are the engine's to add. */
export function problemHeaders(refusal: Refusal): readonly (readonly [name: string, value: string])[] {
  const headers: [string, string][] = [
    ['content-type', problemContentType],
    ['cache-control', 'no-store'],
  ];
  if (refusal.status === 426) headers.push(['upgrade', 'websocket']);
  if (refusal.retryAfterSeconds !== undefined) headers.push(['retry-after', String(refusal.retryAfterSeconds)]);
  return headers;
}

export const internalFault: Refusal = {
  status: 500,
  code: internalFaultCode,
  detail: 'the request could not be answered',
};
