import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { authorizeByCode } from '../../src/tokens/code-flow.ts';
import type { Consent } from '../../src/tokens/device-flow.ts';
import type { Redemption } from '../../src/tokens/oauth.ts';
import { closeAfterwards, waitUntil } from '../simulator/support.ts';

const grant = { accessToken: 'a', refreshToken: 'r', scopes: ['bits:read'], expiresInSeconds: 1 };

/** The port must be known before, because it is a part of what is registered with Twitch. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function begin(answer: Redemption = { outcome: 'granted', grant }) {
  const port = await freePort();
  const redirectUri = `http://localhost:${port}/callback`;
  const stop = new AbortController();
  const lines: string[] = [];
  const redeemCode = vi.fn(async () => answer);
  const consent = authorizeByCode({
    clientId: 'client',
    oauth: { redeemCode },
    scopes: ['bits:read', 'user:read:chat'],
    redirectUri,
    print: (line) => lines.push(line),
    signal: stop.signal,
  });
  closeAfterwards(() => {
    stop.abort();
    return consent.then(
      () => {},
      () => {},
    );
  });
  await waitUntil(() => lines.length > 0);
  const asked = new URL(lines[0]?.slice('Open '.length) ?? '');
  const visit = async (query: Record<string, string>, path = '/callback') => {
    const response = await fetch(`http://127.0.0.1:${port}${path}?${new URLSearchParams(query)}`);
    return { status: response.status, text: await response.text() };
  };
  return { consent, redirectUri, asked, state: asked.searchParams.get('state') ?? '', visit, stop, redeemCode };
}

describe('the code flow', () => {
  it('sends the browser to Twitch, takes the code that comes back, and redeems it', async () => {
    const { consent, redirectUri, asked, state, visit, redeemCode } = await begin();
    expect(`${asked.origin}${asked.pathname}`).toBe('https://id.twitch.tv/oauth2/authorize');
    expect(Object.fromEntries(asked.searchParams)).toEqual({
      client_id: 'client',
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: 'bits:read user:read:chat',
      state: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(await visit({ code: 'c0de', state })).toMatchObject({ status: 200, text: /Thank you/ });
    expect(await consent).toEqual<Consent>({ outcome: 'granted', grant });
    expect(redeemCode).toHaveBeenCalledExactlyOnceWith('c0de', redirectUri);
  });

  it('turns away who does not know the state, and waits on', async () => {
    const { consent, state, visit, redeemCode } = await begin();
    for (const wrong of [{}, { state: '' }, { state: 'x' }, { state: state.replace(/./, 'x') }]) {
      expect(await visit({ code: 'evil', ...wrong })).toMatchObject({ status: 400 });
    }
    expect(await visit({}, '/favicon.ico')).toMatchObject({ status: 404 });
    expect(redeemCode).not.toHaveBeenCalled();
    await visit({ code: 'good', state });
    expect(await consent).toMatchObject({ outcome: 'granted' });
  });

  it('says so when the user refuses', async () => {
    const { consent, state, visit } = await begin();
    expect((await visit({ error: 'access_denied', state })).text).toContain('refused');
    expect(await consent).toEqual({ outcome: 'denied' });
  });

  it('says so when Twitch does not take the code', async () => {
    const { consent, state, visit } = await begin({ outcome: 'refused', reason: 'Invalid authorization code' });
    await visit({ code: 'old', state });
    expect(await consent).toEqual({ outcome: 'expired' });
  });

  it('can be cancelled, and leaves the port free', async () => {
    const { consent, stop, redirectUri } = await begin();
    stop.abort();
    expect(await consent).toEqual({ outcome: 'cancelled' });
    await expect(fetch(redirectUri.replace('localhost', '127.0.0.1'))).rejects.toThrow();
  });

  it('says so when the port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    closeAfterwards(() => server.close());
    const flow = authorizeByCode({
      clientId: 'client',
      oauth: { redeemCode: async () => ({ outcome: 'granted', grant }) },
      scopes: [],
      redirectUri: `http://localhost:${(server.address() as AddressInfo).port}/`,
      print: () => {},
      signal: new AbortController().signal,
    });
    await expect(flow).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
