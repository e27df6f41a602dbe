import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/lib/errors.ts';
import { createFileTokenStore } from '../../src/tokens/file-token-store.ts';
import type { Tokens } from '../../src/tokens/tokens.ts';
import { waitUntil } from '../simulator/support.ts';
import { createMemoryStore, grantedToken, hourMs, makeFolder, makeTokens, setScene } from './support.ts';

const never = new AbortController().signal;
const noFault = (error: Error) => {
  throw error;
};

const start = (tokens: Tokens) => tokens.start(never, noFault);

describe('the tokens of an application', () => {
  it('are there soon after the start, and replaced in the background before they end', async () => {
    const scene = await setScene({ appTokenSeconds: 7_200 });
    const store = createMemoryStore();
    await store.save(grantedToken(scene));
    const tokens = makeTokens(scene, { store });
    await start(tokens);
    await waitUntil(() => tokens.status().app.state === 'good' && scene.clock.asleep === 1);
    const [app, user] = [await tokens.app(), await tokens.user('watcher')];
    scene.clock.advance(2 * hourMs - 300_000);
    await waitUntil(() => scene.clock.asleep === 1);
    expect(scene.requests()['token 200']).toBe(2);
    expect(await tokens.app()).not.toBe(app);
    expect(await tokens.user('watcher')).toBe(user);
    scene.clock.advance(2 * hourMs);
    await waitUntil(() => scene.clock.asleep === 1);
    expect(await tokens.user('watcher')).not.toBe(user);
  });

  it('start without Twitch, and come when it is back', async () => {
    const scene = await setScene();
    scene.simulator.order({ order: 'lay_fault', fault: 'oauth.fail', times: 3 });
    const tokens = makeTokens(scene);
    await start(tokens);
    await waitUntil(() => tokens.status().app.state === 'failing');
    for (let i = 0; i < 3; i++) {
      await waitUntil(() => scene.clock.asleep === 1);
      scene.clock.advance(10_000);
    }
    await waitUntil(() => tokens.status().app.state === 'good');
  });

  it('do not start from a damaged file', async () => {
    const scene = await setScene();
    const path = join(makeFolder(), 'tokens.json');
    const store = createFileTokenStore(path);
    await store.save({ ...grantedToken(scene), userId: '' });
    await expect(start(makeTokens(scene, { store }))).rejects.toBeInstanceOf(ConfigError);
  });

  it('outlive a file that is damaged later', async () => {
    const scene = await setScene();
    const store = createMemoryStore();
    await store.save(grantedToken(scene));
    const tokens = makeTokens(scene, { store });
    await start(tokens);
    const first = await tokens.user('watcher');
    const damaged = () => Promise.reject(new ConfigError([{ path: 'tokens.json', message: 'damaged' }]));
    Object.assign(store, { load: damaged, list: damaged });
    scene.clock.advance(hourMs);
    await waitUntil(() => scene.clock.asleep === 1);
    expect(await tokens.user('watcher')).toBe(first);
    await expect(tokens.renewUser('watcher', first)).rejects.toMatchObject({ name: 'UpstreamError', retry: true });
  });

  it('finish a refresh that is under way when they stop, so that the new pair is saved', async () => {
    const scene = await setScene();
    const store = createMemoryStore();
    const token = grantedToken(scene);
    await store.save(token);
    const tokens = makeTokens(scene, { store });
    await start(tokens);
    await waitUntil(() => scene.clock.asleep === 1);
    scene.simulator.order({ order: 'http_slow', path: '/auth/token', delayMs: 50 });
    const refreshed = tokens.renewUser('watcher', token.accessToken);
    await tokens.stop(new AbortController().signal);
    expect(store.tokens.get('watcher')?.accessToken).toBe(await refreshed);
  });

  it('stop in time when Twitch hangs', async () => {
    const scene = await setScene();
    const store = createMemoryStore();
    const token = grantedToken(scene);
    await store.save(token);
    const tokens = makeTokens(scene, { store });
    await start(tokens);
    await waitUntil(() => scene.clock.asleep === 1);
    scene.simulator.order({ order: 'http_hang', path: '/auth/token' });
    const refused = expect(tokens.renewUser('watcher', token.accessToken)).rejects.toMatchObject({ retry: true });
    await waitUntil(() => scene.requests()['token hung'] === 1);
    await tokens.stop(AbortSignal.abort());
    await refused;
    await tokens.stop(never);
  });

  it('of a public client are only those of users', async () => {
    const scene = await setScene();
    const tokens = makeTokens(scene, { clientSecret: undefined });
    await start(tokens);
    await expect(tokens.app()).rejects.toMatchObject({ retry: false, message: /TWITCH_CLIENT_SECRET/ });
    expect(tokens.status().app.state).toBe('none');
  });

  it('report a bug instead of hiding it', async () => {
    const scene = await setScene();
    const store = createMemoryStore();
    await store.save(grantedToken(scene));
    const broken = {
      now: scene.clock.now,
      elapsed: scene.clock.elapsed,
      sleep: () => Promise.reject(new TypeError('a bug')),
    };
    const tokens = makeTokens(scene, { store, clock: broken });
    const fail = vi.fn();
    await tokens.start(never, fail);
    await waitUntil(() => fail.mock.calls.length > 0);
    expect(fail.mock.calls[0]?.[0]).toMatchObject({ message: 'a bug' });
  });
});
