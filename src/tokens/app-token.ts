/**
 * The application's own token: got once for all who ask, renewed before it ends or when Twitch refuses it, checked hourly.
 * A token that still works is handed out even while its renewal fails.
 */
import { backoffMs } from '../lib/backoff.ts';
import { UpstreamError } from '../lib/errors.ts';
import { asError } from '../lib/lifecycle.ts';
import { type Clock, renewalMarginMs } from './clock.ts';
import type { AppGrant, OAuth } from './oauth.ts';
import { SingleFlight } from './single-flight.ts';

export interface AppTokenStatus {
  /** `none` before the first; `failing` heals by itself; `refused` needs the operator. */
  readonly state: 'none' | 'good' | 'failing' | 'refused';
  /** ms since the epoch. */
  readonly expiresAt: number | undefined;
  readonly validatedAt: number | undefined;
  readonly lastError: string | undefined;
}

interface Held {
  readonly value: string;
  /** By the clock that never jumps. */
  readonly renewAt: number;
  readonly endsAt: number;
  readonly expiresAt: number;
}

/** How often Twitch wants tokens validated. https://dev.twitch.tv/docs/authentication/validate-tokens/ */
export const validateEveryMs = 3_600_000;
/** After a validation that got no answer. */
export const validateAgainMs = 60_000;

const backoff = { firstMs: 1_000, maxMs: 60_000 };
/** Wrong credentials do not mend themselves; but a refusal by mistake must not last for ever. */
const refusedPauseMs = 600_000;
/** Twitch that refuses what it has just given is not helped by asking faster. */
const maxRenewalsPerMinute = 5;

export class AppToken {
  readonly #oauth: OAuth;
  readonly #clock: Clock;
  readonly #flight = new SingleFlight<string>();
  #held: Held | undefined;
  #fault: Error | undefined;
  #failures = 0;
  /** No request before. */
  #retryAt = Number.NEGATIVE_INFINITY;
  #validateAt = Number.NEGATIVE_INFINITY;
  #validatedAt: number | undefined;
  #renewals: readonly number[] = [];

  constructor(oauth: OAuth, clock: Clock) {
    this.#oauth = oauth;
    this.#clock = clock;
  }

  /** @throws UpstreamError; at once while a failure is fresh. */
  async get(): Promise<string> {
    const held = this.#held;
    if (held !== undefined && this.#clock.elapsed() < held.renewAt) return held.value;
    try {
      return await this.#obtain();
    } catch (thrown) {
      if (held !== undefined && held === this.#held && this.#clock.elapsed() < held.endsAt) return held.value;
      throw thrown;
    }
  }

  /** @param stale the token that Twitch refused. If somebody has replaced it already, theirs is the answer. */
  renew(stale: string): Promise<string> {
    if (this.#held?.value === stale) {
      this.#held = undefined;
      this.#countRenewal();
    }
    return this.get();
  }

  /** What is due: a first token, a renewal, the hourly look. Failures show in the status. */
  async upkeep(): Promise<void> {
    try {
      const token = await this.get();
      if (this.#clock.elapsed() >= this.#validateAt) await this.#validate(token);
    } catch (thrown) {
      if (!(thrown instanceof UpstreamError)) throw thrown;
      this.#fault = thrown;
    }
  }

  status(): AppTokenStatus {
    const { expiresAt } = this.#held ?? {};
    const isRefused = this.#fault instanceof UpstreamError && !this.#fault.retry;
    const faulty = isRefused ? 'refused' : 'failing';
    const sound = this.#held === undefined ? 'none' : 'good';
    return {
      state: this.#fault === undefined ? sound : faulty,
      expiresAt,
      validatedAt: this.#validatedAt,
      lastError: this.#fault?.message,
    };
  }

  settled(): Promise<void> {
    return this.#flight.settled();
  }

  #obtain(): Promise<string> {
    return this.#flight.run('app', async () => {
      if (this.#fault !== undefined && this.#clock.elapsed() < this.#retryAt) throw this.#fault;
      try {
        return this.#accept(await this.#oauth.appToken());
      } catch (thrown) {
        this.#fail(asError(thrown));
        throw thrown;
      }
    });
  }

  #accept({ accessToken, expiresInSeconds }: AppGrant): string {
    const elapsed = this.#clock.elapsed();
    const lifetimeMs = expiresInSeconds * 1_000;
    this.#held = {
      value: accessToken,
      renewAt: elapsed + lifetimeMs - renewalMarginMs(lifetimeMs),
      endsAt: elapsed + lifetimeMs,
      expiresAt: this.#clock.now() + lifetimeMs,
    };
    this.#fault = undefined;
    this.#failures = 0;
    // It comes straight from Twitch.
    this.#validateAt = elapsed + validateEveryMs;
    return accessToken;
  }

  #fail(error: Error): void {
    const isRefused = error instanceof UpstreamError && !error.retry;
    this.#fault = error;
    this.#retryAt = this.#clock.elapsed() + (isRefused ? refusedPauseMs : backoffMs(this.#failures, backoff));
    this.#failures += 1;
  }

  #countRenewal(): void {
    const elapsed = this.#clock.elapsed();
    this.#renewals = [...this.#renewals.filter((at) => at > elapsed - 60_000), elapsed];
    if (this.#renewals.length <= maxRenewalsPerMinute) return;
    this.#fault = new UpstreamError('Twitch keeps refusing the app tokens that it has just given', { retry: true });
    this.#retryAt = elapsed + backoff.maxMs;
  }

  async #validate(token: string): Promise<void> {
    this.#validateAt = this.#clock.elapsed() + validateAgainMs;
    const validation = await this.#oauth.validate(token);
    if (validation === undefined) {
      await this.renew(token);
      return;
    }
    this.#fault = undefined;
    this.#validatedAt = this.#clock.now();
    this.#validateAt = this.#clock.elapsed() + validateEveryMs;
  }
}
