/** How every part does, on one page; and the same in one line for logs and for the service manager. */
import type { Status } from '../http/deps.ts';
import type { ChatSource, SeatStatus } from '../sources/chat/chat-source.ts';
import type { StreamsPoller } from '../sources/helix/streams-poller.ts';
import type { EmbeddedEngine } from '../store/engine/embedded-engine.ts';
import type { Writer } from '../store/writer.ts';
import type { ViewedParts } from './viewed-parts.ts';

export function readStatus(parts: ViewedParts): Status {
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
    store: readStore(writer, parts.engine),
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
    budget,
  };
}

function readStore(writer: Writer, engine: EmbeddedEngine | undefined): Status['store'] {
  const status = writer.status();
  const tables = Object.values(status.tables);
  const sum = (pick: (table: (typeof tables)[number]) => number) =>
    tables.reduce((total, table) => total + pick(table), 0);
  const successes = tables.flatMap((table) => table.lastSuccessAt ?? []);
  const failing = tables.find((table) => table.isFailing);
  return {
    engine: engine === undefined ? 'server' : 'embedded',
    pendingRows: sum((table) => table.pendingRows),
    pendingBytes: status.bufferedBytes,
    maxPendingBytes: status.maxBufferedBytes,
    insertedRows: sum((table) => table.insertedRows),
    lastInsertAt: successes.length === 0 ? undefined : Math.max(...successes),
    lastError:
      failing?.lastError === undefined || failing.lastErrorAt === undefined
        ? undefined
        : { at: failing.lastErrorAt, message: failing.lastError },
    queryPortError: engine?.status().readerError,
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

/** For the log. */
export function summarize({ chat, helix, store, feed, eventLoop }: Status): Readonly<Record<string, unknown>> {
  return {
    joined: chat.joined,
    notJoined: chat.pending + chat.failed,
    lines: chat.received,
    rowsStored: store.insertedRows,
    rowsPending: store.pendingRows,
    feedClients: feed.connections,
    helixPointsLeft: helix?.budget?.left,
    loopDelayP99Ms: eventLoop.delayP99Ms,
  };
}

/** For the service manager. */
export function describe({ chat, feed, store }: Status): string {
  return `${chat.joined} channels joined, ${store.pendingRows} rows pending, ${feed.connections} feed clients`;
}
