/** The sources as the configuration wants them: the real Twitch or a simulated one, Helix only with credentials. */
import { join } from 'node:path';
import type { WatchList } from '../channels/watch-list.ts';
import type { Config } from '../config/schema.ts';
import type { Channel } from '../domain/channel.ts';
import { createHelixApi } from '../helix-api/api.ts';
import { createHelixMetrics } from '../helix-api/metrics.ts';
import type { Ingest } from '../ingest.ts';
import type { Service } from '../lib/lifecycle.ts';
import type { Logger } from '../ops/log.ts';
import type { Registry } from '../ops/metrics.ts';
import type { ChatEndpoint } from '../sources/chat/connection.ts';
import { createHelixClient } from '../sources/helix/helix-client.ts';
import { createStreamsPoller, type StreamsPoller } from '../sources/helix/streams-poller.ts';
import { createUsersPoller } from '../sources/helix/users-poller.ts';
import { createFileTokenStore } from '../tokens/file-token-store.ts';
import { createTokenMetrics, createTokens } from '../tokens/tokens.ts';

interface SourceParts {
  readonly config: Config;
  readonly log: Logger;
  readonly registry: Registry;
  readonly now: () => number;
}

export interface HelixParts {
  readonly streams: StreamsPoller;
  /** In start order. */
  readonly services: readonly Service[];
}

/** @returns undefined without credentials. */
export function createHelix(
  options: SourceParts,
  {
    ingest,
    watchList,
    sweepable,
  }: {
    readonly ingest: Ingest;
    readonly watchList: WatchList;
    readonly sweepable: () => readonly Channel[];
  },
) {
  const { config, log, registry } = options;
  const { twitchClientId: clientId, twitchClientSecret: clientSecret } = config.secrets;
  if (clientId === undefined || clientSecret === undefined) return undefined;
  const tokens = createTokens({
    clientId,
    clientSecret,
    store: createFileTokenStore(join(config.dataDir, 'tokens.json')),
    log: log.child({ part: 'tokens' }),
    metrics: createTokenMetrics(registry),
  });
  const api = createHelixApi({
    name: 'app',
    clientId,
    token: { get: () => tokens.app(), renew: (stale) => tokens.renewApp(stale) },
    metrics: createHelixMetrics(registry),
  });
  const client = createHelixClient({ api, registry });
  const streams = createStreamsPoller({
    client,
    everySeconds: config.helix.streamsEverySeconds,
    channels: sweepable,
    ingest,
    log: log.child({ part: 'helix' }),
    now: options.now,
  });
  const users = createUsersPoller({
    client,
    channels: () => watchList.all(),
    onUser: (user) => watchList.learn(user),
    onUnknown: (login) => watchList.markUnknown(login),
    onLookedUp: () => void streams.sweepNow(),
    log: log.child({ part: 'helix' }),
  });
  return { streams, services: [tokens, api, users, streams] };
}

/** The real Twitch unless the configuration names a simulated one. */
export function chatEndpoint(config: Config): ChatEndpoint {
  if (config.twitchUrl === null) return { host: 'irc-ws.chat.twitch.tv', port: 443, secure: true };
  const url = new URL(config.twitchUrl);
  return { host: url.hostname, port: Number(url.port || 80), secure: false };
}
