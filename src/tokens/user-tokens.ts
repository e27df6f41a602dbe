/**
 * The tokens of users who have authorised us. A refreshed pair is saved before anybody gets to use it, and only one refresh is
 * under way for a user: the refresh token works once. A user who took the consent back is reported; the others go on.
 */
import { backoffMs } from '../lib/backoff.ts';
import { UpstreamError } from '../lib/errors.ts';
import { asError } from '../lib/lifecycle.ts';
import { validateAgainMs, validateEveryMs } from './app-token.ts';
import { type Clock, renewalMarginMs } from './clock.ts';
import type { OAuth, UserGrant } from './oauth.ts';
import { SingleFlight } from './single-flight.ts';
import { type StoredToken, type TokenStore, toStoredToken } from './token-store.ts';

export interface UserTokenStatus {
  readonly userId: string;
  readonly login: string;
  readonly scopes: readonly string[];
  /** `failing` heals by itself; `revoked` needs the user's consent again. */
  readonly state: 'good' | 'failing' | 'revoked';
  /** ms since the epoch. */
  readonly expiresAt: number;
  readonly validatedAt: number | undefined;
  readonly lastError: string | undefined;
}

export interface UserTokensOptions {
  readonly clientId: string;
  readonly oauth: OAuth;
  readonly store: TokenStore;
  readonly clock: Clock;
  /** Once for each time that a consent is found to be gone. */
  readonly onRevoked: (user: { readonly userId: string; readonly login: string; readonly reason: string }) => void;
}

interface Holder {
  token: StoredToken;
  /** The pair is newer than what the store has: not to be used before it is saved. */
  isUnsaved: boolean;
  isRevoked: boolean;
  fault: Error | undefined;
  failures: number;
  retryAt: number;
  validateAt: number;
  validatedAt: number | undefined;
}

const backoff = { firstMs: 1_000, maxMs: 300_000 };

export class UserTokens {
  readonly #options: UserTokensOptions;
  readonly #holders = new Map<string, Holder>();
  readonly #refreshes = new SingleFlight<string>();

  constructor(options: UserTokensOptions) {
    this.#options = options;
  }

