/**
 * The feed's centre: numbers every Fact, encodes it once, and hands it to the groups that want it, all in the caller's turn.
 * Owns no socket and no timer: the server calls `tick`. Its only buffers are those of the sockets; a client that leaves more than
 * the soft limit unread is told `bye` and closed with 4008. Nothing is ever left out silently.
 */
import { randomBytes } from 'node:crypto';
import type { Fact } from '../domain/fact.ts';
import type { Registry } from '../ops/metrics.ts';
import { closeCodeLabel, closeCodes } from './close-codes.ts';
import type { EventType } from './event-types.ts';
import { type Backlog, createFeedMetrics, type FeedMetrics, type FeedStatus } from './feed-metrics.ts';
import { type Filter, isIdKnown, isSameChannel, passesAuthor } from './filter.ts';
import { encodeTail, eventHead, eventTypeOf, isFed } from './frames.ts';
import { type Group, GroupIndex } from './groups.ts';
import { Session, type SessionHost } from './session.ts';
import type { ChannelState, ResolveChannel, StateView } from './state-view.ts';
import type { Fanout, FeedSocket, SocketListener } from './transport.ts';

export interface FeedHubOptions {
  readonly state: StateView;
  readonly resolveChannel: ResolveChannel;
  readonly registry: Registry;
  /** Told in `hello`. */
  readonly serverVersion: string;
  /** Interval of heartbeats where the client names none, ms. Default 10,000. */
  readonly heartbeatMs?: number;
  /** Default 1,000. */
  readonly maxConnections?: number;
  /** Unread bytes at which a client is closed; well under the engines' own limit of 4 MiB. Default 256 KiB. */
  readonly softLimitBytes?: number;
  /** ms since the epoch. */
  readonly now?: () => number;
}

export interface FeedHub {
  /** Puts a Fact on the feed, now: numbered, and handed to all sockets whose filters match, before this returns. */
  publish(fact: Fact): void;
  /** For the status route. */
  status(): FeedStatus;
  /** Whether another connection may be opened. */
  hasRoom(): boolean;
  /** From now on event frames go out through this. */
  attach(fanout: Fanout): void;
  /** Takes over a socket that has just opened. */
  connect(socket: FeedSocket, query: string): SocketListener;
  /** Sends heartbeats that are due and closes slow clients. To be called about every 100 ms. */
  tick(): void;
  /** Tells every client to come back later, each at another time, and closes. */
  drain(): void;
  /** An engine had to cut a socket by itself. */
  countHardLimit(): void;
  /** A connection was refused before it opened. `reason` is one of a small fixed set. */
  countRefused(reason: string): void;
}

export function createFeedHub(options: FeedHubOptions): FeedHub {
  return new Hub(options);
}

/** A burst may outrun `tick`: buffers are looked at again whenever this much was published since. */
const scanAfterBytes = 1024 * 1024;
/** The spread of the times at which clients of a stopping server are told to come back, ms. */
const minRetryMs = 500;
const maxRetryMs = 5_000;

class Hub implements FeedHub, SessionHost {
  /** Names this run's numbering: nothing is kept yet, so each start is a new one. */
  readonly epoch = randomBytes(4).readUInt32BE().toString(36);
  readonly serverVersion: string;
  readonly heartbeatMs: number;
  readonly resolveChannel: ResolveChannel;
  readonly now: () => number;
  readonly #options: FeedHubOptions;
  readonly #softLimitBytes: number;
  readonly #maxConnections: number;
  readonly #metrics: FeedMetrics;
  readonly #sessions = new Set<Session>();
  readonly #groups = new GroupIndex<Session>();
  readonly #published = new Map<EventType, number>();
  readonly #closes = new Map<string, number>();
  readonly #refused = new Map<string, number>();
  #fanout: Fanout | undefined;
  #head = 0;
  #delivered = 0;
  #deliveredBytes = 0;
  #opened = 0;
  #slow = 0;
  #hardLimit = 0;
  #bytesSinceScan = 0;

