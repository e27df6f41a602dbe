import { Registry } from 'prom-client';
import { afterEach, describe, expect, it } from 'vitest';
import { pointTwurpleAt } from '../../../src/config/load.ts';
import { createHelixApi } from '../../../src/helix-api/api.ts';
import { createHelixMetrics } from '../../../src/helix-api/metrics.ts';
import { simulatedApplication } from '../../../src/simulator/stage.ts';
import { createHelixClient, type HelixRequests } from '../../../src/sources/helix/helix-client.ts';
import { closeAfterwards, startSimulator } from '../../simulator/support.ts';

afterEach(() => {
  delete process.env.TWURPLE_MOCK_API_PORT;
});

/** The client on the real requests, against the simulator. */
async function setScene() {
  const simulator = await startSimulator({ channels: 250, liveShare: 1 });
  pointTwurpleAt(`http://127.0.0.1:${simulator.port}`);
  const registry = new Registry();
  const token = simulator.grant('somebody', []).accessToken;
  const api = createHelixApi({
    name: 'app',
    clientId: simulatedApplication.id,
    token: { get: async () => token, renew: async () => token },
    metrics: createHelixMetrics(registry),
  });
  await api.start(new AbortController().signal, () => {});
  closeAfterwards(() => api.stop(AbortSignal.abort()));
  return { simulator, client: createHelixClient({ api, registry }), registry };
}

/** The client on one answer. */
function answering(answer: unknown) {
  const api: HelixRequests = { get: async () => answer, budget: () => ({ limit: 800, left: 800 }) };
  const registry = new Registry();
  return { client: createHelixClient({ api, registry }), registry };
}

describe('the Helix client', () => {
  it('gets all of 100 live channels in one request, and knows the budget', async () => {
    const { simulator, client } = await setScene();
    const ids = simulator.world.channels.slice(0, 100).map(({ id }) => id);
    const { live } = await client.streams(ids);
    expect(new Set(live.map((stream) => stream.user_id))).toEqual(new Set(ids));
    expect(simulator.truth().helix.requests).toMatchObject({ 'GET /streams 200': 1 });
    expect(client.budget()).toMatchObject({ limit: 800, left: 799 });
  });

  it('looks users up by login and by id, and leaves out those that Twitch does not know', async () => {
    const { simulator, client } = await setScene();
    const { id, login } = simulator.world.channels[7] ?? { id: '', login: '' };
    expect(await client.users('login', [login, 'no_such_login'])).toMatchObject([{ id, login }]);
    expect(await client.users('id', [id])).toMatchObject([{ id, login }]);
  });

  it('tells of a row that it cannot read whose it is, and counts it', async () => {
    const { client, registry } = answering({ data: [{ user_id: '7', title: 5 }] });
    expect(await client.streams(['7'])).toEqual({ live: [], unclear: ['7'] });
    expect(await registry.metrics()).toContain('helix_rejected_rows_total{list="streams"} 1');
  });

  it.each([[{ data: [{ title: 'whose?' }] }], [{ data: 'nonsense' }], ['<html>'], [undefined]])(
    'trusts nothing of %j',
    async (answer) => {
      await expect(answering(answer).client.streams(['7'])).rejects.toMatchObject({
        name: 'UpstreamError',
        retry: true,
      });
    },
  );

  it('takes null for an empty list', async () => {
    expect(await answering({ data: null }).client.streams(['7'])).toEqual({ live: [], unclear: [] });
  });
});
