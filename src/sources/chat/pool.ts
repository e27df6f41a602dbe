/**
 * Many channels over a few connections. Each channel has a seat on one connection; the wish-list lives here and survives
 * every lost connection, JOINs are paced by one budget, and a seat is joined only when the caller saw Twitch confirm it.
 *
 * A seat goes queued → joining → joined. A JOIN without an answer, or refused, makes it failed; after a wait that grows
 * it is queued again. A connection that ends puts all its seats back to queued.
 */
import { backoffMs } from '../../lib/backoff.ts';
import type { Logger } from '../../ops/log.ts';
import { ChatConnection, type ChatEndpoint } from './connection.ts';
import { JoinBudget } from './join-budget.ts';
import type { ChatTiming } from './timing.ts';

export type SeatState = 'queued' | 'joining' | 'joined' | 'failed';

export interface Seat {
  readonly login: string;
  readonly slot: Slot;
  state: SeatState;
  /** Twitch's `msg-id`, or our own words, for why joining failed. */
  problem: string | undefined;
  attempts: number;
  /** performance.now() of the next step: the end of waiting for an answer, or the next try. */
  dueAt: number;
  /** ms since the epoch; undefined before the first line. */
  lastLineAt: number | undefined;
  lines: number;
  /** performance.now() of when a joined seat fell silent; undefined while joined and before the first join. */
  deafSince: number | undefined;
}

/** Times at which joined channels were not heard, since the start. */
export interface Deafness {
  readonly count: number;
  /** Summed over channels, those that are deaf right now included. */
  readonly totalMs: number;
}

/** The place of one connection; the connection in it is replaced after every drop. */
interface Slot {
  connection: ChatConnection | undefined;
  readonly seats: Set<Seat>;
  attempts: number;
  /** performance.now() of the registration; undefined until then. */
  readyAt: number | undefined;
  timer: NodeJS.Timeout | undefined;
}

export interface ChatPoolOptions {
  readonly endpoint: ChatEndpoint;
  readonly channelsPerConnection: number;
  readonly joinsPer10Seconds: number;
  readonly onLine: (line: string, receivedAt: number, from: ChatConnection) => void;
  readonly onDisconnect: (phase: 'registration' | 'ready') => void;
  readonly timing: ChatTiming;
  readonly log: Logger;
  readonly now: () => number;
}

export class ChatPool {
  readonly #options: ChatPoolOptions;
  readonly #seats = new Map<string, Seat>();
  readonly #slots: Slot[] = [];
  readonly #budget: JoinBudget;
  #deafCount = 0;
  #deafMs = 0;
  #running = false;
  #nextOpenAt = 0;
  #pumpTimer: NodeJS.Timeout | undefined;
  #watchTimer: NodeJS.Timeout | undefined;

  constructor(options: ChatPoolOptions) {
    this.#options = options;
    this.#budget = new JoinBudget({ joins: options.joinsPer10Seconds, windowMs: 10_000 });
  }

