/**
 * ClickHouse over HTTP with the stock client, the same for a server and for the embedded engine. Settings whose defaults are wrong for
 * us, or differ between versions, are stated with every request.
 */
import { Agent } from 'node:http';
import { Readable } from 'node:stream';
import {
  type ClickHouseClient,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
  type DataFormat,
} from '@clickhouse/client';
import { ConfigError } from '../lib/errors.ts';
import type { Logger } from '../ops/log.ts';

export interface StoreClientOptions {
  /** A server's address, `http://host:8123`. Exactly one of `url` and `socketPath`. */
  readonly url?: string;
  /** The embedded engine's socket. */
  readonly socketPath?: string;
  readonly database: string;
  readonly username?: string;
  readonly password?: string;
  readonly log: Logger;
}

/** One INSERT. A retry must be the same in every byte: the token stands for the content. */
export interface InsertBatch {
  readonly table: string;
  readonly columns: readonly string[];
  /** Deduplication token: letters, digits, `-`, `:`, `_`. ClickHouse drops a second block with the same one. */
  readonly token: string;
  /** Rows in JSONCompactEachRow, one per line. */
  readonly body: Buffer;
}

export interface StoreClient {
  readonly database: string;
  /** Runs a statement without a result. @throws ClickHouseError, or Error when the connection failed */
  command(sql: string): Promise<void>;
  /** Rows of a SELECT as objects; 64-bit integers come as strings. Values are bound by name: `{channel:UInt64}`. */
  select<T>(sql: string, params?: Readonly<Record<string, unknown>>): Promise<T[]>;
  /** The answer to one query in one of ClickHouse's formats, as it comes; unqualified tables are those of the database. */
  read(sql: string, format: string, signal?: AbortSignal): Promise<Readable>;
  insert(batch: InsertBatch, signal?: AbortSignal): Promise<void>;
  /** Whether it answers. Says nothing about credentials. */
  ping(): Promise<boolean>;
  close(): Promise<void>;
}

const requestTimeoutMs = 30_000;
/** Below ClickHouse's own keep-alive of 10 s (3 s before 23.11 and in its cloud), so that we drop an idle socket first. */
const idleSocketMs = 2_500;

const settings: ClickHouseSettings = {
  // On by default since 26.2: rows would be acknowledged by a buffer of the server.
  async_insert: 0,
  // On by default: a column that the table lacks would be dropped in silence.
  input_format_skip_unknown_fields: 0,
  // Off by default since 25.8: ids above 2^53 would be rounded by JSON.parse.
  output_format_json_quote_64bit_integers: 1,
  date_time_input_format: 'best_effort',
  // On by default since 26.2 only: without it a retry doubles what a materialized view has counted.
  deduplicate_blocks_in_dependent_materialized_views: 1,
  // Off by default before 26.2 for tables without replication.
  insert_deduplicate: 1,
};

export function createStoreClient(options: StoreClientOptions): StoreClient {
  if (!/^[A-Za-z_]\w*$/.test(options.database)) {
    throw new ConfigError([{ path: 'clickhouse.database', message: 'must be a plain identifier' }]);
  }
  return new HttpStoreClient(options);
}

class HttpStoreClient implements StoreClient {
  readonly database: string;
  readonly #client: ClickHouseClient;
  readonly #log: Logger;

  constructor(options: StoreClientOptions) {
    this.database = options.database;
    this.#log = options.log;
    this.#client = createClient({
      url: options.url ?? 'http://localhost',
      username: options.username ?? 'default',
      password: options.password ?? '',
      request_timeout: requestTimeoutMs,
      keep_alive: { enabled: true, idle_socket_ttl: idleSocketMs, eagerly_destroy_stale_sockets: true },
      application: 'streamgauge',
      // Failures are the caller's to report: it knows what was lost or will be retried.
      log: { level: ClickHouseLogLevel.OFF },
      clickhouse_settings: settings,
      ...(options.socketPath === undefined ? {} : { http_agent: socketAgent(options.socketPath) }),
    });
  }

  async command(sql: string): Promise<void> {
    await this.#client.command({ query: sql });
  }

  async select<T>(sql: string, params: Readonly<Record<string, unknown>> = {}): Promise<T[]> {
    const result = await this.#client.query({ query: sql, query_params: params, format: 'JSONEachRow' });
    return await result.json<T>();
  }

  async read(sql: string, format: string, signal?: AbortSignal): Promise<Readable> {
    const { stream } = await this.#client.exec({
      query: sql,
      clickhouse_settings: { database: this.database, default_format: format as DataFormat },
      ...(signal === undefined ? {} : { abort_signal: signal }),
    });
    return stream;
  }

  async insert(batch: InsertBatch, signal?: AbortSignal): Promise<void> {
    const { table, columns, token, body } = batch;
    if (!/^[\w:-]+$/.test(token)) throw new Error(`not a deduplication token: ${token}`);
    // The token stands in the statement: as a setting of the connection it would stick and swallow later inserts.
    const { stream } = await this.#client.exec({
      query: `INSERT INTO ${this.database}.${table} (${columns.join(', ')}) SETTINGS insert_deduplication_token = '${token}' FORMAT JSONCompactEachRow`,
      values: Readable.from([body], { objectMode: false }),
      ...(signal === undefined ? {} : { abort_signal: signal }),
    });
    // Else the socket is never given back.
    for await (const _ of stream);
  }

  async ping(): Promise<boolean> {
    const answer = await this.#client.ping();
    if (!answer.success) this.#log.debug({ err: answer.error }, 'clickhouse does not answer');
    return answer.success;
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

function socketAgent(socketPath: string): Agent {
  // Node passes all options of an agent on to `net.connect`; its types do not know that.
  const options = { keepAlive: true, socketPath };
  return new Agent(options);
}
