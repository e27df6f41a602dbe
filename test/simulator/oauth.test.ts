import { expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { simulatedApplication } from '../../src/simulator/stage.ts';
import { call, startSimulator } from './support.ts';

const { id, secret } = simulatedApplication;
const device = 'urn:ietf:params:oauth:grant-type:device_code';

const post = (simulator: Simulator, action: string, fields: Record<string, string>) =>
  call(simulator, 'none', `/auth/${action}`, { method: 'POST', body: new URLSearchParams(fields) });

test.each([
  ['an unknown client', { client_id: 'nobody', client_secret: secret }, 400, 'invalid client'],
  ['a wrong secret', { client_id: id, client_secret: 'wrong' }, 403, 'invalid client secret'],
  ['no secret', { client_id: id }, 400, 'missing client secret'],
  ['no client', { client_secret: secret }, 400, 'missing client id'],
])('client credentials with %s are refused', async (_what, fields, status, message) => {
  const simulator = await startSimulator();
  const reply = await post(simulator, 'token', { ...fields, grant_type: 'client_credentials' });
  expect([reply.status, reply.body.message]).toEqual([status, message]);
});

test('a token validates until it is revoked', async () => {
  const simulator = await startSimulator({ userTokenSeconds: 500 });
  const { accessToken } = simulator.grant('watcher', ['chat:read']);
  const validate = () => call(simulator, accessToken, '/auth/validate');
  expect((await validate()).body).toMatchObject({
    client_id: id,
    login: 'watcher',
    scopes: ['chat:read'],
    expires_in: 499,
  });
  expect((await post(simulator, 'revoke', { client_id: id, token: accessToken })).status).toBe(200);
  expect((await validate()).status).toBe(401);
});

test('a refresh token works once, and the access token it came with ends', async () => {
  const simulator = await startSimulator();
  const grant = simulator.grant('watcher', ['chat:read']);
  const fields = {
    client_id: id,
    client_secret: secret,
    grant_type: 'refresh_token',
    refresh_token: grant.refreshToken,
  };
  const fresh = await post(simulator, 'token', fields);
  expect(fresh.body).toMatchObject({ scope: ['chat:read'], token_type: 'bearer', refresh_token: expect.any(String) });
  expect((await post(simulator, 'token', fields)).body).toMatchObject({
    status: 400,
    message: 'Invalid refresh token',
  });
  expect((await call(simulator, grant.accessToken, '/auth/validate')).status).toBe(401);
  expect((await call(simulator, fresh.body.access_token, '/auth/validate')).status).toBe(200);
});

test('a device waits for its user', async () => {
  const simulator = await startSimulator();
  const { body: begun } = await post(simulator, 'device', { client_id: id, scopes: 'chat:read bits:read' });
  expect(begun).toMatchObject({ interval: 5, expires_in: 1800 });
  const ask = () => post(simulator, 'token', { client_id: id, grant_type: device, device_code: begun.device_code });
  expect((await ask()).body.message).toBe('authorization_pending');
  expect(simulator.order({ order: 'approve_device', userCode: begun.user_code, login: 'watcher' })).toBe(true);
  expect((await ask()).body.scope).toEqual(['chat:read', 'bits:read']);
  expect((await ask()).body.message).toBe('invalid device code');
});

test('the endpoint fails on order', async () => {
  const simulator = await startSimulator();
  simulator.order({ order: 'lay_fault', fault: 'oauth.fail' });
  const fields = { client_id: id, client_secret: secret, grant_type: 'client_credentials' };
  expect((await post(simulator, 'token', fields)).status).toBe(500);
  expect((await post(simulator, 'token', fields)).status).toBe(200);
});