  start(): void {
    this.#running = true;
    for (const slot of this.#slots) this.#scheduleOpen(slot, 0);
    this.#watchTimer = setInterval(() => this.#watchJoins(), this.#options.timing.watchEveryMs);
  }

  stop(): void {
    this.#running = false;
    clearInterval(this.#watchTimer);
    clearTimeout(this.#pumpTimer);
    for (const slot of this.#slots) {
      clearTimeout(slot.timer);
      slot.connection?.close('stopped');
    }
  }

  add(login: string): void {
    if (this.#seats.has(login)) return;
    let slot = this.#slots.find((s) => s.seats.size < this.#options.channelsPerConnection);
    if (slot === undefined) {
      slot = { connection: undefined, seats: new Set(), attempts: 0, readyAt: undefined, timer: undefined };
      this.#slots.push(slot);
      if (this.#running) this.#scheduleOpen(slot, 0);
    }
    const seat: Seat = {
      login,
      slot,
      state: 'queued',
      attempts: 0,
      dueAt: 0,
      problem: undefined,
      lastLineAt: undefined,
      lines: 0,
      deafSince: undefined,
    };
    this.#seats.set(login, seat);
    slot.seats.add(seat);
    this.#pump();
  }

  remove(login: string): void {
    const seat = this.#seats.get(login);
    if (seat === undefined) return;
    if (seat.state !== 'queued') seat.slot.connection?.part(login);
    seat.slot.seats.delete(seat);
    this.#seats.delete(login);
    if (seat.slot.seats.size === 0) this.#vacate(seat.slot);
  }

  get connections(): { readonly open: number; readonly wanted: number } {
    const open = this.#slots.filter((slot) => slot.connection?.isReady === true).length;
    return { open, wanted: this.#slots.length };
  }

  get deafness(): Deafness {
    const now = performance.now();
    let totalMs = this.#deafMs;
    for (const { deafSince } of this.#seats.values()) if (deafSince !== undefined) totalMs += now - deafSince;
    return { count: this.#deafCount, totalMs: Math.round(totalMs) };
  }

  seats(): IterableIterator<Seat> {
    return this.#seats.values();
  }

  seat(login: string): Seat | undefined {
    return this.#seats.get(login);
  }

  /** Twitch confirmed the JOIN. Only the seat's own connection can: lines of one that has just ended still come. */
  joined(seat: Seat, from: ChatConnection): void {
    if (seat.state === 'joined' || seat.slot.connection !== from) return;
    if (seat.deafSince !== undefined) this.#deafMs += performance.now() - seat.deafSince;
    seat.deafSince = undefined;
    seat.state = 'joined';
    seat.attempts = 0;
    seat.problem = undefined;
    this.#options.log.debug({ channel: seat.login }, 'channel joined');
  }

  /** The JOIN will not succeed for now; it is tried again after a wait. Says nothing to a seat that does not wait for one. */
  refused(seat: Seat, problem: string): void {
    if (seat.state !== 'joining') return;
    const waitMs = backoffMs(seat.attempts, this.#options.timing.joinRetry);
    seat.attempts += 1;
    seat.state = 'failed';
    seat.problem = problem;
    seat.dueAt = performance.now() + waitMs;
    this.#options.log.warn({ channel: seat.login, problem, waitMs }, 'join failed');
  }

  #fellSilent(seat: Seat): void {
    seat.deafSince = performance.now();
    this.#deafCount += 1;
  }

  #vacate(slot: Slot): void {
    this.#slots.splice(this.#slots.indexOf(slot), 1);
    clearTimeout(slot.timer);
    slot.connection?.close('no channel left');
  }

  #scheduleOpen(slot: Slot, delayMs: number): void {
    const now = performance.now();
    const at = Math.max(now + delayMs, this.#nextOpenAt);
    this.#nextOpenAt = at + this.#options.timing.openSpacingMs;
    clearTimeout(slot.timer);
    slot.timer = setTimeout(() => this.#open(slot), at - now);
  }

  #open(slot: Slot): void {
    const connection = new ChatConnection({
      endpoint: this.#options.endpoint,
      now: this.#options.now,
      timing: this.#options.timing,
      onLine: (line, receivedAt) => this.#options.onLine(line, receivedAt, connection),
      onReady: () => {
        slot.readyAt = performance.now();
        this.#options.log.info({ channels: slot.seats.size }, 'chat connected');
        this.#pump();
      },
      onClosed: (reason) => this.#closed(slot, reason),
    });
    slot.connection = connection;
    connection.open();
  }

  #closed(slot: Slot, reason: string): void {
    const { readyAt } = slot;
    if (readyAt !== undefined && performance.now() - readyAt > this.#options.timing.stableMs) slot.attempts = 0;
    slot.connection = undefined;
    slot.readyAt = undefined;
    if (!this.#running || !this.#slots.includes(slot)) return;
    for (const seat of slot.seats) {
      if (seat.state === 'joined') this.#fellSilent(seat);
      seat.state = 'queued';
      seat.dueAt = 0;
    }
    this.#options.onDisconnect(readyAt === undefined ? 'registration' : 'ready');
    const waitMs = backoffMs(slot.attempts, this.#options.timing.reconnect);
    slot.attempts += 1;
    this.#options.log.warn({ reason, waitMs, channels: slot.seats.size }, 'chat connection ended');
    this.#scheduleOpen(slot, waitMs);
  }

  /** Sends as many JOINs as the budget allows now, and comes back when it allows more. */
  #pump(): void {
    if (!this.#running) return;
    const now = performance.now();
    for (const seat of this.#seats.values()) {
      const connection = seat.slot.connection;
      if (seat.state !== 'queued' || seat.dueAt > now || connection?.isReady !== true) continue;
      const waitMs = this.#budget.waitMs(now);
      if (waitMs > 0) {
        clearTimeout(this.#pumpTimer);
        this.#pumpTimer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      this.#budget.spend(now);
      seat.state = 'joining';
      seat.dueAt = now + this.#options.timing.joinTimeoutMs;
      connection.join(seat.login);
    }
  }

  /** JOINs without an answer are over, and those whose wait is over go again. */
  #watchJoins(): void {
    const now = performance.now();
    for (const seat of this.#seats.values()) {
      if (seat.state === 'joining' && seat.dueAt <= now) this.refused(seat, 'no answer to JOIN');
      else if (seat.state === 'failed' && seat.dueAt <= now) seat.state = 'queued';
    }
    this.#pump();
  }
}
