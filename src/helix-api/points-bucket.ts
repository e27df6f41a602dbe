/**
 * What one token may still spend at Helix: a bucket of points that refills steadily over a minute. Our level is never above
 * Twitch's: a point is gone when the request leaves, and the bucket is never fuller than `limit` minus what is under way.
 * Pure: every call is told the time. https://dev.twitch.tv/docs/api/guide/#twitch-rate-limits
 */

/** The `Ratelimit-…` headers of one answer. */
export interface RateReport {
  /** Points a minute. */
  readonly limit: number;
  readonly remaining: number;
  /** How long until the bucket is full, ms; by Twitch's own clock. */
  readonly resetInMs: number;
}

export interface Spending {
  readonly number: number;
  /** No other request was under way when this one left. */
  readonly isAlone: boolean;
}

export interface Settlement {
  /** `undefined`: there was no answer. */
  readonly status: number | undefined;
  /** `undefined`: the answer said nothing of points, as those of Twitch's command-line mock. */
  readonly report: RateReport | undefined;
}

/** Twitch's default, believed until an answer says otherwise. */
const defaultLimit = 800;
const windowMs = 60_000;
/** Twitch gives the reset in whole seconds, so it may be up to a second later than it looks. */
const leastPauseMs = 1_000;

export class PointsBucket {
  #limit = defaultLimit;
  #level = defaultLimit;
  /** When `#level` was true. */
  #at: number;
  #underWay = 0;
  #spent = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** Before the first good answer nobody knows what an earlier run or another process has left us. */
  #isKnown = false;

  constructor(at: number) {
    this.#at = at;
  }

  get limit(): number {
    return this.#limit;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** Points that may be spent now; a fraction counts as what it is. */
  left(at: number): number {
    if (at < this.#pausedUntil) return 0;
    const refilled = this.#level + (Math.max(0, at - this.#at) * this.#limit) / windowMs;
    return Math.min(refilled, this.#limit - this.#underWay);
  }

  /**
   * How long until `points` are there, ms; 0 = now. Infinity = not before a request under way has ended.
   */
  msUntil(points: number, at: number): number {
    if (!this.#isKnown && this.#underWay > 0) return Number.POSITIVE_INFINITY;
    if (at < this.#pausedUntil) return this.#pausedUntil - at;
    if (points > this.#limit - this.#underWay) return Number.POSITIVE_INFINITY;
    const missing = points - this.left(at);
    return missing <= 0 ? 0 : Math.ceil((missing * windowMs) / this.#limit);
  }

  /** Takes one point. Every spending must be settled or given back. */
  spend(at: number): Spending {
    const isAlone = this.#underWay === 0;
    this.#level = this.left(at) - 1;
    this.#at = at;
    this.#underWay += 1;
    this.#spent += 1;
    return { number: this.#spent, isAlone };
  }

  /** The request of a spending was never sent. */
  giveBack(at: number): void {
    if (at >= this.#pausedUntil) {
      this.#level = this.left(at) + 1;
      this.#at = at;
    }
    this.#underWay -= 1;
  }

  settle(spending: Spending, { status, report }: Settlement, at: number): void {
    const isPaused = at < this.#pausedUntil;
    if (!isPaused) {
      this.#level = this.left(at);
      this.#at = at;
    }
    this.#underWay -= 1;
    const isGood = status !== undefined && status < 300;
    this.#isKnown ||= isGood;
    if (report === undefined) return;
    this.#limit = report.limit;
    if (status === 429 && report.remaining === 0) this.#pause(at, report.resetInMs);
    else if (!isPaused) this.#correct(report.remaining, isGood && spending.isAlone && spending.number === this.#spent);
  }

  /** Only a good answer that nobody overtook tells the whole truth: refusals are not always booked, others may not be yet. */
  #correct(remaining: number, isWhole: boolean): void {
    this.#level = isWhole ? remaining : Math.max(0, Math.min(this.#level, remaining - this.#underWay));
  }

  /** At the reset the bucket is full. The latest answer knows best. */
  #pause(at: number, resetInMs: number): void {
    this.#pausedUntil = at + Math.min(windowMs, Math.max(leastPauseMs, resetInMs));
    this.#level = this.#limit;
    this.#at = this.#pausedUntil;
  }
}
