/** What the daemon itself asks the store: where it stood before a restart, and what has been kept. All of it exact while copies of a row are unmerged. */
import { createHash } from 'node:crypto';
import type { Channel } from '../domain/channel.ts';
import type { Stream } from '../domain/stream.ts';
import type { StoreClient } from './client.ts';
import { encodeChannelRow } from './rows.ts';
import { type ChannelRecord, columnsOf, type TableName } from './tables.ts';

export interface RowCount {
  readonly table: TableName;
  /** `PRIVMSG`, the command of a chat event, `stream_sample`, or the kind of a change. */
  readonly kind: string;
  /** Different keys: what was really seen. */
  readonly distinct: number;
  /** Rows as they lie there; more than `distinct` while copies are unmerged. */
  readonly stored: number;
}

interface CountQuery {
  readonly table: TableName;
  readonly kind: string;
  readonly key: string;
}

const countQueries: readonly CountQuery[] = [
  { table: 'chat_messages', kind: "'PRIVMSG'", key: 'channel_id, ts, message_id' },
  { table: 'chat_events', kind: 'command', key: 'channel_id, type, ts, event_id' },
  { table: 'stream_snapshots', kind: "'stream_sample'", key: 'channel_id, ts' },
  { table: 'stream_changes', kind: 'kind', key: 'change_id' },
];

/** Counts the facts of each table by kind. @param from only those from this instant on, ms since the epoch */
export async function countRows(client: StoreClient, from = 0): Promise<readonly RowCount[]> {
  const parts = countQueries.map(
    ({ table, kind, key }) =>
      `SELECT '${table}' AS table, toString(${kind}) AS kind, uniqExact(${key}) AS distinct, count() AS stored
       FROM ${client.database}.${table} WHERE ts >= fromUnixTimestamp64Milli({from:Int64}) GROUP BY kind`,
  );
  const rows = await client.select<{ table: TableName; kind: string; distinct: string; stored: string }>(
    `SELECT * FROM (${parts.join(' UNION ALL ')}) ORDER BY table, kind`,
    { from },
  );
  return rows.map((row) => ({ ...row, distinct: Number(row.distinct), stored: Number(row.stored) }));
}

export interface KnownStream {
  readonly channel: Channel;
  readonly stream: Stream;
  /** The sweep that saw it last, ms since the epoch. */
  readonly seenAt: number;
  /** Whether its `stream_offline` is stored. */
  readonly hasEnded: boolean;
}

interface KnownStreamRow {
  channel_id: string;
  login: string;
  stream_id: string;
  seen_at: string;
  started_at: string;
  viewers: number;
  title: string;
  category_id: string;
  category_name: string;
  language: string;
  tags: string[];
  is_mature: boolean;
  thumbnail_url: string;
  has_ended: number;
}

/** The last snapshot of each channel within so many days. */
export async function lastKnownStreams(client: StoreClient, withinDays: number): Promise<readonly KnownStream[]> {
  const { database } = client;
  const rows = await client.select<KnownStreamRow>(
    `SELECT
       channel_id, channel_login AS login, stream_id, viewers, title, category_id, category_name, language, tags, is_mature, thumbnail_url,
       toUnixTimestamp64Milli(ts) AS seen_at,
       toUnixTimestamp64Milli(s.started_at) AS started_at,
       (channel_id, stream_id) IN (
         SELECT channel_id, stream_id FROM ${database}.stream_changes WHERE kind = 'stream_offline'
       ) AS has_ended
     FROM ${database}.stream_snapshots AS s
     WHERE ts >= now64(3) - toIntervalDay({withinDays:UInt32})
     ORDER BY channel_id, ts DESC
     LIMIT 1 BY channel_id`,
    { withinDays },
  );
  return rows.map(toKnownStream);
}

function toKnownStream(row: KnownStreamRow): KnownStream {
  return {
    channel: { id: row.channel_id, login: row.login },
    seenAt: Number(row.seen_at),
    hasEnded: row.has_ended === 1,
    stream: {
      id: row.stream_id,
      title: row.title,
      category: { id: row.category_id, name: row.category_name },
      viewers: row.viewers,
      startedAt: Number(row.started_at),
      language: row.language,
      tags: row.tags,
      isMature: row.is_mature,
      thumbnailUrl: row.thumbnail_url,
    },
  };
}

/** Every channel that was ever recorded, with the version that holds. */
export async function knownChannels(client: StoreClient): Promise<readonly ChannelRecord[]> {
  const rows = await client.select<{
    id: string;
    login: string;
    display_name: string;
    since: string;
    is_tracked: boolean;
    version: string;
  }>(
    `SELECT toString(channel_id) AS id, login, display_name, toUnixTimestamp64Milli(tracked_since) AS since, is_tracked, version
     FROM ${client.database}.channels FINAL ORDER BY channel_id`,
  );
  return rows.map((row) => ({
    channel: { id: row.id, login: row.login },
    displayName: row.display_name,
    trackedSince: Number(row.since),
    isTracked: row.is_tracked,
    version: Number(row.version),
  }));
}

/** Since when each channel that is watched now has been watched: channel id → ms since the epoch. */
export async function trackedSince(client: StoreClient): Promise<ReadonlyMap<string, number>> {
  const channels = await knownChannels(client);
  return new Map(
    channels.filter(({ isTracked }) => isTracked).map((record) => [record.channel.id, record.trackedSince]),
  );
}

/** Stores what holds for these channels now. Saying the same twice stores it once. */
export async function recordChannels(client: StoreClient, records: readonly ChannelRecord[]): Promise<void> {
  if (records.length === 0) return;
  const body = Buffer.from(records.map((record) => encodeChannelRow(record).line).join('\n'));
  const token = `channels:${createHash('sha256').update(body).digest('hex')}`;
  await client.insert({ table: 'channels', columns: columnsOf('channels'), token, body });
}
