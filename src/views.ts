/** What status pages, probes and the feed's snapshots show, read from the parts when somebody asks. */
import type { WatchedChannel, WatchList } from './channels/watch-list.ts';
import type { LiveBoard } from './detect/live-board.ts';
import type { FeedServer } from './feed/feed-server.ts';
import type { FeedHub } from './feed/hub.ts';
import type { StateView } from './feed/state-view.ts';
import type {
  ChannelsView,
  HttpDeps,
  JoinState,
  ReadinessCheck,
  Status,
  StreamsView,
  TrackedChannel,
} from './http/deps.ts';
import type { EventLoopWatch } from './ops/event-loop.ts';
import type { ChatSource, SeatStatus } from './sources/chat/chat-source.ts';
import type { StreamsPoller } from './sources/helix/streams-poller.ts';
import type { EmbeddedEngine } from './store/engine/embedded-engine.ts';
import type { Writer } from './store/writer.ts';

export interface ViewedParts {
  readonly startedAt: number;
  readonly watchList: WatchList;
  readonly board: LiveBoard;
  readonly writer: Writer;
  readonly hub: FeedHub;
  readonly server: () => FeedServer;
  readonly loop: EventLoopWatch;
  /** undefined when chat is switched off. */
  readonly chat: ChatSource | undefined;
  /** undefined without credentials. */
  readonly streams: StreamsPoller | undefined;
  /** undefined with a server by URL. */
  readonly engine: EmbeddedEngine | undefined;
}

type Views = Pick<HttpDeps, 'channels' | 'streams' | 'status' | 'readiness'>;

export function createViews(parts: ViewedParts): Views {
  return {
    channels: createChannelsView(parts),
    streams: createStreamsView(parts),
    status: { read: () => readStatus(parts) },
    readiness: { check: () => checkReadiness(parts) },
  };
}

/** The present as the feed tells it to a client that joins. */
export function createStateView({ watchList, board }: Pick<ViewedParts, 'watchList' | 'board'>): StateView {
  const stateOf = (channel: WatchedChannel) => {
    const { id = '0', login } = channel;
    const state = board.state(id);
    return { channel: { id, login }, stream: state?.stream, asOf: state?.asOf ?? 0 };
  };
  return {
    snapshot: (ids) =>
      ids === undefined
        ? watchList.all().map(stateOf)
        : ids.flatMap((id) => {
            const channel = watchList.byId(id);
            return channel === undefined ? [] : [stateOf(channel)];
          }),
  };
}

function createChannelsView({ watchList, board, chat }: ViewedParts): ChannelsView {
  const describe = (channel: WatchedChannel, seat: SeatStatus | undefined): TrackedChannel => {
    const phase = channel.id === undefined ? 'unknown' : board.state(channel.id)?.phase;
    return {
      channel: { id: channel.id ?? '0', login: channel.login },
      displayName: channel.displayName,
      chat: { state: joinState(seat), reason: joinReason(channel, seat, chat !== undefined) },
      isLive: phase === 'live' || phase === 'offline' ? phase === 'live' : undefined,
      trackedSince: channel.trackedSince,
    };
  };
  return {
    list: () => {
      const seats = new Map(chat?.status().seats.map((seat) => [seat.login, seat]));
      return watchList.all().map((channel) => describe(channel, seats.get(channel.login)));
    },
    find: (id) => {
      const channel = watchList.byId(id);
      if (channel === undefined) return undefined;
      return describe(
        channel,
        chat?.status().seats.find((seat) => seat.login === channel.login),
      );
    },
  };
}

function joinState(seat: SeatStatus | undefined): JoinState {
  if (seat === undefined || seat.state === 'queued' || seat.state === 'joining') return 'pending';
  return seat.state;
}

function joinReason(channel: WatchedChannel, seat: SeatStatus | undefined, isChatOn: boolean): string | undefined {
  if (!isChatOn) return 'chat is switched off';
  if (channel.isUnknown) return 'Twitch knows no channel of this login';
  if (seat?.state === 'queued') return 'waits for its turn to join';
  return seat?.problem;
}

function createStreamsView({ watchList, board, streams }: ViewedParts): StreamsView {
  return {
    live: () =>
      board.all().flatMap(({ channel, stream, phase }) => {
        if (phase !== 'live' || stream === undefined) return [];
        return [{ channel, displayName: watchList.byId(channel.id)?.displayName, stream }];
      }),
    asOf: () => streams?.status().sweep.lastSuccessAt,
  };
}

