/** Every frame that is not an event. Each is one JSON object with `k` first; clients ignore kinds and fields they do not know. */
import { isoTime, streamFields } from './frames.ts';
import type { ChannelState } from './state-view.ts';

/** The version of the protocol that `hello` tells: only additions within a major. */
export const protocolVersion = '1.0';

/** The client's own mark on an operation, sent back in its answer. */
export type OperationId = number | string | undefined;

export interface HelloFields {
  readonly server: string;
  readonly epoch: string;
  readonly session: string;
  readonly head: number;
  /** The oldest `seq` that can still be replayed; one beyond `head` while nothing is kept. */
  readonly oldest: number;
  /** Interval of heartbeats on this connection, ms. */
  readonly hb: number;
  readonly limits: { readonly replay: number; readonly filters: number; readonly frame: number };
}

export function helloFrame(fields: HelloFields): string {
  return JSON.stringify({ k: 'hello', v: protocolVersion, ...fields, auth: 'none', conn: 'ws' });
}

export interface FilterFields {
  readonly types: readonly string[];
  readonly channels: readonly string[];
  readonly users?: readonly string[];
  readonly not_users?: readonly string[];
  readonly roles?: readonly string[];
}

/** @param recovered false when the client's cursor could not be honoured and events may be missing before this point. */
export function subFrame(id: OperationId, filter: FilterFields, cursor: string, recovered: boolean): string {
  return JSON.stringify({ k: 'sub', id, filter, cursor, recovered, replay: 0 });
}

export function snapFrame(seq: number, states: readonly ChannelState[], id?: OperationId): string {
  return JSON.stringify({ k: 'snap', seq, id, channels: states.map(channelFields) });
}

function channelFields({ channel, stream, asOf }: ChannelState): Readonly<Record<string, unknown>> {
  return {
    id: channel.id,
    login: channel.login,
    live: stream !== undefined,
    ...(stream && streamFields(stream)),
    as_of: asOf > 0 ? isoTime(asOf, 0) : undefined,
  };
}

export function liveFrame(seq: number): string {
  return `{"k":"live","seq":${seq}}`;
}

export function heartbeatFrame(head: number, prev: number, nowMs: number): string {
  return `{"k":"hb","seq":${head},"prev":${prev},"t":${nowMs}}`;
}

export function okFrame(id: OperationId): string {
  return JSON.stringify({ k: 'ok', id });
}

export interface ErrorFields {
  readonly code: string;
  readonly message: string;
  /** Which part of the request: `types[0]`, `hb`. */
  readonly path: string | undefined;
}

export function errorFrame(id: OperationId, { code, message, path }: ErrorFields): string {
  return JSON.stringify({ k: 'err', id, code, msg: message, path, retry: false });
}

export interface ByeFields {
  readonly code: number;
  readonly reason: string;
  /** Where to go on: everything up to it was sent on this connection. */
  readonly cursor: string;
  /** How long to wait before coming back. */
  readonly retryMs: number;
}

export function byeFrame({ code, reason, cursor, retryMs }: ByeFields): string {
  return JSON.stringify({ k: 'bye', code, reason, cursor, retry_ms: retryMs });
}
