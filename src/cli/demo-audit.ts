/**
 * Counts what came to lie in ClickHouse during this run: a service that starts once the tables are there and stops once the
 * last row is stored, and looks both times.
 */
import type { Service } from '../lib/lifecycle.ts';
import type { StoreClient } from '../store/client.ts';
import { countRows, type RowCount } from '../store/queries.ts';
import { comparable, type StoredChange } from './demo-report.ts';

export interface Audit {
  readonly rows: readonly RowCount[];
  readonly changes: readonly StoredChange[];
}

export function createAudit(client: StoreClient, onDone: (audit: Audit) => void): Service {
  let before: Audit | undefined;
  const look = async (): Promise<Audit> => ({ rows: await countRows(client), changes: await listChanges(client) });
  return {
    name: 'audit',
    async start() {
      before = await look();
    },
    async stop() {
      if (before === undefined) return;
      const { rows, changes } = before;
      before = undefined;
      const after = await look();
      const seen = new Set(changes.map(({ id }) => id));
      onDone({ rows: subtract(after.rows, rows), changes: after.changes.filter(({ id }) => !seen.has(id)) });
    },
  };
}

function subtract(after: readonly RowCount[], before: readonly RowCount[]): readonly RowCount[] {
  return after.map((row) => {
    const old = before.find(({ table, kind }) => table === row.table && kind === row.kind);
    return { ...row, distinct: row.distinct - (old?.distinct ?? 0), stored: row.stored - (old?.stored ?? 0) };
  });
}

interface ChangeRow {
  readonly id: string;
  readonly kind: string;
  readonly channel_id: string;
  readonly stream_id: string;
  readonly after: string;
  readonly after_id: string;
  readonly after_tags: readonly string[];
  readonly detected: string;
}

async function listChanges(client: StoreClient): Promise<readonly StoredChange[]> {
  const rows = await client.select<ChangeRow>(
    `SELECT toString(change_id) AS id, kind, toString(channel_id) AS channel_id, stream_id, after, after_id, after_tags,
            toUnixTimestamp64Milli(detected_at) AS detected
     FROM ${client.database}.stream_changes FINAL ORDER BY detected_at`,
  );
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    channelId: row.channel_id,
    streamId: row.stream_id,
    after: afterOf(row),
    detectedAt: Number(row.detected),
  }));
}

function afterOf(row: ChangeRow): string {
  if (row.kind === 'category_changed') return row.after_id;
  return row.kind === 'tags_changed' ? comparable(row.after_tags) : row.after;
}
