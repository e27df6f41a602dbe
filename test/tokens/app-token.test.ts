import { describe, expect, it } from 'vitest';
import { AppToken } from '../../src/tokens/app-token.ts';
import { createOAuth } from '../../src/tokens/oauth.ts';
import { hourMs, type Scene, setScene } from './support.ts';

const appTokenOf = ({ oauth, clock }: Scene) => new AppToken(oauth, clock);
const fiveMinutesMs = 300_000;

describe('the app token', () => {
  it('is got once for all who ask at the same time', async () => {
    const scene = await setScene();
    const token = appTokenOf(scene);
    const got = await Promise.all(Array.from({ length: 20 }, () => token.get()));
    expect(new Set(got).size).toBe(1);
    expect(scene.requests()).toEqual({ 'token 200': 1 });
  });

  it('is kept until five minutes before its end', async () => {
    const scene = await setScene({ appTokenSeconds: 7_200 });
    const token = appTokenOf(scene);
    const first = await token.get();
    scene.clock.advance(2 * hourMs - fiveMinutesMs - 1);
    expect(await token.get()).toBe(first);
    scene.clock.advance(1);
    const second = await token.get();
    expect(second).not.toBe(first);
    expect(token.status()).toMatchObject({ state: 'good', expiresAt: scene.clock.now() + 2 * hourMs });
  });

  it('serves its last minutes while the renewal fails, and no longer', async () => {
    const scene = await setScene({ appTokenSeconds: 7_200 });
    const token = appTokenOf(scene);
    const first = await token.get();
    scene.simulator.order({ order: 'lay_fault', fault: 'oauth.fail', times: 1_000 });
    scene.clock.advance(2 * hourMs - fiveMinutesMs);
    expect(await token.get()).toBe(first);
    scene.clock.advance(fiveMinutesMs);
    await expect(token.get()).rejects.toMatchObject({ retry: true });
  });

  it('is renewed once when all who use it are refused at once', async () => {
    const scene = await setScene();
    const token = appTokenOf(scene);
    const stale = await token.get();
    const fresh = await Promise.all(Array.from({ length: 10 }, () => token.renew(stale)));
    expect(new Set(fresh).size).toBe(1);
    expect(await token.renew(stale)).toBe(fresh[0]);
    expect(scene.requests()).toEqual({ 'token 200': 2 });
  });

  it('is not asked for faster and faster when Twitch refuses what it gives', async () => {
    const scene = await setScene();
    const token = appTokenOf(scene);
    let current = await token.get();
    for (let i = 0; i < 5; i++) current = await token.renew(current);
    await expect(token.renew(current)).rejects.toMatchObject({ retry: true });
    await expect(token.get()).rejects.toMatchObject({ retry: true });
    expect(scene.requests()).toEqual({ 'token 200': 6 });
    scene.clock.advance(61_000);
    expect(await token.get()).toMatch(/^\w+$/);
  });

  it('backs off: a failure answers at once until the pause is over', async () => {
    const scene = await setScene();
    const token = appTokenOf(scene);
    scene.simulator.order({ order: 'lay_fault', fault: 'oauth.fail', times: 2 });
    await expect(token.get()).rejects.toMatchObject({ retry: true });
    await expect(token.get()).rejects.toMatchObject({ retry: true });
    expect(scene.requests()).toEqual({ 'token 500': 1 });
    scene.clock.advance(1_000);
    await expect(token.get()).rejects.toMatchObject({ retry: true });
    scene.clock.advance(2_000);
    expect(await token.get()).toMatch(/^\w+$/);
    expect(token.status()).toMatchObject({ state: 'good', lastError: undefined });
  });

  it('says that the operator is needed, and asks again only after ten minutes', async () => {
    const scene = await setScene();
    const oauth = createOAuth({ clientId: 'nobody', clientSecret: 'nothing' });
    const token = new AppToken(oauth, scene.clock);
    for (let i = 0; i < 3; i++) await expect(token.get()).rejects.toMatchObject({ retry: false });
    expect(token.status()).toMatchObject({ state: 'refused', lastError: expect.stringContaining('TWITCH_CLIENT_ID') });
    expect(scene.requests()).toEqual({ 'token 400': 1 });
    scene.clock.advance(600_000);
    await expect(token.get()).rejects.toMatchObject({ retry: false });
    expect(scene.requests()).toEqual({ 'token 400': 2 });
  });

  it('is validated every hour, and replaced when Twitch does not know it any more', async () => {
    const scene = await setScene();
    const token = appTokenOf(scene);
    await token.upkeep();
    expect(scene.requests()).toEqual({ 'token 200': 1 });
    scene.clock.advance(hourMs);
    await token.upkeep();
    await token.upkeep();
    expect(scene.requests()).toEqual({ 'token 200': 1, 'validate 200': 1 });
    expect(token.status().validatedAt).toBe(scene.clock.now());
    scene.simulator.order({ order: 'expire_tokens' });
    scene.clock.advance(hourMs);
    const before = await token.get();
    await token.upkeep();
    expect(await token.get()).not.toBe(before);
    expect(scene.requests()).toEqual({ 'token 200': 2, 'validate 200': 1, 'validate 401': 1 });
  });

  it('stays in use when a validation gets no answer', async () => {
    const scene = await setScene();
    const token = appTokenOf(scene);
    const first = await token.get();
    scene.clock.advance(hourMs);
    scene.simulator.order({ order: 'lay_fault', fault: 'oauth.fail', times: 1 });
    await token.upkeep();
    expect(token.status().state).toBe('failing');
    expect(await token.get()).toBe(first);
    scene.clock.advance(60_000);
    await token.upkeep();
    expect(token.status().state).toBe('good');
  });
});
