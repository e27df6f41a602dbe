/**
 * What Twitch's OAuth service can be asked, and what its answers mean. A refusal that the user can mend is a value; one that the
 * operator must mend (wrong credentials) is an UpstreamError without `retry` that names the settings.
 * https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/
 */
import { z } from 'zod';
import { UpstreamError } from '../lib/errors.ts';
import { callOAuth, type OAuthAnswer, type OAuthCall, type OAuthTransportOptions } from './oauth-call.ts';

export interface OAuthOptions {
  readonly clientId: string;
  /** `undefined` for a public client: device flow and refresh only. */
  readonly clientSecret: string | undefined;
  /** For each request; 10 s when not given. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  readonly onAnswer?: OAuthTransportOptions['onAnswer'];
}

export interface AppGrant {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
}

export interface UserGrant extends AppGrant {
  /** Twitch's command-line mock gives none. */
  readonly refreshToken: string | undefined;
  readonly scopes: readonly string[];
}

export type Redemption =
  | { readonly outcome: 'granted'; readonly grant: UserGrant }
  /** The token or code is worth nothing (any more): the user has to consent again. */
  | { readonly outcome: 'refused'; readonly reason: string };

export interface DeviceCode {
  readonly deviceCode: string;
  /** What the user types. */
  readonly userCode: string;
  readonly verificationUri: string;
  readonly expiresInSeconds: number;
  readonly intervalSeconds: number;
}

export type DeviceAnswer =
  | { readonly outcome: 'granted'; readonly grant: UserGrant }
  | { readonly outcome: 'pending' | 'slow_down' | 'expired' | 'denied' };

export interface Validation {
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly expiresInSeconds: number;
  /** Whose token it is; `undefined` for an app token. */
  readonly user: { readonly id: string; readonly login: string } | undefined;
}

/** All of them throw UpstreamError: with `retry` when Twitch could not answer, without when it refuses the application. */
export interface OAuth {
  appToken(): Promise<AppGrant>;
  refresh(refreshToken: string): Promise<Redemption>;
  /** @param redirectUri exactly the one that the code was asked for with. */
  redeemCode(code: string, redirectUri: string): Promise<Redemption>;
  beginDevice(scopes: readonly string[]): Promise<DeviceCode>;
  /** One look at whether the user has typed the code. */
  askDevice(deviceCode: string, scopes: readonly string[]): Promise<DeviceAnswer>;
  /** @returns `undefined` when the token is not valid (any more). */
  validate(accessToken: string): Promise<Validation | undefined>;
  /** @returns false when there was nothing left to revoke. */
  revoke(accessToken: string): Promise<boolean>;
}

const defaultTimeoutMs = 10_000;
const deviceGrantType = 'urn:ietf:params:oauth:grant-type:device_code';

const appGrantWire = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
const userGrantWire = appGrantWire.extend({
  refresh_token: z.string().nullish(),
  scope: z.union([z.array(z.string()), z.string().transform((text) => text.split(' '))]).nullish(),
});
const deviceWire = z.object({
  device_code: z.string().min(1),
  user_code: z.string().min(1),
  verification_uri: z.string().min(1),
  expires_in: z.number().positive(),
  interval: z.number().positive(),
});
const validationWire = z.object({
  client_id: z.string(),
  scopes: z.array(z.string()).nullish(),
  expires_in: z.number(),
  user_id: z.string().nullish(),
  login: z.string().nullish(),
});
const refusalWire = z.object({ message: z.string() });

