/**
 * What to do about a failed INSERT. Only the errors on these lists mean something else than "try again": a connection, a server under
 * load and anything unknown may heal, and a row given up too early is lost.
 */
import { ClickHouseError } from '@clickhouse/client';

export type Verdict =
  /** The same batch again, after a pause, without end. */
  | { readonly action: 'retry'; readonly code: string }
  /** Somebody has to mend the schema, the rights or the disk first: the same batch again, seldom, and loudly. */
  | { readonly action: 'halt'; readonly code: string }
  /** That row (from 1) cannot be stored; the others can. */
  | { readonly action: 'set_aside'; readonly code: string; readonly row: number }
  /** Halve the batch: it holds a bad row that the error does not name, or too much for one INSERT. */
  | { readonly action: 'split'; readonly code: string };

/** Numbers are ClickHouse's (src/Common/ErrorCodes.cpp). */
const schemaCodes = new Set([16, 53, 60, 81, 164, 192, 193, 194, 497, 516]);
const rowCodes = new Set([6, 25, 26, 27, 33, 38, 41, 72, 117, 130, 376, 467, 691]);

export function decide(error: unknown): Verdict {
  if (!(error instanceof ClickHouseError)) return { action: 'retry', code: connectionCode(error) };
  const code = Number(error.code);
  if (code === 252 && /too many partitions/i.test(error.message)) return { action: 'split', code: error.code };
  if (schemaCodes.has(code) || (code === 117 && /unknown (field|column)/i.test(error.message))) {
    return { action: 'halt', code: error.code };
  }
  if (!rowCodes.has(code)) return { action: 'retry', code: error.code };
  const row = /\(at row (\d+)\)/.exec(error.message)?.[1];
  return row === undefined
    ? { action: 'split', code: error.code }
    : { action: 'set_aside', code: error.code, row: Number(row) };
}

/** `ECONNREFUSED` and the like; a plain error of the client (time-out, a proxy's page) has none. */
function connectionCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'none';
}
