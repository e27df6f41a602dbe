/**
 * The engine itself: opens the data directory through the optional package `chdb` and hands out sessions.
 * Settings stay on a session for good, so every request gets a fresh one; the first one keeps the engine's options alive.
 */
import { asError } from '../../lib/lifecycle.ts';
import type { FailReason, OpenMessage } from './messages.ts';
import { literal, type RawRows } from './statement.ts';

/** The part of `chdb` that we use, in our own words: the package may be absent, so its types cannot be imported. */
export interface Session {
  query(sql: string, format?: string): string;
  queryAsync(sql: string, options: { format: string }): Promise<{ bytes(): Uint8Array }>;
  queryBindAsync(sql: string, params: object, options: { format: string }): Promise<{ text(): string }>;
  /** SELECT only; refuses several statements at once. Errors of the query come with the first chunk. */
  queryStream(sql: string, options: { format: string }): AsyncIterable<{ raw(): Uint8Array }>;
  insert(rows: RawRows): Promise<unknown>;
  close(): void;
}

interface ChdbModule {
  readonly Session: new (directory: string, options?: { connectionArgs: readonly string[] }) => Session;
}

export interface Engine {
  readonly version: string;
  session(): Session;
  /** Ends the queries that carry this `log_comment`; resolves when they were told. */
  kill(tag: string): Promise<void>;
  close(): void;
}

export class EngineOpenError extends Error {
  override readonly name = 'EngineOpenError';
  readonly reason: FailReason;

  constructor(reason: FailReason, cause: Error) {
    super(cause.message, { cause });
    this.reason = reason;
  }
}

/** @throws EngineOpenError */
export async function openEngine(options: OpenMessage): Promise<Engine> {
  const chdb = await loadChdb();
  const keeper = openSession(() => new chdb.Session(options.directory, { connectionArgs: engineArgs(options) }));
  // Not the engine's default database: that one also takes names of files for tables.
  keeper.query(`CREATE DATABASE IF NOT EXISTS ${options.database} ENGINE = Atomic`);
  return {
    version: keeper.query('SELECT version()', 'TabSeparated').trim(),
    session: () => new chdb.Session(options.directory),
    kill: async (tag) => {
      const sql = `KILL QUERY WHERE Settings['log_comment'] = ${literal(tag)} ASYNC FORMAT Null`;
      await keeper.queryAsync(sql, { format: 'Null' });
    },
    close: () => {
      // A reader's long query would hold the engine open until its own time limit.
      keeper.query("KILL QUERY WHERE query_kind = 'Select' AND query_id != queryID() ASYNC FORMAT Null");
      keeper.close();
    },
  };
}

/** Without these the engine takes 90 % of the machine's memory and a mark cache of 5 GB. */
function engineArgs(options: { memoryLimitBytes: number }): readonly string[] {
  return [
    `--max_server_memory_usage=${options.memoryLimitBytes}`,
    `--mark_cache_size=${64 * 1024 * 1024}`,
    '--background_pool_size=2',
    '--background_schedule_pool_size=4',
  ];
}

async function loadChdb(): Promise<ChdbModule> {
  // Not a literal: the compiler must not look for a package that may be left out.
  const packageName: string = 'chdb';
  try {
    return (await import(packageName)) as ChdbModule;
  } catch (thrown) {
    throw new EngineOpenError('missing', asError(thrown));
  }
}

function openSession(open: () => Session): Session {
  try {
    return open();
  } catch (thrown) {
    const error = asError(thrown);
    // The engine prints the true cause (code 76 when the directory is in use) on standard error only; see the parent.
    throw new EngineOpenError('other', error);
  }
}
