/**
 * Rows of one table that wait for their INSERT, in order of arrival. Bounded in bytes together with all other tables' buffers, of which
 * each has a share that no other can use up. Overflow policy: the newest row is refused. What was accepted keeps its place: a batch may
 * be under way already, and must not change.
 */

export interface BatchLimits {
  readonly rows: number;
  readonly bytes: number;
}

/**
 * Bytes that all buffers of a writer hold together, in UTF-8, from acceptance until the row is stored or given up. One half is common to
 * all; the other is divided among the tables, so that one which cannot be stored leaves room for those which can.
 */
export class ByteBudget {
  readonly max: number;
  readonly #reserve: number;
  readonly #common: number;
  readonly #shares: BudgetShare[] = [];

  /** @param tables how many shares there will be. */
  constructor(max: number, tables: number) {
    this.max = max;
    this.#reserve = Math.floor(max / 2 / tables);
    this.#common = max - tables * this.#reserve;
  }

  get used(): number {
    return this.#shares.reduce((sum, share) => sum + share.used, 0);
  }

  /** For one table. */
  share(): BudgetShare {
    const commonUsed = () => this.#shares.reduce((sum, share) => sum + share.borrowed, 0);
    const share = new BudgetShare(this.#reserve, () => this.#common - commonUsed());
    this.#shares.push(share);
    return share;
  }
}

/** What one table has taken: its own reserve first, then from what is common. */
export class BudgetShare {
  readonly #reserve: number;
  readonly #commonLeft: () => number;
  #used = 0;

  constructor(reserve: number, commonLeft: () => number) {
    this.#reserve = reserve;
    this.#commonLeft = commonLeft;
  }

  get used(): number {
    return this.#used;
  }

  /** Taken from what is common. */
  get borrowed(): number {
    return Math.max(0, this.#used - this.#reserve);
  }

  /** @returns false, having taken nothing, when there is not enough left. */
  take(bytes: number): boolean {
    const available = Math.max(0, this.#reserve - this.#used) + this.#commonLeft();
    if (bytes > available) return false;
    this.#used += bytes;
    return true;
  }

  free(bytes: number): void {
    this.#used -= bytes;
  }
}

export interface Lines {
  readonly lines: readonly string[];
  readonly bytes: number;
}

export class RowBuffer {
  readonly #budget: BudgetShare;
  #lines: string[] = [];
  #bytes = 0;
  /** When the oldest row came, or, after a cut, the time of that cut. */
  #since = 0;

  constructor(budget: BudgetShare) {
    this.#budget = budget;
  }

  get rows(): number {
    return this.#lines.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns false when the budget is used up. */
  push(line: string, now: number): boolean {
    const bytes = lineBytes(line);
    if (!this.#budget.take(bytes)) return false;
    if (this.#lines.length === 0) this.#since = now;
    this.#lines.push(line);
    this.#bytes += bytes;
    return true;
  }

  /** Whether there is enough for an INSERT. */
  isFull(limits: BatchLimits): boolean {
    return this.#lines.length >= limits.rows || this.#bytes >= limits.bytes;
  }

  /** How long the oldest row has waited, ms. */
  age(now: number): number {
    return this.#lines.length === 0 ? 0 : now - this.#since;
  }

  /** Takes the oldest rows out, at least one and at most as many as the limits allow. Their bytes stay taken from the budget. */
  cut(limits: BatchLimits, now: number): Lines {
    let count = 0;
    let bytes = 0;
    for (const line of this.#lines) {
      const size = lineBytes(line);
      if (count > 0 && (count >= limits.rows || bytes + size > limits.bytes)) break;
      count += 1;
      bytes += size;
    }
    this.#bytes -= bytes;
    this.#since = now;
    return { lines: this.#lines.splice(0, count), bytes };
  }
}

/** With the line feed that will follow it. */
export function lineBytes(line: string): number {
  return Buffer.byteLength(line) + 1;
}
