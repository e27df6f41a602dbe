/** What the daemon itself asks the store: where it stood before a restart, and what has been kept. All of it exact while copies of a row are unmerged. */
import type { Channel } from '../domain/channel.ts';
import type { Stream } from '../domain/stream.ts';
import type { StoreClient } from './client.ts';
import type { ChannelRecord, TableName } from './tables.ts';

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
  /** Its end is stored, and nothing was seen of it since. */
  readonly hasEnded: boolean;
  /** An end of it was told at some time, though it may have come back. */
  readonly hadEnded: boolean;
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
  had_ended: number;
}

/** The last snapshot of each channel within so many days. */
export async function lastKnownStreams(client: StoreClient, withinDays: number): Promise<readonly KnownStream[]> {
  const { database } = client;
  const rows = await client.select<KnownStreamRow>(
    `SELECT
       s.channel_id AS channel_id, channel_login AS login, s.stream_id AS stream_id, viewers, title, category_id, category_name, language, tags, is_mature, thumbnail_url,
       toUnixTimestamp64Milli(s.ts) AS seen_at,
       toUnixTimestamp64Milli(s.started_at) AS started_at,
       e.ended_at > s.ts AS has_ended,
       toUnixTimestamp64Milli(e.ended_at) > 0 AS had_ended
     FROM ${database}.stream_snapshots AS s
     LEFT JOIN (
       SELECT channel_id, stream_id, max(ts) AS ended_at
       FROM ${database}.stream_changes WHERE kind = 'stream_offline' GROUP BY channel_id, stream_id
     ) AS e ON e.channel_id = s.channel_id AND e.stream_id = s.stream_id
     WHERE s.ts >= now64(3) - toIntervalDay({withinDays:UInt32})
     ORDER BY s.channel_id, s.ts DESC
     LIMIT 1 BY s.channel_id`,
    { withinDays },
  );
  return rows.map(toKnownStream);
}

function toKnownStream(row: KnownStreamRow): KnownStream {
  return {
    channel: { id: row.channel_id, login: row.login },
    seenAt: Number(row.seen_at),
    hasEnded: row.has_ended === 1,
    hadEnded: row.had_ended === 1,
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

/** Under which logins each channel was known before: channel id → logins. */
export async function formerLogins(client: StoreClient): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await client.select<{ id: string; logins: string[] }>(
    `SELECT toString(channel_id) AS id, groupUniqArray(before) AS logins
     FROM ${client.database}.stream_changes WHERE kind = 'channel_renamed' GROUP BY channel_id`,
  );
  return new Map(rows.map(({ id, logins }) => [id, logins]));
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
