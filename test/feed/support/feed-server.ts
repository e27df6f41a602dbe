/** A feed on a free port with three watched channels, and everything a test may want to hold in its hands. */
import { Registry } from 'prom-client';
import { createFeedServer, type FeedServer, type FeedServerOptions } from '../../../src/feed/feed-server.ts';
import { createFeedHub, type FeedHub, type FeedHubOptions } from '../../../src/feed/hub.ts';
import type { StateView } from '../../../src/feed/state-view.ts';
import { createLog, type Logger } from '../../../src/ops/log.ts';
import { channels, sentAt, stream } from './facts.ts';
import { type ConnectOptions, OracleClient } from './oracle-client.ts';

export const state: StateView = {
  snapshot: (ids) =>
    channels
      .filter(({ id }) => ids === undefined || ids.includes(id))
      .map((channel) => ({ channel, stream: channel.login === 'alpha' ? stream : undefined, asOf: sentAt })),
};

export function resolveChannel(name: string) {
  return channels.find(({ id, login }) => name === login || name === `id:${id}`);
}

export interface RunningFeed {
  readonly hub: FeedHub;
  readonly server: FeedServer;
  readonly registry: Registry;
  readonly origin: string;
  readonly faults: Error[];
  connect(query?: string, options?: ConnectOptions): OracleClient;
  stop(): Promise<void>;
}

export interface RunOptions {
  readonly hub?: Partial<FeedHubOptions>;
  readonly server?: Partial<FeedServerOptions>;
  readonly log?: Logger;
}

export async function runFeed(engine: 'uws' | 'ws' | 'auto', options: RunOptions = {}): Promise<RunningFeed> {
  const registry = new Registry();
  const hub = createFeedHub({ state, resolveChannel, registry, serverVersion: '0.0.0', ...options.hub });
  const log = options.log ?? createLog({ level: 'silent' });
  const fetch = () => new Response('not found', { status: 404 });
  const server = createFeedServer({ engine, host: '127.0.0.1', port: 0, hub, fetch, log, ...options.server });
  const faults: Error[] = [];
  await server.start(new AbortController().signal, (error) => faults.push(error));
  const { host, port } = server.address();
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const clients: OracleClient[] = [];
  return {
    hub,
    server,
    registry,
    origin: `http://${authority}`,
    faults,
    connect(query = '', connectOptions) {
      const client = new OracleClient(`ws://${authority}/v1/feed${query}`, connectOptions);
      clients.push(client);
      return client;
    },
    async stop() {
      await server.stop(AbortSignal.timeout(5_000));
      for (const client of clients) client.socket.terminate();
    },
  };
}