function readStatus(parts: ViewedParts): Status {
  const { chat, streams, hub, writer } = parts;
  const feed = hub.status();
  return {
    startedAt: parts.startedAt,
    credentials:
      streams === undefined
        ? { state: 'absent', reason: 'set TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET to learn who is live' }
        : { state: 'present' },
    chat: readChat(chat),
    helix: streams === undefined ? undefined : readHelix(streams),
    store: readStore(writer, parts.engine !== undefined),
    feed: { engine: parts.server().address().engine, connections: feed.connections, headSeq: feed.head },
    eventLoop: parts.loop.read(),
    drops: readDrops(writer, chat),
    gaps: chat === undefined ? [] : [{ source: 'chat', reason: 'connection lost', ...chat.status().deafness }],
  };
}

function readChat(chat: ChatSource | undefined): Status['chat'] {
  const status = chat?.status();
  const count = (...states: readonly SeatStatus['state'][]) =>
    status?.seats.filter((seat) => states.includes(seat.state)).length ?? 0;
  return {
    connections: status?.connections ?? { open: 0, wanted: 0 },
    joined: count('joined'),
    pending: count('queued', 'joining'),
    failed: count('failed'),
    received: Object.values(status?.kept ?? {}).reduce((sum, lines) => sum + lines, 0),
  };
}

function readHelix(streams: StreamsPoller): Status['helix'] {
  const { sweep, budget } = streams.status();
  return {
    lastSweepAt: sweep.lastSuccessAt,
    nextSweepAt: sweep.nextRunAt,
    lastError:
      sweep.lastError === undefined || sweep.lastRunAt === undefined
        ? undefined
        : { at: sweep.lastRunAt, message: sweep.lastError },
    budget: budget === undefined ? undefined : { left: budget.remaining, limit: budget.limit },
  };
}

function readStore(writer: Writer, isEmbedded: boolean): Status['store'] {
  const status = writer.status();
  const tables = Object.values(status.tables);
  const sum = (pick: (table: (typeof tables)[number]) => number) =>
    tables.reduce((total, table) => total + pick(table), 0);
  const successes = tables.flatMap((table) => table.lastSuccessAt ?? []);
  const failing = tables.find((table) => table.isFailing);
  return {
    engine: isEmbedded ? 'embedded' : 'server',
    pendingRows: sum((table) => table.pendingRows),
    pendingBytes: status.bufferedBytes,
    maxPendingBytes: status.maxBufferedBytes,
    insertedRows: sum((table) => table.insertedRows),
    lastInsertAt: successes.length === 0 ? undefined : Math.max(...successes),
    lastError:
      failing?.lastError === undefined || failing.lastErrorAt === undefined
        ? undefined
        : { at: failing.lastErrorAt, message: failing.lastError },
  };
}

function readDrops(writer: Writer, chat: ChatSource | undefined): Status['drops'] {
  const { droppedRows, tables } = writer.status();
  const quarantined = Object.values(tables).reduce((sum, table) => sum + table.quarantinedRows, 0);
  const rejected = Object.entries(chat?.status().rejected ?? {});
  return [
    { part: 'store', reason: 'rows dropped', count: droppedRows },
    { part: 'store', reason: 'rows in quarantine', count: quarantined },
    ...rejected.map(([reason, count]) => ({ part: 'chat', reason, count })),
  ].filter(({ count }) => count > 0);
}

function checkReadiness({ watchList, chat, streams, writer, engine }: ViewedParts): readonly ReadinessCheck[] {
  const tables = Object.values(writer.status().tables);
  const { open, wanted } = chat?.status().connections ?? { open: 0, wanted: 0 };
  const sweep = streams?.status().sweep;
  return [
    {
      name: 'store',
      ok: !tables.some((table) => table.isFailing) && (engine?.status().state ?? 'open') === 'open',
      detail: tables.find((table) => table.isFailing)?.lastError ?? `ClickHouse ${engine?.status().state ?? 'answers'}`,
    },
    { name: 'chat', ok: open > 0 || wanted === 0, detail: `${open} of ${wanted} connections open` },
    {
      name: 'helix',
      ok: sweep === undefined || sweep.lastError === undefined,
      detail:
        sweep === undefined
          ? 'no credentials: chat only'
          : (sweep.lastError ?? `${watchList.all().length} channels swept`),
    },
  ];
}
