/**
 * A Fact as ClickHouse stores it: the table it belongs to and one line of JSONCompactEachRow. Which column gets which value stands in
 * `tables.ts`. A Fact that is to be stored always becomes a row: values out of range are made to fit, never refused.
 */
import type { Fact } from '../domain/fact.ts';
import { type ChannelRecord, type TableName, tables } from './tables.ts';
import { jsonLine, type Value } from './values.ts';

export interface Row {
  readonly table: TableName;
  /** A JSON array in the order of `columnsOf(table)`, without a line feed. */
  readonly line: string;
}

/** @returns undefined for a Fact that is not stored: an absence says nothing by itself. */
export function encodeRow(fact: Fact): Row | undefined {
  switch (fact.kind) {
    case 'chat_message':
      return { table: 'chat_messages', line: encode(tables.chat_messages, fact) };
    case 'chat_event':
      return { table: 'chat_events', line: encode(tables.chat_events, fact) };
    case 'stream_sample':
      return { table: 'stream_snapshots', line: encode(tables.stream_snapshots, fact) };
    case 'stream_absence':
      return undefined;
    case 'stream_online':
    case 'stream_offline':
    case 'title_changed':
    case 'category_changed':
    case 'tags_changed':
    case 'language_changed':
    case 'channel_renamed':
      return { table: 'stream_changes', line: encode(tables.stream_changes, fact) };
  }
}

export function encodeChannelRow(record: ChannelRecord): Row {
  return { table: 'channels', line: encode(tables.channels, record) };
}

function encode<T>(columns: readonly (readonly [string, (of: T) => Value])[], of: T): string {
  return jsonLine(columns.map(([, value]) => value(of)));
}
