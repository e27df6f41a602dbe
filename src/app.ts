/**
 * The wiring: every part is made here, in start order, and nothing else happens here. Sinks start before sources; the stop
 * runs backwards, so what the sources took in is stored before the store goes.
 */
import { WatchList } from './channels/watch-list.ts';
import type { Config } from './config/schema.ts';
import { LiveBoard } from './detect/live-board.ts';
import type { Change } from './domain/change.ts';
import type { Fact } from './domain/fact.ts';
import { createFeedServer, type FeedServer } from './feed/feed-server.ts';
import { createFeedHub, type FeedHub } from './feed/hub.ts';
import { createHttpApp } from './http/app.ts';
import { createIngest } from './ingest.ts';
import type { Service } from './lib/lifecycle.ts';
import { watchEventLoop } from './ops/event-loop.ts';
import type { Logger } from './ops/log.ts';
import type { Registry } from './ops/metrics.ts';
import { createSummary } from './ops/summary.ts';
import { createSystemd } from './ops/systemd.ts';
import { type ChatSource, createChatSource } from './sources/chat/chat-source.ts';
import type { StreamsPoller } from './sources/helix/streams-poller.ts';
import type { StoreClient } from './store/client.ts';
import type { EmbeddedEngine } from './store/engine/embedded-engine.ts';
import type { RowSink } from './store/row-sink.ts';
import { encodeChannelRow, encodeRow, type Row } from './store/rows.ts';
import { createStoreSetup } from './store/setup.ts';
import { createWriter, type Writer } from './store/writer.ts';
import { createChannelsView } from './views/channels-view.ts';
import { checkReadiness } from './views/readiness.ts';
import { createStateView } from './views/state-view.ts';
import { describe, readStatus, summarize } from './views/status-view.ts';
import { createStreamsView } from './views/streams-view.ts';
import type { ViewedParts } from './views/viewed-parts.ts';
import { restore } from './wiring/restore.ts';
import { chatEndpoint, createHelix } from './wiring/source-parts.ts';
import { createClient, createEngine } from './wiring/store-parts.ts';

export interface AppOptions {
  readonly config: Config;
  readonly version: string;
  readonly log: Logger;
  readonly registry: Registry;
  readonly now?: () => number;
  /** Stands between ingest and writer, for tests and for the demo's sabotage. */
  readonly wrapSink?: (sink: RowSink) => RowSink;
  /** Started after the tables are there and stopped after the last row is stored. */
  readonly besideStore?: (client: StoreClient) => Service;
}

export interface App {
  readonly services: readonly Service[];
  readonly watchList: WatchList;
  readonly board: LiveBoard;
  readonly writer: Writer;
  readonly hub: FeedHub;
  readonly server: FeedServer;
  readonly engine: EmbeddedEngine | undefined;
  readonly chat: ChatSource | undefined;
  readonly streams: StreamsPoller | undefined;
}

/** No sweep takes this long: each of its requests has a time-out. */
const stuckMs = 300_000;

