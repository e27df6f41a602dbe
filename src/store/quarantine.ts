/** Rows that ClickHouse will never take, kept in a file per table beside the reason: one JSON object per line, to be looked at by a human. */
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

export interface BadRow {
  readonly table: string;
  readonly columns: readonly string[];
  readonly line: string;
  readonly code: string;
  readonly reason: string;
}

export interface Quarantine {
  /** Resolves when the row is on disk. */
  put(row: BadRow): Promise<void>;
}

/** Files are `<directory>/<table>.jsonl`, made when the first row comes. */
export function createQuarantine(directory: string, now: () => number = Date.now): Quarantine {
  return {
    async put(row) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const entry = { at: new Date(now()).toISOString(), ...row };
      await appendFile(join(directory, `${row.table}.jsonl`), `${JSON.stringify(entry)}\n`, {
        mode: 0o600,
        flush: true,
      });
    },
  };
}
