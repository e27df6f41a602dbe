/**
 * Helix's points: a bucket per application, or per application and user, that refills steadily over a minute.
 * @see https://dev.twitch.tv/docs/api/guide/#twitch-rate-limits
 */

export interface RateLimitOptions {
  readonly now: () => number;
  /** Twitch: 800. */
  readonly pointsPerMinute: number;
}

interface Bucket {
  points: number;
  filledAt: number;
}

export interface Spending {
  readonly isAllowed: boolean;
  /** The three `Ratelimit-…` headers; Reset is the Unix second at which the bucket is full again. */
  readonly headers: Readonly<Record<string, string>>;
}

export class RateLimit {
  readonly #options: RateLimitOptions;
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** Takes one point. */
  spend(key: string): Spending {
    const { pointsPerMinute, now } = this.#options;
    const at = now();
    const bucket = this.#buckets.get(key) ?? { points: pointsPerMinute, filledAt: at };
    this.#buckets.set(key, bucket);
    bucket.points = Math.min(pointsPerMinute, bucket.points + ((at - bucket.filledAt) * pointsPerMinute) / 60_000);
    bucket.filledAt = at;
    const isAllowed = bucket.points >= 1;
    if (isAllowed) bucket.points--;
    return { isAllowed, headers: this.#headers(bucket, at) };
  }

  /** The headers of an answer that costs nothing: nobody is known who could pay. */
  idle(): Spending['headers'] {
    const { pointsPerMinute, now } = this.#options;
    return this.#headers({ points: pointsPerMinute, filledAt: now() }, now());
  }

  #headers(bucket: Bucket, at: number): Spending['headers'] {
    const { pointsPerMinute } = this.#options;
    const fullAt = at + ((pointsPerMinute - bucket.points) * 60_000) / pointsPerMinute;
    return {
      'Ratelimit-Limit': String(pointsPerMinute),
      'Ratelimit-Remaining': String(Math.floor(bucket.points)),
      'Ratelimit-Reset': String(Math.ceil(fullAt / 1_000)),
    };
  }
}
