/**
 * `id.twitch.tv/oauth2`, at `/auth/*`: tokens by client credentials, refresh, code and device; validation and revocation.
 * Parameters are taken from the query as well as from the body, as Twitch does.
 * @see https://dev.twitch.tv/docs/authentication/getting-tokens-oauth/
 */
import type { Faults } from './faults.ts';
import { type Answer, type Request, refuse } from './http.ts';
import type { Random } from './random.ts';
import type { Account, Grant, Tokens } from './tokens.ts';

export interface OAuthOptions {
  readonly tokens: Tokens;
  readonly random: Random;
  readonly faults: Faults;
  readonly now: () => number;
}

interface Pending {
  readonly clientId: string;
  readonly scopes: readonly string[];
  readonly expiresAt: number;
  account: Account | undefined;
}

const deviceLifetimeSeconds = 1_800;
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';

export class OAuth {
  readonly #options: OAuthOptions;
  /** Codes of the authorization-code flow; each works once. */
  readonly #codes = new Map<string, Pending>();
  readonly #devices = new Map<string, Pending & { readonly userCode: string }>();

  constructor(options: OAuthOptions) {
    this.#options = options;
  }

  /** @param action the part of the path behind `/auth/`. */
  answer(action: string, request: Request): Answer {
    const form = new URLSearchParams(request.body);
    const field = (name: string) => form.get(name) ?? request.query.get(name) ?? '';
    if (this.#options.faults.take('oauth.fail')) return refuse(500, 'internal error');
    switch (`${request.method} ${action}`) {
      case 'POST token':
        return this.#token(field);
      case 'POST device':
        return this.#device(field);
      case 'POST revoke':
        return this.#revoke(field);
      case 'GET validate':
        return this.#validate(request);
      default:
        return refuse(404, 'page not found');
    }
  }

  /** A code as a user's browser would bring it back from the consent page. */
  issueCode(clientId: string, account: Account, scopes: readonly string[]): string {
    const code = this.#options.random.hex(32);
    this.#codes.set(code, { clientId, scopes, account, expiresAt: this.#options.now() + 600_000 });
    return code;
  }

  /** The user types the code of their device. @returns whether there was such a code. */
  approveDevice(userCode: string, account: Account): boolean {
    const device = [...this.#devices.values()].find((pending) => pending.userCode === userCode);
    if (device) device.account = account;
    return device !== undefined;
  }

  #token(field: (name: string) => string): Answer {
    const clientId = field('client_id');
    if (clientId === '') return refuse(400, 'missing client id');
    const application = this.#options.tokens.application(clientId);
    if (!application) return refuse(400, 'invalid client');
    const grantType = field('grant_type');
    // A device may belong to a public client, which has no secret; whoever sends one must know it.
    const isPublic = field('client_secret') === '' && (grantType === deviceGrant || grantType === 'refresh_token');
    if (!isPublic && field('client_secret') === '') return refuse(400, 'missing client secret');
    if (!isPublic && field('client_secret') !== application.secret) return refuse(403, 'invalid client secret');
    switch (grantType) {
      case 'client_credentials':
        return this.#appToken(clientId);
      case 'refresh_token': {
        const grant = this.#options.tokens.refresh(clientId, field('refresh_token'));
        return grant ? granted(grant) : refuse(400, 'Invalid refresh token');
      }
      case 'authorization_code':
        return this.#redeem(this.#codes, field('code'), clientId, 'Invalid authorization code');
      case deviceGrant:
        return this.#redeem(this.#devices, field('device_code'), clientId, 'invalid device code');
      default:
        return refuse(400, 'invalid grant type');
    }
  }

  #appToken(clientId: string): Answer {
    const token = this.#options.tokens.issueApp(clientId);
    const expiresIn = Math.floor((token.expiresAt - this.#options.now()) / 1_000);
    return { status: 200, body: { access_token: token.value, expires_in: expiresIn, token_type: 'bearer' } };
  }

  #redeem(from: Map<string, Pending>, code: string, clientId: string, otherwise: string): Answer {
    const pending = from.get(code);
    if (!pending || pending.clientId !== clientId || pending.expiresAt < this.#options.now())
      return refuse(400, otherwise);
    if (!pending.account) return refuse(400, 'authorization_pending');
    from.delete(code);
    return granted(this.#options.tokens.issueUser(clientId, pending.account, pending.scopes));
  }

  #device(field: (name: string) => string): Answer {
    const { tokens, random, now } = this.#options;
    const clientId = field('client_id');
    if (!tokens.application(clientId)) return refuse(400, 'invalid client');
    const deviceCode = random.hex(40);
    const userCode = random.hex(8).toUpperCase();
    const scopes = (field('scopes') || field('scope')).split(' ').filter((scope) => scope !== '');
    const expiresAt = now() + deviceLifetimeSeconds * 1_000;
    this.#devices.set(deviceCode, { clientId, scopes, userCode, account: undefined, expiresAt });
    return {
      status: 200,
      body: {
        device_code: deviceCode,
        expires_in: deviceLifetimeSeconds,
        interval: 5,
        user_code: userCode,
        verification_uri: `https://www.twitch.tv/activate?device-code=${userCode}`,
      },
    };
  }

  #revoke(field: (name: string) => string): Answer {
    if (!this.#options.tokens.application(field('client_id'))) return refuse(404, 'client does not exist');
    return this.#options.tokens.revoke(field('client_id'), field('token'))
      ? { status: 200 }
      : refuse(400, 'Invalid token');
  }

  #validate(request: Request): Answer {
    const value = /^(?:OAuth|Bearer) (.+)$/.exec(request.headers.authorization ?? '')?.[1];
    if (value === undefined) return refuse(401, 'missing authorization token');
    const token = this.#options.tokens.find(value);
    if (!token) return refuse(401, 'invalid access token');
    const expiresIn = Math.floor((token.expiresAt - this.#options.now()) / 1_000);
    const common = { client_id: token.clientId, scopes: token.scopes, expires_in: expiresIn };
    return {
      status: 200,
      body: token.kind === 'user' ? { ...common, login: token.login, user_id: token.userId } : common,
    };
  }
}

const granted = (grant: Grant): Answer => ({
  status: 200,
  body: {
    access_token: grant.accessToken,
    expires_in: grant.expiresInSeconds,
    refresh_token: grant.refreshToken,
    scope: grant.scopes,
    token_type: 'bearer',
  },
});
