/** A Helix api on a simulated Twitch, with a source of tokens of its own and waits that are written down instead of waited. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Registry } from 'prom-client';
import { afterEach } from 'vitest';
import { pointTwurpleAt } from '../../src/config/load.ts';
import { createHelixApi, type HelixApi, type HelixApiOptions, type TokenSource } from '../../src/helix-api/api.ts';
import { createHelixMetrics, type HelixMetrics } from '../../src/helix-api/metrics.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';
import { simulatedApplication } from '../../src/simulator/stage.ts';
import { appToken, closeAfterwards, startSimulator } from '../simulator/support.ts';

afterEach(() => {
  delete process.env.TWURPLE_MOCK_API_PORT;
});

export interface ApiScene {
  readonly api: HelixApi;
  readonly registry: Registry;
  readonly metrics: HelixMetrics;
  /** Waits between attempts so far, ms. */
  readonly waits: number[];
}

export function makeApi(token: TokenSource, options: Partial<HelixApiOptions> = {}): ApiScene {
  const registry = new Registry();
  const metrics = options.metrics ?? createHelixMetrics(registry);
  const waits: number[] = [];
  const api = createHelixApi({
    name: 'app',
    clientId: simulatedApplication.id,
    token,
    metrics,
    random: () => 1,
    sleep: async (ms, signal) => {
      waits.push(ms);
      return !signal.aborted;
    },
    ...options,
  });
  closeAfterwards(() => api.stop(AbortSignal.abort()));
  return { api, registry, metrics, waits };
}

export async function setScene(
  options: SimulatorOptions = {},
  apiOptions: Partial<HelixApiOptions> = {},
): Promise<ApiScene & { readonly simulator: Simulator; readonly renewed: string[] }> {
  const simulator = await startSimulator({ channels: 250, liveShare: 1, ...options });
  pointTwurpleAt(`http://127.0.0.1:${simulator.port}`);
  let token = await appToken(simulator);
  const renewed: string[] = [];
  const source: TokenSource = {
    get: async () => token,
    async renew(stale) {
      renewed.push(stale);
      if (stale === token) token = await appToken(simulator);
      return token;
    },
  };
  return { ...makeApi(source, apiOptions), simulator, renewed };
}

/** A server of a few lines where Twitch's command-line mock or a broken proxy is wanted. */
export async function serve(listener: RequestListener): Promise<void> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeAfterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  pointTwurpleAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