  constructor(options: FeedHubOptions) {
    this.#options = options;
    this.serverVersion = options.serverVersion;
    this.heartbeatMs = options.heartbeatMs ?? 10_000;
    this.resolveChannel = options.resolveChannel;
    this.now = options.now ?? Date.now;
    this.#softLimitBytes = options.softLimitBytes ?? 256 * 1024;
    this.#maxConnections = options.maxConnections ?? 1_000;
    this.#metrics = createFeedMetrics(
      options.registry,
      () => this.status(),
      () => this.#backlog(),
    );
  }

  publish(fact: Fact): void {
    if (!isFed(fact)) return;
    const type = eventTypeOf(fact);
    this.#head += 1;
    increment(this.#published, type);
    const startedAt = performance.now();
    let tail: string | undefined;
    let tailBytes = 0;
    for (const group of this.#groups.matching(type, fact.channel)) {
      if (group.prev === this.#head || !passesAuthor(group.filter, fact)) continue;
      if (tail === undefined) {
        tail = encodeTail(fact);
        tailBytes = Buffer.byteLength(tail);
      }
      this.#send(group, tail, tailBytes);
    }
    if (tail === undefined) return;
    this.#metrics.fanoutSeconds.observe((performance.now() - startedAt) / 1000);
    if (this.#bytesSinceScan > scanAfterBytes) this.#closeSlow();
  }

  status(): FeedStatus {
    return {
      epoch: this.epoch,
      head: this.#head,
      connections: this.#sessions.size,
      opened: this.#opened,
      groups: this.#groups.size,
      published: Object.fromEntries(this.#published),
      delivered: this.#delivered,
      deliveredBytes: this.#deliveredBytes,
      closes: Object.fromEntries(this.#closes),
      refused: Object.fromEntries(this.#refused),
      slow: this.#slow,
      hardLimit: this.#hardLimit,
    };
  }

  hasRoom(): boolean {
    return this.#sessions.size < this.#maxConnections;
  }

  attach(fanout: Fanout): void {
    this.#fanout = fanout;
  }

  connect(socket: FeedSocket, query: string): SocketListener {
    this.#opened += 1;
    const session = new Session(`s-${this.#opened.toString(36)}`, socket, this);
    this.#sessions.add(session);
    session.begin(query);
    return session;
  }

  tick(): void {
    this.#closeSlow();
    const now = this.now();
    for (const session of this.#sessions) session.beat(now);
  }

  drain(): void {
    const step = (maxRetryMs - minRetryMs) / Math.max(1, this.#sessions.size);
    let retryMs = minRetryMs;
    for (const session of this.#sessions) {
      session.dismiss(closeCodes.restart, Math.round(retryMs));
      retryMs += step;
    }
  }

  countHardLimit(): void {
    this.#hardLimit += 1;
  }

  countRefused(reason: string): void {
    increment(this.#refused, reason);
  }

  head(): number {
    return this.#head;
  }

  join(session: Session, filter: Filter): Group<Session> {
    return this.#groups.join(session, filter, this.#head);
  }

  leave(session: Session, group: Group<Session>): void {
    this.#groups.leave(session, group);
  }

  snapshot({ channels }: Filter): readonly ChannelState[] {
    if (channels === undefined) return this.#options.state.snapshot(undefined);
    if (channels.every(isIdKnown)) return this.#options.state.snapshot(channels.map((channel) => channel.id));
    const isSelected = (state: ChannelState) => channels.some((channel) => isSameChannel(channel, state.channel));
    return this.#options.state.snapshot(undefined).filter(isSelected);
  }

  onClosed(session: Session, code: number): void {
    this.#sessions.delete(session);
    increment(this.#closes, closeCodeLabel(code));
  }

  #send(group: Group<Session>, tail: string, tailBytes: number): void {
    const head = eventHead(this.#head, group.prev);
    this.#fanout?.publish(group.topic, head + tail);
    group.prev = this.#head;
    group.isBusy = true;
    this.#delivered += group.members.size;
    this.#deliveredBytes += (head.length + tailBytes) * group.members.size;
    this.#bytesSinceScan += head.length + tailBytes;
  }

  #closeSlow(): void {
    this.#bytesSinceScan = 0;
    for (const group of this.#groups.values()) {
      if (!group.isBusy) continue;
      group.isBusy = false;
      for (const session of group.members) {
        if (!session.isBehind(this.#softLimitBytes)) continue;
        this.#slow += 1;
        session.dismiss(closeCodes.slowConsumer, minRetryMs);
      }
    }
  }

  #backlog(): Backlog {
    const waiting = [...this.#sessions].map((session) => session.bufferedBytes());
    return { bytes: waiting.reduce((sum, bytes) => sum + bytes, 0), maxBytes: Math.max(0, ...waiting) };
  }
}

function increment<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
