/**
 * Sends a recording into its rooms, each line once and in order, at a rate or as fast as the receivers take it.
 * It begins when somebody is in every room of the recording, so that no line goes to an empty room.
 */

import { deferred, pause } from '../lib/lifecycle.ts';
import type { IrcServer } from './irc.ts';
import type { IrcRooms } from './irc-rooms.ts';
import type { ReplayLine } from './replay-lines.ts';
import type { Ledger } from './truth.ts';

export interface ReplayOptions {
  /** Raw IRC lines; `.gz` is unpacked. The whole file is held in memory. */
  readonly file: string;
  /** Lines a second, or `max`. */
  readonly rate: number | 'max';
  /** `joined` (default): when all rooms have a listener. `order`: when `begin` is called. */
  readonly begin?: 'joined' | 'order';
  /** How many lines share a websocket frame at rate `max`; 10 when left out. */
  readonly linesPerFrame?: number;
}

const tickMs = 10;
const batchLines = 200;
/** More than this in one socket and the replay waits. */
const maxBufferedBytes = 1024 * 1024;

export class Replay {
  /** True when all lines were sent and have left the process; false when it was stopped before. */
  readonly done: Promise<boolean>;
  readonly #lines: readonly ReplayLine[];
  readonly #options: ReplayOptions;
  readonly #irc: IrcServer;
  readonly #rooms: IrcRooms;
  readonly #ledger: Ledger;
  readonly #finish: (isWhole: boolean) => void;
  readonly #stopped = new AbortController();
  #isBegun = false;

  constructor(lines: readonly ReplayLine[], options: ReplayOptions, irc: IrcServer, ledger: Ledger) {
    this.#lines = lines;
    this.#options = options;
    this.#irc = irc;
    this.#rooms = irc.rooms;
    this.#ledger = ledger;
    const { promise, resolve } = deferred<boolean>();
    this.done = promise;
    this.#finish = resolve;
  }

  get lines(): number {
    return this.#lines.length;
  }

  /** Waits for the rooms, unless it was told to wait for an order. Never rejects. */
  async watch(): Promise<void> {
    if (this.#options.begin === 'order') return;
    const logins = new Set(this.#lines.flatMap((line) => (line.kind === 'room' ? [line.login] : [])));
    const isReady = () => [...logins].every((login) => this.#rooms.isHeard(login));
    while (!this.#stopped.signal.aborted && !isReady()) await pause(tickMs, this.#stopped.signal);
    await this.begin();
  }

  /** Starts it now, whoever listens. Later calls do nothing. Never rejects. */
  async begin(): Promise<void> {
    if (this.#isBegun) return;
    this.#isBegun = true;
    const { signal } = this.#stopped;
    const { rate } = this.#options;
    if (rate === 'max') this.#irc.setLinesPerFrame(this.#options.linesPerFrame ?? 10);
    const startedAt = performance.now();
    let sent = 0;
    while (sent < this.#lines.length && !signal.aborted) {
      const isFull = this.#rooms.bufferedBytes > maxBufferedBytes;
      const due = rate === 'max' ? sent + batchLines : Math.floor(((performance.now() - startedAt) * rate) / 1_000);
      if (!isFull) {
        for (const line of this.#lines.slice(sent, due)) this.#send(line);
        sent = Math.max(sent, Math.min(due, this.#lines.length));
        this.#rooms.flush();
      }
      await (rate === 'max' ? nextTurn() : pause(tickMs, signal));
    }
    while (this.#rooms.bufferedBytes > 0 && !signal.aborted) await pause(tickMs, signal);
    this.#finish(!signal.aborted);
  }

  stop(): void {
    this.#stopped.abort();
    this.#finish(false);
  }

  #send(line: ReplayLine): void {
    const ledger = this.#ledger;
    if (line.kind === 'room') {
      ledger.line(line.command, this.#rooms.deliver(line.login, line.command, line.text), line.identity);
    } else if (line.kind === 'skipped') {
      ledger.skipped.add(line.reason);
    } else if (this.#rooms.deliverAnywhere(line.text)) {
      ledger[line.kind].add(line.reason);
    } else {
      ledger.skipped.add('nobody listens');
    }
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
