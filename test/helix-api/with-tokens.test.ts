import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createHelixApi, type HelixApi, type TokenSource } from '../../src/helix-api/api.ts';
import { createHelixMetrics } from '../../src/helix-api/metrics.ts';
import { simulatedApplication } from '../../src/simulator/stage.ts';
import { closeAfterwards } from '../simulator/support.ts';
import { createMemoryStore, grantedToken, makeTokens, type Scene, setScene } from '../tokens/support.ts';

const purpose = { purpose: 'users', priority: 'users' } as const;

function makeApi(token: TokenSource): HelixApi {
  const metrics = createHelixMetrics(new Registry());
  const api = createHelixApi({ name: 'app', clientId: simulatedApplication.id, token, metrics });
  closeAfterwards(() => api.stop(AbortSignal.abort()));
  return api;
}

const someUser = ({ simulator }: Scene) => ({ id: simulator.world.channels[0]?.id });

describe('Helix with the tokens of the daemon', () => {
  it('needs one new app token for all requests that are refused at once', async () => {
    const scene = await setScene();
    const tokens = makeTokens(scene);
    const api = makeApi({ get: () => tokens.app(), renew: (stale) => tokens.renewApp(stale) });
    await api.get('users', someUser(scene), purpose);
    scene.simulator.order({ order: 'expire_tokens' });
    const all = Array.from({ length: 10 }, () => api.get('users', someUser(scene), purpose));
    for (const answer of await Promise.all(all)) expect(answer).toMatchObject({ data: [{}] });
    expect(scene.requests()).toEqual({ 'token 200': 2 });
  });

  it('refreshes the token of a user once, and spends from the bucket of that user', async () => {
    const scene = await setScene();
    const store = createMemoryStore();
    await store.save(grantedToken(scene));
    const tokens = makeTokens(scene, { store });
    const app = makeApi({ get: () => tokens.app(), renew: (stale) => tokens.renewApp(stale) });
    const user = makeApi({
      get: () => tokens.user('watcher'),
      renew: (stale) => tokens.renewUser('watcher', stale),
    });
    scene.simulator.order({ order: 'expire_tokens' });
    await Promise.all(Array.from({ length: 10 }, () => user.get('users', someUser(scene), purpose)));
    await app.get('users', someUser(scene), purpose);
    expect(scene.requests()).toEqual({ 'token 200': 2 });
    expect([app.budget().left, user.budget().left]).toEqual([799, expect.any(Number)]);
    expect(user.budget().left).toBeLessThan(791);
  });

  it('says what the operator has to mend', async () => {
    const scene = await setScene();
    const tokens = makeTokens(scene, { clientSecret: 'wrong' });
    const api = makeApi({ get: () => tokens.app(), renew: (stale) => tokens.renewApp(stale) });
    await expect(api.get('users', someUser(scene), purpose)).rejects.toMatchObject({
      name: 'UpstreamError',
      retry: false,
      message: expect.stringContaining('TWITCH_CLIENT_SECRET'),
    });
  });
});
