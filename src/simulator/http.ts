/** Requests and answers as values: the protocols are functions between them, only this file touches Node's streams. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpMishap } from './faults.ts';

export interface Request {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  /** Sent as JSON; `undefined` sends an empty body. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const reasons: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** Twitch's error document. */
export function refuse(status: number, message: string, headers: Answer['headers'] = {}): Answer {
  return { status, body: { error: reasons[status] ?? 'Error', status, message }, headers };
}

const maxBodyBytes = 1024 * 1024;

/** @returns `undefined` when the body is larger than a megabyte. */
export async function readRequest(incoming: IncomingMessage): Promise<Request | undefined> {
  const url = new URL(incoming.url ?? '/', 'http://simulator');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of incoming) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return {
    method: incoming.method ?? 'GET',
    path: url.pathname.replace(/\/+$/, '') || '/',
    query: url.searchParams,
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

/** Writes the answer; a truncated one promises its full length and then breaks the connection in the middle of the JSON. */
export function writeAnswer(response: ServerResponse, answer: Answer, mishap?: HttpMishap): void {
  const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
  const length = Buffer.byteLength(text);
  response.writeHead(answer.status, {
    ...(answer.body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    'content-length': length,
    ...answer.headers,
  });
  if (mishap?.kind !== 'truncate') {
    response.end(text);
    return;
  }
  response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
}

/** The body as an object of unknown fields; `undefined` when it is not a JSON object. */
export function readObject(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return isObject(value) ? value : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
