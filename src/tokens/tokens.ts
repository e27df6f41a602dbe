/**
 * All tokens of one application as one Service: it hands them out, and keeps them fit in the background. Its start never waits
 * for Twitch; its stop waits for a refresh under way, because a refreshed token that is not saved is lost.
 */
import { setMaxListeners } from 'node:events';
import { UpstreamError } from '../lib/errors.ts';
import { asError, type Service } from '../lib/lifecycle.ts';
import type { Logger } from '../ops/log.ts';
import { type Registry, Tally } from '../ops/metrics.ts';
import { AppToken, type AppTokenStatus } from './app-token.ts';
import { type Clock, systemClock } from './clock.ts';
import { createOAuth, type UserGrant } from './oauth.ts';
import type { StoredToken, TokenStore } from './token-store.ts';
import { type UserTokenStatus, UserTokens } from './user-tokens.ts';

export interface TokensOptions {
  readonly clientId: string;
  /** `undefined` for a public client: then there are no app tokens. */
  readonly clientSecret: string | undefined;
  readonly store: TokenStore;
  readonly log: Logger;
  /** See `createTokenMetrics`; several applications share one. */
  readonly metrics: TokenMetrics;
  /** For each request to Twitch; 10 s when not given. */
  readonly requestTimeoutMs?: number;
  readonly clock?: Clock;
}

export interface TokensStatus {
  readonly app: AppTokenStatus;
  readonly users: readonly UserTokenStatus[];
}

/** All promises may reject with UpstreamError; without `retry` the operator or the user has to act. */
export interface Tokens extends Service {
  app(): Promise<string>;
  /** @param stale the app token that Twitch refused. @returns a newer one, without a second request if somebody has it. */
  renewApp(stale: string): Promise<string>;
  user(userId: string): Promise<string>;
  renewUser(userId: string, stale: string): Promise<string>;
  /** Keeps the grant of a user who has just consented, durably. */
  adopt(grant: UserGrant): Promise<StoredToken>;
  status(): TokensStatus;
}

export type TokenMetrics = Tally;

export function createTokenMetrics(registry: Registry): TokenMetrics {
  return new Tally(registry, {
    name: 'tokens_requests_total',
    help: "Answers of Twitch's OAuth service by HTTP status; `failed` for requests without an answer",
    label: 'status',
  });
}

export function createTokens(options: TokensOptions): Tokens {
  return new KeptTokens(options);
}

/** How often it is looked what is due. */
const upkeepMs = 10_000;

const noApp: AppTokenStatus = { state: 'none', expiresAt: undefined, validatedAt: undefined, lastError: undefined };

class KeptTokens implements Tokens {
  readonly name = 'tokens';
  readonly #options: TokensOptions;
  readonly #clock: Clock;
  readonly #app: AppToken | undefined;
  readonly #users: UserTokens;
  readonly #stopping = new AbortController();
  /** Cuts requests short. */
  readonly #aborted = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #appState: AppTokenStatus['state'] = 'none';

  constructor(options: TokensOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    // Each request under way listens, and there may be as many as users.
    setMaxListeners(0, this.#aborted.signal);
    const { clientId, clientSecret, metrics, requestTimeoutMs, store, log } = options;
    const oauth = createOAuth({
      clientId,
      clientSecret,
      signal: this.#aborted.signal,
      onAnswer: (outcome) => metrics.add(outcome),
      ...(requestTimeoutMs === undefined ? {} : { timeoutMs: requestTimeoutMs }),
    });
    this.#app = clientSecret === undefined ? undefined : new AppToken(oauth, this.#clock);
    this.#users = new UserTokens({
      clientId,
      oauth,
      store,
      clock: this.#clock,
      onRevoked: (user) => log.warn(user, 'a user has to authorise the application again'),
    });
  }

  async start(_signal: AbortSignal, fail: (error: Error) => void): Promise<void> {
    await this.#users.load();
    this.#loop = this.#keepFit().catch((thrown: unknown) => fail(asError(thrown)));
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort();
    const cut = () => this.#aborted.abort();
    if (deadline.aborted) cut();
    deadline.addEventListener('abort', cut, { once: true });
    await this.#users.settled();
    // Nothing but refreshes is worth waiting for.
    cut();
    await Promise.all([this.#loop, this.#app?.settled()]);
    deadline.removeEventListener('abort', cut);
  }

  app(): Promise<string> {
    return this.#app?.get() ?? Promise.reject(noSecret());
  }

  renewApp(stale: string): Promise<string> {
    return this.#app?.renew(stale) ?? Promise.reject(noSecret());
  }

  user(userId: string): Promise<string> {
    return this.#users.get(userId);
  }

  renewUser(userId: string, stale: string): Promise<string> {
    return this.#users.renew(userId, stale);
  }

  adopt(grant: UserGrant): Promise<StoredToken> {
    return this.#users.adopt(grant);
  }

  status(): TokensStatus {
    return { app: this.#app?.status() ?? noApp, users: this.#users.status() };
  }

  async #keepFit(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await Promise.all([this.#app?.upkeep(), this.#users.upkeep()]);
      if (!signal.aborted) this.#reportApp();
      await this.#clock.sleep(upkeepMs, signal);
    }
  }

  /** Says once when the app token turns bad, and once when it is good again. */
  #reportApp(): void {
    const { state, lastError } = this.status().app;
    if (state === this.#appState) return;
    const { log } = this.#options;
    if (state === 'refused') log.error({ reason: lastError }, 'no app token');
    else if (state === 'failing') log.warn({ reason: lastError }, 'app token could not be renewed, trying again');
    else if (this.#appState !== 'none') log.info('app token is good again');
    this.#appState = state;
  }
}

const noSecret = (): UpstreamError =>
  new UpstreamError('an app token needs TWITCH_CLIENT_SECRET beside TWITCH_CLIENT_ID', { retry: false });
