import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { pointTwurpleAt } from '../../../src/config/load.ts';
import { UpstreamError } from '../../../src/lib/errors.ts';
import { createSimulator, type SimulatorOptions } from '../../../src/simulator/simulator.ts';
import { simulatedApplication } from '../../../src/simulator/stage.ts';
import { createHelixClient } from '../../../src/sources/helix/helix-client.ts';
import { closeAfterwards, startSimulator } from '../../simulator/support.ts';

afterEach(() => {
  delete process.env.TWURPLE_MOCK_API_PORT;
});

async function setScene(options: SimulatorOptions = {}, requestTimeoutMs = 10_000) {
  const simulator = await startSimulator({ channels: 250, liveShare: 1, ...options });
  pointTwurpleAt(`http://127.0.0.1:${simulator.port}`);
  const registry = new Registry();
  const { id: clientId, secret: clientSecret } = simulatedApplication;
  const client = createHelixClient({ clientId, clientSecret, registry, requestTimeoutMs });
  await client.start(new AbortController().signal, () => {});
  closeAfterwards(() => client.stop(AbortSignal.abort()));
  return { simulator, client, registry };
}

describe('the Helix client', () => {
  it('gets all of 100 live channels in one request, and reads the budget', async () => {
    const { simulator, client } = await setScene();
    const ids = simulator.world.channels.slice(0, 100).map(({ id }) => id);
    const { live } = await client.streams(ids);
    expect(new Set(live.map((stream) => stream.user_id))).toEqual(new Set(ids));
    expect(simulator.truth().helix.requests).toMatchObject({ 'GET /streams 200': 1 });
    expect(client.budget()).toMatchObject({ limit: 800, remaining: 799 });
    expect(client.budget()?.resetsAt).toBeGreaterThan(Date.now() - 1000);
  });

  it('looks users up by login and by id, and leaves out those that Twitch does not know', async () => {
    const { simulator, client } = await setScene();
    const { id, login } = simulator.world.channels[7] ?? { id: '', login: '' };
    expect(await client.users('login', [login, 'no_such_login'])).toMatchObject([{ id, login }]);
    expect(await client.users('id', [id])).toMatchObject([{ id, login }]);
  });

  it('takes a new token once when the old one is refused', async () => {
    const { simulator, client } = await setScene();
    const ids = [simulator.world.channels[0]?.id ?? ''];
    await client.streams(ids);
    simulator.order({ order: 'expire_tokens' });
    expect((await client.streams(ids)).live).toHaveLength(1);
    expect(simulator.truth().helix.requests).toMatchObject({ 'GET /streams 200': 2, 'GET /streams 401': 1 });
  });

  it('outlives a short 503', async () => {
    const { simulator, client } = await setScene();
    simulator.order({ order: 'http_status', status: 503, path: '/mock/streams', times: 1 });
    expect((await client.streams([simulator.world.channels[0]?.id ?? ''])).live).toHaveLength(1);
  });

  it('says that a long 503 may be tried again, without the credentials in its words', async () => {
    const { simulator, client, registry } = await setScene();
    simulator.order({ order: 'http_status', status: 503, path: '/mock/streams', times: 10 });
    const error = await client.streams(['1']).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UpstreamError);
    expect(error).toMatchObject({ retry: true, message: 'Helix streams: HTTP 503' });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(simulatedApplication.secret);
    expect(await registry.metrics()).toContain('helix_requests_total{status="503"} 1');
  }, 15_000);

  it('gives up on an answer that never comes', async () => {
    const { simulator, client } = await setScene({}, 100);
    simulator.order({ order: 'http_hang', path: '/mock/streams', times: 10 });
    await expect(client.streams(['1'])).rejects.toMatchObject({ name: 'UpstreamError', retry: true });
  }, 15_000);

  it('gives up on a token that never comes, and when the daemon stops', async () => {
    const { simulator, client } = await setScene({}, 100);
    simulator.order({ order: 'http_hang', path: '/auth/token', times: 10 });
    await expect(client.streams(['1'])).rejects.toMatchObject({ name: 'UpstreamError', retry: true });
    const stopping = new AbortController();
    await client.start(stopping.signal, () => {});
    const request = client.streams(['1']);
    stopping.abort();
    await expect(request).rejects.toThrow('stopped');
  });

  it('refuses an answer that was cut off', async () => {
    const { simulator, client } = await setScene();
    simulator.order({ order: 'http_truncate', path: '/mock/streams', times: 10 });
    await expect(client.streams(['1'])).rejects.toMatchObject({ name: 'UpstreamError' });
  }, 15_000);

  it('says that wrong credentials are wrong, and does not repeat them', async () => {
    const simulator = createSimulator({ isPlaying: false });
    await simulator.start(new AbortController().signal, () => {});
    closeAfterwards(() => simulator.stop(AbortSignal.abort()));
    pointTwurpleAt(`http://127.0.0.1:${simulator.port}`);
    const clientSecret = 'not-the-secret-of-this-application';
    const client = createHelixClient({ clientId: simulatedApplication.id, clientSecret, registry: new Registry() });
    const error = await client.streams(['1']).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'UpstreamError', retry: false });
    expect(String(error)).toContain('TWITCH_CLIENT_SECRET');
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(clientSecret);
  });
});
