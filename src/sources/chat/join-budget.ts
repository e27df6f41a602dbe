/**
 * One budget for all JOINs of the process: Twitch counts them per account (20 in 10 s for an ordinary one), not per
 * connection, and drops those above it without a word. Times are monotonic.
 */

export interface JoinBudgetOptions {
  /** JOINs per window; dev.twitch.tv/docs/chat/irc gives 20 for ordinary accounts. */
  readonly joins: number;
  readonly windowMs: number;
}

export class JoinBudget {
  readonly #options: JoinBudgetOptions;
  /** The instants of the last `joins` JOINs, oldest first. */
  readonly #spent: number[] = [];

  constructor(options: JoinBudgetOptions) {
    this.#options = options;
  }

  /** Milliseconds until the next JOIN is allowed; 0 for now. */
  waitMs(now: number): number {
    const oldest = this.#spent[0];
    if (this.#spent.length < this.#options.joins || oldest === undefined) return 0;
    return Math.max(0, oldest + this.#options.windowMs - now);
  }

  /** Notes a JOIN that is sent now. */
  spend(now: number): void {
    this.#spent.push(now);
    if (this.#spent.length > this.#options.joins) this.#spent.shift();
  }
}
