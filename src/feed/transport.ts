/**
 * What the feed needs of a websocket engine, and what an engine needs of the feed. Both engines keep this promise: everything
 * sent to a socket, directly or through its topic, arrives in the order of the calls, or the socket is closed.
 */
import type { Refusal } from './refusal.ts';

export type EngineName = 'uws' | 'ws';

/** Where the server listens. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** One open connection. After it has closed every call is a no-op. */
export interface FeedSocket {
  send(frame: string): void;
  /** From the next `publish` on, frames of the topic reach this socket. A socket is in one topic at a time. */
  subscribe(topic: string): void;
  /** Frames published before this call still arrive. */
  unsubscribe(topic: string): void;
  /** Bytes that the kernel has not taken yet. Blind to what the kernel holds: on loopback that can be megabytes. */
  bufferedBytes(): number;
  /** Closes in order, after everything sent. Takes effect in a later turn, so it may be called from anywhere. */
  close(code: number, reason: string): void;
}

/** What the owner of a socket hears from it. None of these may throw. */
export interface SocketListener {
  onText(text: string, bytes: number): void;
  onBinary(): void;
  /** The last call. `code` is the peer's or our own, 1006 when the connection was cut. */
  onClose(code: number): void;
}

/** Fans one frame out to all sockets of a topic. */
export interface Fanout {
  publish(topic: string, frame: string): void;
}

export interface Transport extends Fanout {
  readonly engine: EngineName;
  /** @throws ConfigError when the address cannot be had. */
  listen(): Promise<Address>;
  /** Takes no new connections; those that are open stay. */
  stopListening(): void;
  /** Waits until sockets and requests have ended, or until `limit` aborts; then cuts what is left and frees everything. */
  end(limit: AbortSignal): Promise<void>;
}

/** What an engine copies from a request before anything else may happen to it. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  /** The declared length of the body: 0 without one, `undefined` when it comes in chunks of unknown number. */
  readonly bodyBytes: number | undefined;
}

export interface UpgradeHead extends RequestHead {
  /** The peer's IP address as text; behind a proxy it is the proxy's. */
  readonly address: string;
  /** The offered subprotocols as the header has them, `''` for none. */
  readonly protocols: string;
}

/** Who opened a socket, and what for. */
export interface Caller {
  readonly address: string;
  /** The part of the URL behind `?`, `''` for none. */
  readonly query: string;
}

/** The feed as an engine sees it. */
export interface Front {
  /** @returns why this request will not be served, `undefined` when it will. */
  refuseRequest(head: RequestHead): Refusal | undefined;
  refuseUpgrade(head: UpgradeHead): Refusal | undefined;
  /** Called in the turn in which the socket opens, with the same address as `refuseUpgrade`. */
  open(socket: FeedSocket, caller: Caller): SocketListener;
  /** For a request that was not refused: which authority the URL has that the application sees. */
  authorityOf(head: RequestHead): string;
  fetch(request: Request): Response | Promise<Response>;
  /** The engine had to cut a socket, or to drop a frame and then cut. Must never happen in tests. */
  onHardLimit(): void;
  /** A fault while answering a request that the application did not turn into an answer itself. */
  onRequestFault(error: Error): void;
}

export interface TransportOptions extends Address {
  readonly front: Front;
  /** A fault that the engine cannot heal by itself. */
  readonly fail: (error: Error) => void;
}

/** The path that upgrades to the feed. */
export const feedPath = '/v1/feed';
/** The subprotocol of this feed. */
export const feedProtocol = 'feed.v1';

/** Frames from clients beyond this are refused with 4509; the engine itself cuts only at a multiple, so that the code arrives. */
export const maxInboundBytes = 16 * 1024;
export const engineInboundBytes = 4 * maxInboundBytes;

/** The most that may wait for one socket: a safety net far above the soft limit, at which the feed itself closes. */
export const hardLimitBytes = 4 * 1024 * 1024;

/** Engines ping, to free peers that vanished without a word. */
export const idleTimeoutSeconds = 60;
/** Time for a request's headers to arrive. */
export const headersTimeoutMs = 10_000;