export function createApp(options: AppOptions): App {
  const { config, log, registry, version } = options;
  const now = options.now ?? Date.now;
  const startedAt = now();
  const part = (name: string) => log.child({ part: name });

  const engine = createEngine(options);
  const client = createClient(options, engine);
  const writer = createWriter({
    client,
    dataDir: config.dataDir,
    log: part('writer'),
    registry,
    maxBufferedBytes: config.writer.maxBufferedMb * 1024 * 1024,
    flushMs: config.writer.flushMs,
    batch: { rows: config.writer.flushRows, bytes: 4 * 1024 * 1024 },
  });
  const rows = options.wrapSink?.(writer) ?? writer;

  const watchList = new WatchList({
    now,
    onAdded: ({ login }) => chat?.add(login),
    onLearnt: (channel) => rows.append(channelRow(channel, now())),
    onRenamed: (channel, from) => {
      log.info({ from, to: channel.login }, 'channel renamed');
      rows.append(channelRow(channel, now()));
      chat?.rename(from, channel.login);
    },
  });
  const board = new LiveBoard({
    offlineRule: { misses: config.helix.offlineAfterMisses, afterMs: config.helix.offlineAfterSeconds * 1000 },
    watchedSince: (id) => watchList.byId(id)?.trackedSince ?? startedAt,
    runStartedAt: startedAt,
  });
  const hub = createFeedHub({
    state: createStateView({ watchList, board }),
    resolveChannel: (name) => {
      const channel = watchList.resolve(name);
      return channel === undefined ? undefined : { id: channel.id ?? '0', login: channel.login };
    },
    registry,
    serverVersion: version,
    maxConnections: config.feed.maxConnections,
    softLimitBytes: config.feed.maxUnreadKb * 1024,
    now,
  });
  const ingest = createIngest({
    detectors: [(observation) => board.observe(observation)],
    sinks: [(fact) => append(rows, fact), (fact) => hub.publish(fact), (fact) => followRename(watchList, fact)],
  });

  const chat = config.chat.isEnabled
    ? createChatSource({
        endpoint: chatEndpoint(config),
        channelsPerConnection: config.chat.channelsPerConnection,
        joinsPer10Seconds: config.chat.joinsPer10Seconds,
        ingest,
        onJoined: (channel) => watchList.learn(channel),
        log: part('chat'),
        registry,
        now,
      })
    : undefined;
  const helix = createHelix(
    { config, log, registry, now },
    {
      ingest,
      watchList,
      // Before the earlier run is known, whatever a sweep shows would look new.
      sweepable: () => (setup.isReady() ? watchList.identified() : []),
    },
  );
  const setup = createStoreSetup({
    client,
    isEmbedded: engine !== undefined,
    onReady: () => restore({ client, watchList, board: helix === undefined ? undefined : board, rows, now }),
    log: part('store'),
  });
  const loop = watchEventLoop(registry);
  const parts: ViewedParts = {
    startedAt,
    watchList,
    board,
    writer,
    hub,
    server: () => server,
    loop,
    chat,
    streams: helix?.streams,
    engine,
    isStoreReady: () => setup.isReady(),
  };
  const http = createHttpApp({
    channels: createChannelsView(parts),
    streams: createStreamsView(parts),
    status: { read: () => readStatus(parts) },
    readiness: { check: () => checkReadiness(parts) },
    registry,
    log: part('http'),
    version,
  });
  const server: FeedServer = createFeedServer({
    engine: config.feed.engine,
    host: config.http.host,
    port: config.http.port,
    hub,
    fetch: (request) => http.fetch(request),
    log: part('feed'),
    allowedHosts: config.http.allowedHosts,
    allowedOrigins: config.http.allowedOrigins,
    maxConnectionsPerAddress: config.feed.maxConnectionsPerAddress,
    openPaths: ['/livez', '/readyz', '/healthz'],
  });
  for (const login of config.channels) watchList.add(login);

  const systemd = createSystemd({
    settings: config.surroundings.notify,
    // A blocked event loop sends no ping by itself; a sweep that never ends is the other way to be stuck.
    isHealthy: () => (helix?.streams.status().sweep.runningForMs ?? 0) < stuckMs,
    describe: () => describe(readStatus(parts)),
    log: part('systemd'),
  });
  const summary = createSummary({ read: () => summarize(readStatus(parts)), log });
  const services = [
    engine,
    setup,
    options.besideStore?.(client),
    writer,
    loop,
    server,
    chat,
    ...(helix?.services ?? []),
    summary,
    systemd,
  ].filter((service) => service !== undefined);

  return { services, watchList, board, writer, hub, server, engine, chat, streams: helix?.streams };
}

function append(rows: RowSink, fact: Fact): void {
  const row: Row | undefined = encodeRow(fact);
  if (row !== undefined) rows.append(row);
}

/** A sample that shows a new login is how a rename is noticed between two look-ups of users. */
function followRename(watchList: WatchList, fact: Fact | Change): void {
  if (fact.kind === 'channel_renamed') watchList.learn(fact.channel);
}

function channelRow(
  channel: {
    readonly id: string;
    readonly login: string;
    readonly displayName: string | undefined;
    readonly trackedSince: number;
  },
  version: number,
): Row {
  const { id, login, displayName = '', trackedSince } = channel;
  return encodeChannelRow({ channel: { id, login }, displayName, trackedSince, isTracked: true, version });
}
