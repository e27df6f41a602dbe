/**
 * Who may do what: applications, users' tokens, and when they end. Expired and revoked tokens are simply not found.
 * A refresh token works once; using it ends the access token that came with it.
 */
import type { Random } from './random.ts';

export interface Application {
  readonly id: string;
  readonly secret: string;
}

interface TokenBase {
  readonly value: string;
  readonly clientId: string;
  readonly scopes: readonly string[];
  /** ms since the epoch. */
  readonly expiresAt: number;
}

export interface AppToken extends TokenBase {
  readonly kind: 'app';
}

export interface UserToken extends TokenBase {
  readonly kind: 'user';
  readonly userId: string;
  readonly login: string;
}

export type Token = AppToken | UserToken;

export interface Account {
  readonly userId: string;
  readonly login: string;
}

/** What an application holds for a user. */
export interface Grant {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly scopes: readonly string[];
  readonly expiresInSeconds: number;
}

export interface TokenOptions {
  readonly random: Random;
  readonly now: () => number;
  readonly applications: readonly Application[];
  /** Twitch: about 60 days. */
  readonly appLifetimeSeconds?: number;
  /** Twitch: about 4 hours. */
  readonly userLifetimeSeconds?: number;
}

interface Refreshable {
  readonly token: UserToken;
}

export class Tokens {
  readonly #options: TokenOptions;
  readonly #byValue = new Map<string, Token>();
  readonly #refreshable = new Map<string, Refreshable>();
  /** `client/user` of every user who ever said yes → to what. */
  readonly #consents = new Map<string, Set<string>>();

  constructor(options: TokenOptions) {
    this.#options = options;
  }

  application(clientId: string): Application | undefined {
    return this.#options.applications.find(({ id }) => id === clientId);
  }

  find(value: string): Token | undefined {
    const token = this.#byValue.get(value);
    return token && token.expiresAt > this.#options.now() ? token : undefined;
  }

  /** Whether the user has authorised the application with any scope; then EventSub subscriptions about them cost nothing. */
  hasConsent(clientId: string, userId: string): boolean {
    return this.#consents.has(`${clientId}/${userId}`);
  }

  /** Whether the user has at some time authorised the application in this scope. */
  hasScope(clientId: string, userId: string, scope: string): boolean {
    return this.#consents.get(`${clientId}/${userId}`)?.has(scope) ?? false;
  }

  issueApp(clientId: string): AppToken {
    const token: AppToken = { kind: 'app', value: this.#secret(), clientId, scopes: [], expiresAt: this.#end('app') };
    this.#byValue.set(token.value, token);
    return token;
  }

  issueUser(clientId: string, { userId, login }: Account, scopes: readonly string[]): Grant {
    const expiresAt = this.#end('user');
    const token: UserToken = { kind: 'user', value: this.#secret(), clientId, userId, login, scopes, expiresAt };
    this.#byValue.set(token.value, token);
    const consents = this.#consents.get(`${clientId}/${userId}`) ?? [];
    this.#consents.set(`${clientId}/${userId}`, new Set([...consents, ...scopes]));
    const refreshToken = this.#options.random.hex(48);
    this.#refreshable.set(refreshToken, { token });
    return { accessToken: token.value, refreshToken, scopes, expiresInSeconds: this.#lifetimeSeconds('user') };
  }

  /** @returns `undefined` when the refresh token was never given, belongs to another application, or has been used. */
  refresh(clientId: string, refreshToken: string): Grant | undefined {
    const found = this.#refreshable.get(refreshToken);
    if (!found || found.token.clientId !== clientId) return undefined;
    this.#refreshable.delete(refreshToken);
    this.#byValue.delete(found.token.value);
    return this.issueUser(clientId, found.token, found.token.scopes);
  }

  revoke(clientId: string, value: string): boolean {
    if (this.#byValue.get(value)?.clientId !== clientId) return false;
    return this.#byValue.delete(value);
  }

  /** Ends all access tokens now; refresh tokens stay. */
  expireAll(): void {
    this.#byValue.clear();
  }

  #secret(): string {
    return this.#options.random.hex(32).slice(0, 30);
  }

  #lifetimeSeconds(kind: Token['kind']): number {
    const { appLifetimeSeconds = 5_184_000, userLifetimeSeconds = 14_400 } = this.#options;
    return kind === 'app' ? appLifetimeSeconds : userLifetimeSeconds;
  }

  #end(kind: Token['kind']): number {
    return this.#options.now() + this.#lifetimeSeconds(kind) * 1_000;
  }
}
