import { describe, expect, it, vi } from 'vitest';
import { simulatedApplication } from '../../src/simulator/stage.ts';
import { UserTokens } from '../../src/tokens/user-tokens.ts';
import { createMemoryStore, grantedToken, hourMs, type Scene, setScene } from './support.ts';

async function setUsers(scene: Scene, ...logins: string[]) {
  const store = createMemoryStore();
  const onRevoked = vi.fn();
  for (const login of logins) await store.save(grantedToken(scene, login));
  const { oauth, clock } = scene;
  const users = new UserTokens({ clientId: simulatedApplication.id, oauth, store, clock, onRevoked });
  await users.load();
  return { users, store, onRevoked };
}

describe("users' tokens", () => {
  it('are refreshed once for all who ask, five minutes before the end, and saved before they are used', async () => {
    const scene = await setScene();
    const { users, store } = await setUsers(scene, 'watcher');
    const first = await users.get('watcher');
    scene.clock.advance(4 * hourMs - 300_001);
    expect(await users.get('watcher')).toBe(first);
    scene.clock.advance(1);
    const got = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const token = await users.get('watcher');
        expect(store.tokens.get('watcher')?.accessToken).toBe(token);
        return token;
      }),
    );
    expect(new Set(got).size).toBe(1);
    expect(got[0]).not.toBe(first);
    expect(scene.requests()).toEqual({ 'token 200': 1 });
    expect(await scene.oauth.validate(got[0] ?? '')).toMatchObject({ user: { login: 'watcher' } });
  });

  it('can be refreshed again and again, each time with the new refresh token', async () => {
    const scene = await setScene();
    const { users } = await setUsers(scene, 'watcher');
    for (let i = 0; i < 5; i++) {
      const stale = await users.get('watcher');
      expect(await users.renew('watcher', stale)).not.toBe(stale);
    }
    expect(scene.requests()).toEqual({ 'token 200': 5 });
  });

  it('are not refreshed twice for one refusal', async () => {
    const scene = await setScene();
    const { users } = await setUsers(scene, 'watcher');
    const stale = await users.get('watcher');
    const fresh = await Promise.all(Array.from({ length: 10 }, () => users.renew('watcher', stale)));
    expect(new Set([...fresh, await users.renew('watcher', stale)]).size).toBe(1);
    expect(scene.requests()).toEqual({ 'token 200': 1 });
  });

  it('are not handed out while they cannot be saved, and not lost either', async () => {
    const scene = await setScene();
    const { users, store } = await setUsers(scene, 'watcher');
    const stale = await users.get('watcher');
    store.failures = 1;
    await expect(users.renew('watcher', stale)).rejects.toMatchObject({ retry: true, message: /ENOSPC/ });
    expect(users.status()[0]).toMatchObject({ state: 'failing' });
    scene.clock.advance(1_000);
    const fresh = await users.get('watcher');
    expect(store.tokens.get('watcher')?.accessToken).toBe(fresh);
    expect(scene.requests()).toEqual({ 'token 200': 1 });
    expect(users.status()[0]).toMatchObject({ state: 'good', lastError: undefined });
  });

  it('go on in use when a refresh fails for a while', async () => {
    const scene = await setScene();
    const { users } = await setUsers(scene, 'watcher');
    const first = await users.get('watcher');
    scene.clock.advance(4 * hourMs - 200_000);
    scene.simulator.order({ order: 'lay_fault', fault: 'oauth.fail', times: 1 });
    expect(await users.get('watcher')).toBe(first);
    scene.clock.advance(1_000);
    expect(await users.get('watcher')).not.toBe(first);
  });

  it('that were revoked are said once, and leave the others alone', async () => {
    const scene = await setScene();
    const { users, store, onRevoked } = await setUsers(scene, 'gone', 'stays');
    const gone = await users.get('gone');
    await scene.oauth.revoke(gone);
    // The refresh token dies with the consent.
    await scene.oauth.refresh(store.tokens.get('gone')?.refreshToken ?? '');
    for (let i = 0; i < 3; i++) {
      scene.clock.advance(hourMs);
      await users.upkeep();
    }
    expect(onRevoked).toHaveBeenCalledExactlyOnceWith({
      userId: 'gone',
      login: 'gone',
      reason: 'Invalid refresh token',
    });
    expect(users.status()).toMatchObject([
      { userId: 'gone', state: 'revoked', lastError: expect.stringContaining('authorise') },
      { userId: 'stays', state: 'good', validatedAt: scene.clock.now() },
    ]);
    await expect(users.get('gone')).rejects.toMatchObject({ retry: false });
    expect(await users.get('stays')).toMatch(/^\w+$/);
  });

  it('come back when the user consents again in another process', async () => {
    const scene = await setScene();
    const { users, store } = await setUsers(scene, 'watcher');
    await scene.oauth.refresh(store.tokens.get('watcher')?.refreshToken ?? '');
    await expect(users.renew('watcher', await users.get('watcher'))).rejects.toMatchObject({ retry: false });
    await store.save(grantedToken(scene, 'watcher'));
    await users.upkeep();
    expect(users.status()).toMatchObject([{ state: 'good' }]);
    expect(await users.get('watcher')).toBe(store.tokens.get('watcher')?.accessToken);
  });

  it('of unknown users are refused, until another command has stored them', async () => {
    const scene = await setScene();
    const { users, store } = await setUsers(scene);
    await expect(users.get('watcher')).rejects.toMatchObject({ retry: false, message: /authorise/ });
    await store.save(grantedToken(scene, 'watcher'));
    expect(await users.get('watcher')).toBe(store.tokens.get('watcher')?.accessToken);
  });

  it('are taken from whoever shares the store and was faster', async () => {
    const scene = await setScene();
    const { users, store } = await setUsers(scene, 'watcher');
    const stale = await users.get('watcher');
    const theirs = grantedToken(scene, 'watcher');
    await store.save(theirs);
    expect(await users.renew('watcher', stale)).toBe(theirs.accessToken);
    expect(scene.requests()).toEqual({});
  });

  it('are adopted under the id that Twitch gives', async () => {
    const scene = await setScene();
    const { users, store } = await setUsers(scene);
    const { accessToken, refreshToken, scopes, expiresInSeconds } = scene.simulator.grant('watcher', ['bits:read']);
    const stored = await users.adopt({ accessToken, refreshToken, scopes, expiresInSeconds });
    expect(stored).toMatchObject({ login: 'watcher', accessToken, refreshToken });
    expect(store.tokens.get(stored.userId)).toEqual(stored);
    expect(await users.get(stored.userId)).toBe(accessToken);
  });

  it('without a refresh token work until they end', async () => {
    const scene = await setScene();
    const store = createMemoryStore();
    await store.save({ ...grantedToken(scene), refreshToken: null });
    const { oauth, clock } = scene;
    const users = new UserTokens({ clientId: 'any', oauth, store, clock, onRevoked: () => {} });
    await users.load();
    expect(await users.get('watcher')).toMatch(/^\w+$/);
    clock.advance(5 * hourMs);
    await expect(users.get('watcher')).rejects.toMatchObject({ retry: false });
  });
});
