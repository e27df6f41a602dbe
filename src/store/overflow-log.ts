/** Tells the log when a table begins to lose rows for want of memory, and afterwards how many it were: two lines, however often it flaps. */
import type { Logger } from '../ops/log.ts';

/** An overflow is over when nothing was refused for so long: memory is freed by batches, and used up again in between. */
const quietMs = 10_000;

export class OverflowLog {
  readonly #table: string;
  readonly #log: Logger;
  #rows = 0;
  #beganAt = 0;
  #lastAt = 0;

  constructor(table: string, log: Logger) {
    this.#table = table;
    this.#log = log;
  }

  /** @param now ms since the epoch. */
  refused(now: number): void {
    if (this.#rows === 0) {
      this.#beganAt = now;
      this.#log.error({ table: this.#table }, 'memory for rows is used up, new ones are lost');
    }
    this.#rows += 1;
    this.#lastAt = now;
  }

  /** @param now asked for only while an overflow lasts: this is called for every row. */
  accepted(now: () => number): void {
    if (this.#rows > 0 && now() - this.#lastAt >= quietMs) this.end();
  }

  /** Tells what is untold, if anything. */
  end(): void {
    if (this.#rows === 0) return;
    const lost = { table: this.#table, rows: this.#rows, seconds: Math.round((this.#lastAt - this.#beganAt) / 1000) };
    this.#log.error(lost, 'rows lost, there was no memory for them');
    this.#rows = 0;
  }
}
