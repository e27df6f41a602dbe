/**
 * The part of uWebSockets.js that we use, and the loader of its native binary, which many machines cannot load. Typed here
 * because the package is optional (the types must not be needed to build) and its own typings disagree with its behaviour.
 */
import { UpstreamError } from '../lib/errors.ts';

export interface UwsBinding {
  App(): UwsApp;
  us_listen_socket_close(listener: UwsListener): void;
  us_socket_local_port(listener: UwsListener): number;
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number;
}

/** A native handle; meaningless to us. */
export interface UwsListener {
  readonly native?: never;
}

export interface UwsApp {
  /** `listener` is false when the address could not be had; the reason is not told. */
  listen(host: string, port: number, options: number, then: (listener: UwsListener | false) => void): UwsApp;
  ws<Data>(pattern: string, behavior: UwsBehavior<Data>): UwsApp;
  any(pattern: string, answer: (response: UwsResponse, request: UwsRequest) => void): UwsApp;
  publish(topic: string, message: string, isBinary: boolean): boolean;
  close(): UwsApp;
}

export interface UwsBehavior<Data> {
  readonly maxPayloadLength: number;
  readonly maxBackpressure: number;
  readonly closeOnBackpressureLimit: boolean;
  /** Seconds; granularity about 4. */
  readonly idleTimeout: number;
  readonly upgrade: (response: UwsResponse, request: UwsRequest, context: object) => void;
  readonly open: (socket: UwsSocket<Data>) => void;
  readonly message: (socket: UwsSocket<Data>, message: ArrayBuffer, isBinary: boolean) => void;
  /** NOTE: ending the socket in here kills the process. */
  readonly dropped: (socket: UwsSocket<Data>) => void;
  readonly close: (socket: UwsSocket<Data>, code: number) => void;
}

/** Throws on every call once its `close` callback has run. */
export interface UwsSocket<Data> {
  getUserData(): Data;
  send(message: string, isBinary: boolean): number;
  subscribe(topic: string): boolean;
  unsubscribe(topic: string): boolean;
  getBufferedAmount(): number;
  end(code: number, reason: string): void;
}

/** Lives only as long as the callback that got it. */
export interface UwsRequest {
  getMethod(): string;
  getUrl(): string;
  /** The part behind `?`; `undefined` where the URL has no `?`, whatever the package's typings say. */
  getQuery(): string | undefined;
  getHeader(lowerCaseName: string): string;
  forEach(visit: (lowerCaseName: string, value: string) => void): void;
}

/** Must not be touched after `onAborted`, nor after an end. */
export interface UwsResponse {
  /** The peer's IP address as text in ASCII; IPv6 comes in full, without `::`. Void after the callback returns. */
  getRemoteAddressAsText(): ArrayBuffer;
  writeStatus(status: string): UwsResponse;
  writeHeader(name: string, value: string): UwsResponse;
  /** @returns false when the chunk was taken but has to wait. */
  write(chunk: Uint8Array): boolean;
  end(body?: string | Uint8Array, closeConnection?: boolean): UwsResponse;
  endWithoutBody(): UwsResponse;
  cork(write: () => void): UwsResponse;
  close(): UwsResponse;
  onWritable(resume: (offset: number) => boolean): UwsResponse;
  onAborted(react: () => void): UwsResponse;
  /** The chunk is void after the callback returns. */
  onData(take: (chunk: ArrayBuffer, isLast: boolean) => void): UwsResponse;
  upgrade<Data>(data: Data, key: string, protocol: string, extensions: string, context: object): void;
}

/** Imports a module by name; injected so that tests can miss it. */
export type ImportModule = (name: string) => Promise<unknown>;

/** @throws UpstreamError when the binary is absent, or not for this platform, C library or Node version. */
export async function loadUws(importModule: ImportModule): Promise<UwsBinding> {
  const loaded = await importModule('uWebSockets.js').catch((cause: unknown) => {
    throw new UpstreamError('uWebSockets.js does not load on this machine', { retry: false, cause });
  });
  const binding = (loaded as { readonly default?: Partial<UwsBinding> }).default;
  if (isBinding(binding)) return binding;
  throw new UpstreamError('uWebSockets.js loaded, but is not the module we know', { retry: false });
}

function isBinding(binding: Partial<UwsBinding> | undefined): binding is UwsBinding {
  return typeof binding?.App === 'function' && typeof binding.us_listen_socket_close === 'function';
}
