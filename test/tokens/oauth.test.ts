import { describe, expect, it } from 'vitest';
import { pointTwurpleAt } from '../../src/config/load.ts';
import { UpstreamError } from '../../src/lib/errors.ts';
import { Server } from '../../src/simulator/server.ts';
import { setStage, simulatedApplication } from '../../src/simulator/stage.ts';
import { createOAuth } from '../../src/tokens/oauth.ts';
import { closeAfterwards } from '../simulator/support.ts';
import { everythingIn, setScene } from './support.ts';

const { id, secret } = simulatedApplication;
const wrongSecret = 'a-secret-that-is-not-the-right-one';

const caught = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'nothing thrown',
    (thrown: unknown) => thrown,
  );

describe("the calls to Twitch's OAuth", () => {
  it('get a token, validate it, revoke it, and see that it is gone', async () => {
    const { oauth } = await setScene({ appTokenSeconds: 1_000 });
    const { accessToken, expiresInSeconds } = await oauth.appToken();
    expect(expiresInSeconds).toBe(1_000);
    expect(await oauth.validate(accessToken)).toEqual({
      clientId: id,
      scopes: [],
      expiresInSeconds: 1_000,
      user: undefined,
    });
    expect(await oauth.revoke(accessToken)).toBe(true);
    expect(await oauth.validate(accessToken)).toBeUndefined();
    expect(await oauth.revoke(accessToken)).toBe(false);
  });

  it('say whose a user token is, and refresh it once', async () => {
    const { oauth, simulator } = await setScene();
    const { accessToken, refreshToken } = simulator.grant('watcher', ['bits:read']);
    expect(await oauth.validate(accessToken)).toMatchObject({ user: { login: 'watcher' }, scopes: ['bits:read'] });
    const first = await oauth.refresh(refreshToken);
    expect(first).toMatchObject({ outcome: 'granted', grant: { scopes: ['bits:read'] } });
    expect(await oauth.refresh(refreshToken)).toEqual({ outcome: 'refused', reason: 'Invalid refresh token' });
  });

  it('redeem a code once', async () => {
    const stage = setStage({}, undefined);
    const faults: Error[] = [];
    const server = new Server({ ...stage, order: () => undefined, fail: (error) => faults.push(error) });
    await server.listen(0);
    closeAfterwards(() => server.close());
    pointTwurpleAt(`http://127.0.0.1:${server.port}`);
    const oauth = createOAuth({ clientId: id, clientSecret: secret });
    const code = stage.oauth.issueCode(id, { userId: '7', login: 'watcher' }, ['bits:read', 'chat:read']);
    const answer = await oauth.redeemCode(code, 'http://localhost:3000');
    expect(answer).toMatchObject({
      outcome: 'granted',
      grant: { scopes: ['bits:read', 'chat:read'], refreshToken: expect.any(String) },
    });
    const again = await oauth.redeemCode(code, 'http://localhost:3000');
    expect(again).toEqual({ outcome: 'refused', reason: 'Invalid authorization code' });
    expect(faults).toEqual([]);
  });

  it.each([
    ['a wrong secret', { clientSecret: wrongSecret }],
    ['an unknown client', { clientId: 'nobody' }],
  ])('name the settings when Twitch refuses %s', async (_what, wrong) => {
    await setScene();
    const oauth = createOAuth({ clientId: id, clientSecret: secret, ...wrong });
    const calls = [oauth.appToken(), oauth.refresh('r3fr3sh'), oauth.redeemCode('c0de', 'http://localhost:1/')];
    for (const error of await Promise.all(calls.map(caught))) {
      expect(error).toBeInstanceOf(UpstreamError);
      expect(error).toMatchObject({ retry: false, message: expect.stringContaining('TWITCH_CLIENT_SECRET') });
    }
  });

  it('keep every secret out of every error', async () => {
    const { simulator } = await setScene();
    const oauth = createOAuth({ clientId: id, clientSecret: wrongSecret, timeoutMs: 50 });
    const all = () => [
      caught(oauth.appToken()),
      caught(oauth.refresh('s3cret-refresh')),
      caught(oauth.redeemCode('s3cret-code', 'http://localhost:1/')),
      caught(oauth.validate('s3cret-access')),
    ];
    const errors = await Promise.all(all());
    for (const order of ['http_hang', 'http_truncate'] as const) {
      simulator.order({ order, path: '/auth', times: 4 });
      errors.push(...(await Promise.all(all())));
    }
    pointTwurpleAt('http://127.0.0.1:1');
    errors.push(...(await Promise.all(all())));
    expect(errors.filter((error) => error instanceof Error).length).toBeGreaterThanOrEqual(14);
    for (const error of errors) expect(everythingIn(error)).not.toMatch(/s3cret|a-secret/);
  });

  it.each([
    ['http_status', { status: 503 }],
    ['http_status', { status: 429 }],
    ['http_truncate', {}],
    ['http_hang', {}],
  ] as const)('may be tried again after %s %o', async (order, details) => {
    const { simulator, oauth } = await setScene({}, { timeoutMs: 1_500 });
    simulator.order({ order, path: '/auth', ...details } as Parameters<typeof simulator.order>[0]);
    expect(await caught(oauth.appToken())).toMatchObject({ name: 'UpstreamError', retry: true });
    expect((await oauth.appToken()).accessToken).toMatch(/^\w+$/);
  });

  it('may be tried again when nobody listens', async () => {
    const { oauth } = await setScene();
    pointTwurpleAt('http://127.0.0.1:1');
    expect(await caught(oauth.appToken())).toMatchObject({
      retry: true,
      message: expect.stringMatching(/ECONNREFUSED|TypeError/),
    });
  });

  it('end when they are told to', async () => {
    const stop = new AbortController();
    const { simulator, oauth } = await setScene({}, { signal: stop.signal });
    simulator.order({ order: 'http_hang', path: '/auth' });
    const call = caught(oauth.appToken());
    stop.abort();
    expect(await call).toMatchObject({ name: 'UpstreamError' });
  });
});