  /** Takes over what the store has. @throws whatever the store does */
  async load(): Promise<void> {
    for (const token of await this.#options.store.list()) this.#take(token);
  }

  /** @throws UpstreamError without `retry` when the user has to consent (again). */
  async get(userId: string): Promise<string> {
    const holder = this.#holders.get(userId) ?? (await this.#find(userId));
    if (!holder.isRevoked && !holder.isUnsaved && !this.#isDue(holder)) return holder.token.accessToken;
    const before = holder.token;
    try {
      return await this.#refresh(holder, before.accessToken);
    } catch (thrown) {
      const isUsable = !holder.isRevoked && !holder.isUnsaved && before === holder.token;
      if (isUsable && this.#options.clock.now() < before.expiresAt) return before.accessToken;
      throw thrown;
    }
  }

  /** @param stale the token that Twitch refused. If it has been replaced already, the replacement is the answer. */
  async renew(userId: string, stale: string): Promise<string> {
    const holder = this.#holders.get(userId) ?? (await this.#find(userId));
    return holder.token.accessToken === stale ? this.#refresh(holder, stale) : this.get(userId);
  }

  /** Takes a grant of a user who has just consented: finds out whose it is, and saves it. @throws UpstreamError */
  async adopt(grant: UserGrant): Promise<StoredToken> {
    const { oauth, clientId, store, clock } = this.#options;
    const validation = await oauth.validate(grant.accessToken);
    if (validation?.user === undefined) {
      throw new UpstreamError('Twitch does not know whose token it has just given', { retry: true });
    }
    const { id: userId, login } = validation.user;
    const token = toStoredToken(grant, { userId, login, clientId, obtainedAt: clock.now() });
    // A refresh of the older consent must not overwrite the newer one.
    await this.#refreshes.settled();
    await kept(store.save(token));
    this.#take(token);
    return token;
  }

  /** What is due for each user: a refresh, or the hourly look. Failures show in the status. */
  async upkeep(): Promise<void> {
    await this.#learn();
    await Promise.all([...this.#holders.values()].map((holder) => this.#look(holder)));
  }

  status(): readonly UserTokenStatus[] {
    return [...this.#holders.values()].map((holder) => ({
      userId: holder.token.userId,
      login: holder.token.login,
      scopes: holder.token.scopes,
      state: holder.isRevoked ? 'revoked' : holder.fault === undefined ? 'good' : 'failing',
      expiresAt: holder.token.expiresAt,
      validatedAt: holder.validatedAt,
      lastError: holder.fault?.message,
    }));
  }

  /** Resolves when no refresh is under way: one that Twitch has answered must still be saved. */
  settled(): Promise<void> {
    return this.#refreshes.settled();
  }

  /** Users whom another command has added since. What is wrong with the store shows where it matters: at the next refresh. */
  async #learn(): Promise<void> {
    const found = await Promise.allSettled([this.#options.store.list()]);
    for (const token of found.flatMap((list) => (list.status === 'fulfilled' ? list.value : []))) this.#take(token);
  }

  async #find(userId: string): Promise<Holder> {
    const stored = await kept(this.#options.store.load(userId));
    if (stored !== undefined) return this.#take(stored);
    throw new UpstreamError(`no token of user ${userId}: they have to authorise the application`, { retry: false });
  }

  #take(token: StoredToken): Holder {
    const known = this.#holders.get(token.userId);
    if (known !== undefined && known.token.accessToken === token.accessToken) return known;
    if (known?.isUnsaved && known.token.obtainedAt >= token.obtainedAt) return known;
    const holder = known ?? newHolder(token);
    if (known !== undefined) Object.assign(known, newHolder(token));
    this.#holders.set(token.userId, holder);
    return holder;
  }

  #isDue({ token }: Holder): boolean {
    return this.#options.clock.now() >= token.expiresAt - renewalMarginMs(token.expiresAt - token.obtainedAt);
  }

  async #look(holder: Holder): Promise<void> {
    const { clock, oauth } = this.#options;
    try {
      const token = await this.get(holder.token.userId);
      if (clock.elapsed() < holder.validateAt) return;
      holder.validateAt = clock.elapsed() + validateAgainMs;
      if ((await oauth.validate(token)) === undefined) await this.renew(holder.token.userId, token);
      else holder.fault = undefined;
      holder.validatedAt = clock.now();
      holder.validateAt = clock.elapsed() + validateEveryMs;
    } catch (thrown) {
      if (!(thrown instanceof UpstreamError)) throw thrown;
      holder.fault = thrown;
    }
  }

  #refresh(holder: Holder, stale: string): Promise<string> {
    const { store, clock } = this.#options;
    const { userId } = holder.token;
    return this.#refreshes.run(userId, async () => {
      if (holder.fault !== undefined && !holder.isRevoked && clock.elapsed() < holder.retryAt) throw holder.fault;
      try {
        return await store.exclusively(userId, () => this.#replace(holder, stale));
      } catch (thrown) {
        this.#fail(holder, asError(thrown));
        throw thrown;
      }
    });
  }

  /** Somebody else who shares the store may have been faster; a consent given again is found there too. */
  async #replace(holder: Holder, stale: string): Promise<string> {
    const { store, oauth, clock } = this.#options;
    if (!holder.isUnsaved) {
      const stored = await kept(store.load(holder.token.userId));
      if (stored !== undefined) this.#take(stored);
      if (holder.token.accessToken !== stale && !this.#isDue(holder)) return holder.token.accessToken;
      if (holder.isRevoked) throw mustConsent(holder.token);
      const { refreshToken } = holder.token;
      if (refreshToken === null) throw this.#revoke(holder, 'the token has ended and cannot be refreshed');
      const answer = await oauth.refresh(refreshToken);
      if (answer.outcome === 'refused') throw this.#revoke(holder, answer.reason);
      holder.token = toStoredToken(answer.grant, { ...holder.token, obtainedAt: clock.now() });
      holder.isUnsaved = true;
    }
    await kept(store.save(holder.token));
    const { validatedAt } = holder;
    // Fresh from Twitch: as good as validated.
    Object.assign(holder, newHolder(holder.token), { validatedAt, validateAt: clock.elapsed() + validateEveryMs });
    return holder.token.accessToken;
  }

  #revoke(holder: Holder, reason: string): UpstreamError {
    holder.isRevoked = true;
    this.#options.onRevoked({ userId: holder.token.userId, login: holder.token.login, reason });
    return mustConsent(holder.token);
  }

  #fail(holder: Holder, error: Error): void {
    holder.fault = error;
    holder.retryAt = this.#options.clock.elapsed() + backoffMs(holder.failures, backoff);
    holder.failures += 1;
  }
}

function newHolder(token: StoredToken): Holder {
  return {
    token,
    isUnsaved: false,
    isRevoked: false,
    fault: undefined,
    failures: 0,
    retryAt: Number.NEGATIVE_INFINITY,
    validateAt: Number.NEGATIVE_INFINITY,
    validatedAt: undefined,
  };
}

const mustConsent = ({ userId, login }: StoredToken): UpstreamError =>
  new UpstreamError(`user ${login || userId} has to authorise the application again`, { retry: false });

/** A store that fails, fails like an upstream: the disk may have room again in a minute. */
async function kept<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (thrown) {
    const error = asError(thrown);
    throw new UpstreamError(`the store of tokens failed: ${error.message}`, { retry: true, cause: error });
  }
}