export function createOAuth(options: OAuthOptions): OAuth {
  const { clientId, clientSecret } = options;
  const transport = { ...options, timeoutMs: options.timeoutMs ?? defaultTimeoutMs };
  const call = (request: OAuthCall) => callOAuth(request, transport);
  const requestToken = (fields: Record<string, string>) =>
    call({
      method: 'POST',
      action: 'token',
      query: { client_id: clientId, client_secret: clientSecret, ...fields },
    });

  return {
    async appToken() {
      const answer = await requestToken({ grant_type: 'client_credentials' });
      if (answer.status !== 200) throw refusedApplication(answer);
      const { access_token, expires_in } = read(appGrantWire, answer, 'token');
      return { accessToken: access_token, expiresInSeconds: expires_in };
    },

    async refresh(refreshToken) {
      return redemption(await requestToken({ grant_type: 'refresh_token', refresh_token: refreshToken }));
    },

    async redeemCode(code, redirectUri) {
      return redemption(await requestToken({ grant_type: 'authorization_code', code, redirect_uri: redirectUri }));
    },

    async beginDevice(scopes) {
      const query = { client_id: clientId, scopes: scopes.join(' ') };
      const answer = await call({ method: 'POST', action: 'device', query });
      if (answer.status !== 200) throw refusedApplication(answer);
      const wire = read(deviceWire, answer, 'device');
      return {
        deviceCode: wire.device_code,
        userCode: wire.user_code,
        verificationUri: wire.verification_uri,
        expiresInSeconds: wire.expires_in,
        intervalSeconds: wire.interval,
      };
    },

    async askDevice(deviceCode, scopes) {
      const fields = { grant_type: deviceGrantType, device_code: deviceCode, scopes: scopes.join(' ') };
      const answer = await redemption(await requestToken(fields));
      return answer.outcome === 'granted' ? answer : { outcome: deviceOutcome(answer.reason) };
    },

    async validate(accessToken) {
      const answer = await call({ method: 'GET', action: 'validate', accessToken });
      if (answer.status === 401) return undefined;
      const wire = read(validationWire, answer, 'validate');
      return {
        clientId: wire.client_id,
        scopes: wire.scopes ?? [],
        expiresInSeconds: wire.expires_in,
        user: wire.user_id ? { id: wire.user_id, login: wire.login ?? '' } : undefined,
      };
    },

    async revoke(accessToken) {
      const query = { client_id: clientId, token: accessToken };
      const answer = await call({ method: 'POST', action: 'revoke', query });
      if (answer.status === 404) throw refusedApplication(answer);
      return answer.status === 200;
    },
  };
}

function redemption(answer: OAuthAnswer): Redemption {
  if (answer.status === 200) {
    const wire = read(userGrantWire, answer, 'token');
    return {
      outcome: 'granted',
      grant: {
        accessToken: wire.access_token,
        // An empty one is as good as none.
        refreshToken: wire.refresh_token || undefined,
        scopes: wire.scope ?? [],
        expiresInSeconds: wire.expires_in,
      },
    };
  }
  const reason = reasonOf(answer);
  if (answer.status === 403 || /\bclient\b/i.test(reason)) throw refusedApplication(answer);
  return { outcome: 'refused', reason };
}

/** The words of RFC 8628 §3.5; Twitch says `invalid device code` for one that is over. */
function deviceOutcome(reason: string): Exclude<DeviceAnswer['outcome'], 'granted'> {
  if (/authorization_pending/i.test(reason)) return 'pending';
  if (/slow_down/i.test(reason)) return 'slow_down';
  return /denied/i.test(reason) ? 'denied' : 'expired';
}

function refusedApplication(answer: OAuthAnswer): UpstreamError {
  const why = `HTTP ${answer.status}, ${reasonOf(answer)}`;
  const advice = 'check TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET';
  return new UpstreamError(`Twitch refuses the application (${why}): ${advice}`, { retry: false });
}

/** Twitch's words, which name parameters but do not repeat their values; cut, in case they ever get long. */
function reasonOf({ body }: OAuthAnswer): string {
  const refusal = refusalWire.safeParse(body);
  return refusal.success ? refusal.data.message.slice(0, 120) : 'no reason given';
}

function read<T>(schema: z.ZodType<T>, answer: OAuthAnswer, action: string): T {
  const parsed = schema.safeParse(answer.body);
  if (answer.status === 200 && parsed.success) return parsed.data;
  // Not zod's words: they may quote what was in the answer.
  const what = answer.status === 200 ? 'the answer is not of the documented shape' : `HTTP ${answer.status}`;
  throw new UpstreamError(`Twitch OAuth ${action}: ${what}`, { retry: true });
}
