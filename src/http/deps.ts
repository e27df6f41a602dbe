/**
 * What the HTTP side wants to know, as interfaces that the daemon's wiring fulfils. Every view is read synchronously from
 * memory: no request waits for Twitch or for the database. Instants are ms since the epoch; `undefined` means "not known".
 */
import type { Channel } from '../domain/channel.ts';
import type { Stream } from '../domain/stream.ts';
import type { Logger } from '../ops/log.ts';
import type { Registry } from '../ops/metrics.ts';

export interface HttpDeps {
  readonly channels: ChannelsView;
  readonly streams: StreamsView;
  readonly status: StatusView;
  readonly readiness: Readiness;
  readonly registry: Registry;
  readonly log: Logger;
  readonly version: string;
}

/** Whether chat of a channel really arrives: `joined` only once Twitch has confirmed it. */
export const joinStates = ['joined', 'pending', 'failed'] as const;
export type JoinState = (typeof joinStates)[number];

export interface TrackedChannel {
  readonly channel: Channel;
  readonly displayName: string | undefined;
  readonly chat: {
    readonly state: JoinState;
    /** Why it is pending or failed, for a person. */
    readonly reason: string | undefined;
  };
  /** `undefined` until a finished sweep has told; always so without credentials. */
  readonly isLive: boolean | undefined;
  readonly trackedSince: number;
}

export interface ChannelsView {
  list(): readonly TrackedChannel[];
  /** @param id Twitch user id, decimal string. */
  find(id: string): TrackedChannel | undefined;
}

export interface LiveStream {
  readonly channel: Channel;
  readonly displayName: string | undefined;
  readonly stream: Stream;
}

export interface StreamsView {
  /** All watched channels that are live, in any order. */
  live(): readonly LiveStream[];
  /** The instant at which that was last known to be true; `undefined` when nothing has told who is live yet. */
  asOf(): number | undefined;
}

export interface Readiness {
  /** One entry per part; the daemon is ready when all are `ok`. */
  check(): readonly ReadinessCheck[];
}

export interface ReadinessCheck {
  readonly name: string;
  readonly ok: boolean;
  /** For a person; no secrets, since probes are never guarded. */
  readonly detail: string;
}

export interface StatusView {
  read(): Status;
}

export interface Status {
  readonly startedAt: number;
  /** `absent` means chat only; `reason` says what is missing. */
  readonly credentials: { readonly state: 'present' } | { readonly state: 'absent'; readonly reason: string };
  readonly chat: ChatStatus;
  /** `undefined` without credentials. */
  readonly helix: HelixStatus | undefined;
  readonly store: StoreStatus;
  readonly feed: FeedStatus;
  readonly eventLoop: EventLoopStatus;
  readonly drops: readonly DropCount[];
  readonly gaps: readonly GapCount[];
}

export interface ChatStatus {
  readonly connections: { readonly open: number; readonly wanted: number };
  /** Channels by join state. */
  readonly joined: number;
  readonly pending: number;
  readonly failed: number;
  /** Lines of chat since the start. */
  readonly received: number;
}

export interface HelixStatus {
  /** When the last sweep that finished was begun. */
  readonly lastSweepAt: number | undefined;
  readonly nextSweepAt: number | undefined;
  /** While it lasts: a success clears it. */
  readonly lastError: TimedMessage | undefined;
  /** Points of the rate-limit bucket, from the last answer's headers. */
  readonly budget: { readonly left: number; readonly limit: number } | undefined;
}

export interface StoreStatus {
  readonly engine: 'embedded' | 'server';
  /** Accepted by us, not yet in ClickHouse. */
  readonly pendingRows: number;
  readonly pendingBytes: number;
  /** The bound of the buffer; what comes when it is full is dropped and counted. */
  readonly maxPendingBytes: number;
  readonly insertedRows: number;
  readonly lastInsertAt: number | undefined;
  /** While it lasts: a success clears it. */
  readonly lastError: TimedMessage | undefined;
  /** Why analysts cannot reach the embedded engine at the moment. */
  readonly queryPortError: string | undefined;
}

export interface FeedStatus {
  readonly engine: 'uws' | 'ws';
  readonly connections: number;
  readonly headSeq: number;
}

/** How late timers fire, over the last measuring interval. */
export interface EventLoopStatus {
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
}

/** Something that was thrown away, since the start. */
export interface DropCount {
  readonly part: string;
  readonly reason: string;
  readonly count: number;
}

/** When we were deaf, since the start. */
export interface GapCount {
  readonly source: string;
  readonly reason: string;
  readonly count: number;
  readonly totalMs: number;
}

export interface TimedMessage {
  readonly at: number;
  /** For a person; no secrets. */
  readonly message: string;
}
