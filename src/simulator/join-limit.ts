/** Twitch's limit on JOIN: so many in any window of time, per account. A join that was refused does not use up any of it. */

export interface JoinLimitOptions {
  /** Twitch: 20 for an ordinary account. */
  readonly count: number;
  /** Twitch: 10 s. */
  readonly windowMs: number;
  /** How much earlier than the window's end a join is let through: the network moves lines together and apart. */
  readonly toleranceMs: number;
}

export class JoinLimit {
  readonly #now: () => number;
  readonly #options: JoinLimitOptions;
  readonly #recent = new Map<string, number[]>();

  constructor(now: () => number, options: Partial<JoinLimitOptions> = {}) {
    this.#now = now;
    this.#options = { count: 20, windowMs: 10_000, toleranceMs: 250, ...options };
  }

  allow(account: string): boolean {
    const { count, windowMs, toleranceMs } = this.#options;
    const now = this.#now();
    const recent = (this.#recent.get(account) ?? []).filter((at) => now - at < windowMs - toleranceMs);
    this.#recent.set(account, recent);
    if (recent.length >= count) return false;
    recent.push(now);
    return true;
  }
}
