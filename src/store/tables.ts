/**
 * The tables that we write: every column beside the value that a Fact gives it, in the order of a row. A column exists here only if a
 * migration in `clickhouse/` made it.
 */
import type { Change } from '../domain/change.ts';
import type { Channel } from '../domain/channel.ts';
import type { ChatEvent, ChatMessage } from '../domain/chat.ts';
import type { Stream, StreamSample } from '../domain/stream.ts';
import { emoteIds, emotePlaces, id64, instant, lag, uint16, uint32, uuid, type Value } from './values.ts';

type Column<T> = readonly [name: string, value: (of: T) => Value];

/** What we know of a watched channel. The row with the highest version holds. */
export interface ChannelRecord {
  readonly channel: Channel;
  readonly displayName: string;
  /** ms since the epoch. */
  readonly trackedSince: number;
  readonly isTracked: boolean;
  /** Rises with every change; the time of the change in ms will do. */
  readonly version: number;
}

const chatLine: readonly Column<ChatMessage | ChatEvent>[] = [
  ['ts', (line) => instant(line.sentAt)],
  ['recv_lag_ms', (line) => lag(line.sentAt, line.receivedAt)],
  ['channel_id', (line) => id64(line.channel.id)],
  ['channel_login', (line) => line.channel.login],
  ['user_id', (line) => id64(line.user.id)],
  ['user_login', (line) => line.user.login],
  ['display_name', ({ user }) => (user.displayName === user.login ? '' : user.displayName)],
  ['color', (line) => line.user.color],
  ['text', (line) => line.text],
  ['type', (line) => line.type],
  ['flags', (line) => uint16(line.flags)],
  ['badges', (line) => line.badges],
  ['emote_ids', (line) => emoteIds(line.emotes)],
  ['emote_first', (line) => emotePlaces(line.emotes, 0)],
  ['emote_last', (line) => emotePlaces(line.emotes, 1)],
  ['source_channel_id', (line) => id64(line.origin?.channelId ?? '0')],
  ['source_message_id', (line) => uuid(line.origin?.messageId ?? '')],
  ['extra', (line) => line.extra],
];

const chatMessages: readonly Column<ChatMessage>[] = [
  ['message_id', (message) => uuid(message.id)],
  ...chatLine,
  ['sub_months', (message) => uint16(message.subscriberMonths)],
  ['bits', (message) => uint32(message.bits)],
  ['reply_to', (message) => uuid(message.reply?.messageId ?? '')],
  ['reply_thread', (message) => uuid(message.reply?.threadMessageId ?? '')],
  ['reply_user_id', (message) => id64(message.reply?.userId ?? '0')],
  ['reply_user_login', (message) => message.reply?.userLogin ?? ''],
  ['reply_display_name', (message) => message.reply?.displayName ?? ''],
  ['reply_text', (message) => message.reply?.text ?? ''],
];

const chatEvents: readonly Column<ChatEvent>[] = [
  ['event_id', (event) => uuid(event.id)],
  ['command', (event) => event.command],
  ...chatLine,
  ['target_user_id', (event) => id64(event.target.userId)],
  ['target_login', (event) => event.target.login],
  ['target_message_id', (event) => uuid(event.target.messageId)],
  ['system_text', (event) => event.systemText],
  ['tier', (event) => event.tier],
  ['months', (event) => uint16(event.months)],
  ['amount', (event) => uint32(event.amount)],
  ['duration_s', (event) => uint32(event.durationSeconds)],
];

/** Undefined: a Change that tells nothing of the broadcast. */
const broadcast: readonly Column<Stream | undefined>[] = [
  ['viewers', (stream) => uint32(stream?.viewers ?? 0)],
  ['title', (stream) => stream?.title ?? ''],
  ['category_id', (stream) => stream?.category.id ?? ''],
  ['category_name', (stream) => stream?.category.name ?? ''],
  ['started_at', (stream) => instant(stream?.startedAt ?? 0)],
  ['language', (stream) => stream?.language ?? ''],
  ['tags', (stream) => stream?.tags ?? []],
  ['is_mature', (stream) => stream?.isMature ?? false],
];

const streamSnapshots: readonly Column<StreamSample>[] = [
  ['ts', (sample) => instant(sample.sweptAt)],
  ['recv_lag_ms', (sample) => lag(sample.sweptAt, sample.receivedAt)],
  ['channel_id', (sample) => id64(sample.channel.id)],
  ['channel_login', (sample) => sample.channel.login],
  ['stream_id', (sample) => sample.stream.id],
  ...columnsFrom(broadcast, (sample: StreamSample) => sample.stream),
  ['thumbnail_url', (sample) => sample.stream.thumbnailUrl],
];

const streamChanges: readonly Column<Change>[] = [
  ['change_id', (change) => uuid(change.id)],
  ['ts', (change) => instant(change.occurredAt)],
  ['detected_at', (change) => instant(change.detectedAt)],
  ['channel_id', (change) => id64(change.channel.id)],
  ['channel_login', (change) => change.channel.login],
  ['stream_id', (change) => change.streamId],
  ['kind', (change) => change.kind],
  ['source', (change) => change.source],
  ['is_late', (change) => change.isLate],
  ['before', (change) => ('before' in change ? nameOf(change.before) : '')],
  ['after', (change) => ('after' in change ? nameOf(change.after) : '')],
  ['before_id', (change) => (change.kind === 'category_changed' ? change.before.id : '')],
  ['after_id', (change) => (change.kind === 'category_changed' ? change.after.id : '')],
  ['before_tags', (change) => (change.kind === 'tags_changed' ? change.before : [])],
  ['after_tags', (change) => (change.kind === 'tags_changed' ? change.after : [])],
  ...columnsFrom(broadcast, (change: Change) => ('stream' in change ? change.stream : undefined)),
];

const channels: readonly Column<ChannelRecord>[] = [
  ['channel_id', ({ channel }) => id64(channel.id)],
  ['login', ({ channel }) => channel.login],
  ['display_name', (record) => record.displayName],
  ['tracked_since', (record) => instant(record.trackedSince)],
  ['is_tracked', (record) => record.isTracked],
  ['version', (record) => instant(record.version)],
];

export const tables = {
  chat_messages: chatMessages,
  chat_events: chatEvents,
  stream_snapshots: streamSnapshots,
  stream_changes: streamChanges,
  channels,
} as const;

export type TableName = keyof typeof tables;

export const tableNames = Object.keys(tables) as readonly TableName[];

const namesOf: Readonly<Record<TableName, readonly string[]>> = {
  chat_messages: names(chatMessages),
  chat_events: names(chatEvents),
  stream_snapshots: names(streamSnapshots),
  stream_changes: names(streamChanges),
  channels: names(channels),
};

/** The names of a table's columns in the order of a row's values. */
export function columnsOf(table: TableName): readonly string[] {
  return namesOf[table];
}

function names(columns: readonly (readonly [name: string, ...unknown[]])[]): readonly string[] {
  return columns.map(([name]) => name);
}

/** Columns of a part, taken out of the whole. */
function columnsFrom<Part, Whole>(
  columns: readonly Column<Part>[],
  part: (of: Whole) => Part,
): readonly Column<Whole>[] {
  return columns.map(([name, value]) => [name, (of) => value(part(of))]);
}

/** Of a category its name; tags have columns of their own. */
function nameOf(side: string | { readonly name: string } | readonly string[]): string {
  if (typeof side === 'string') return side;
  return 'name' in side ? side.name : '';
}
