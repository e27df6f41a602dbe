/**
 * Takes rows in and brings them to ClickHouse, each table by itself. Rows are kept in memory until they are stored; when the part of it that
 * a table may use is used up, its newest row is refused and counted. A stop delivers everything that was accepted, as far as the deadline lets it.
 */
import { randomUUID } from 'node:crypto';
import type { Service } from '../lib/lifecycle.ts';
import type { Logger } from '../ops/log.ts';
import type { Registry } from '../ops/metrics.ts';
import { type BatchLimits, ByteBudget } from './buffer.ts';
import type { StoreClient } from './client.ts';
import { OverflowLog } from './overflow-log.ts';
import { createQuarantine } from './quarantine.ts';
import type { RowSink } from './row-sink.ts';
import type { Row } from './rows.ts';
import { type TableStatus, TableWriter } from './table-writer.ts';
import { type TableName, tableNames } from './tables.ts';
import { createWriterMetrics, type WriterMetrics } from './writer-metrics.ts';

export interface WriterOptions {
  readonly client: StoreClient;
  /** Where rows go that ClickHouse does not take: `<dataDir>/quarantine/<table>.jsonl`. */
  readonly dataDir: string;
  readonly log: Logger;
  readonly registry: Registry;
  /** All tables together, rows under way included. 128 MiB when not given: about a quarter of an hour at 300 messages a second. */
  readonly maxBufferedBytes?: number;
  /** A row waits at most so long for company. 1 s when not given. */
  readonly flushMs?: number;
  /** 5,000 rows or 4 MiB when not given. */
  readonly batch?: BatchLimits;
  /** While the writer is behind: 20,000 rows or 8 MiB when not given. */
  readonly backlogBatch?: BatchLimits;
  /** 0..1, for the jitter of retries. */
  readonly random?: () => number;
}

export interface Writer extends Service, RowSink {
  status(): WriterStatus;
}

export interface WriterStatus {
  readonly tables: Readonly<Record<TableName, TableStatus>>;
  readonly bufferedBytes: number;
  readonly maxBufferedBytes: number;
  /** Refused or given up, since the start. */
  readonly droppedRows: number;
}

const mebibyte = 1024 * 1024;

export function createWriter(options: WriterOptions): Writer {
  return new BatchingWriter(options);
}

class BatchingWriter implements Writer {
  readonly name = 'writer';
  readonly #options: WriterOptions;
  readonly #budget: ByteBudget;
  readonly #metrics: WriterMetrics;
  readonly #tables: Readonly<Record<TableName, TableWriter>>;
  readonly #overflows: Readonly<Record<TableName, OverflowLog>>;
  #fail: (error: Error) => void = () => {};
  #isOpen = true;
  #droppedRows = 0;
  #stopped: Promise<void> | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.#budget = new ByteBudget(options.maxBufferedBytes ?? 128 * mebibyte, tableNames.length);
    this.#metrics = createWriterMetrics(options.registry, this.#budget);
    const shared = {
      client: options.client,
      quarantine: createQuarantine(`${options.dataDir}/quarantine`),
      metrics: this.#metrics,
      tokenPrefix: randomUUID(),
      flushMs: options.flushMs ?? 1_000,
      limits: options.batch ?? { rows: 5_000, bytes: 4 * mebibyte },
      backlogLimits: options.backlogBatch ?? { rows: 20_000, bytes: 8 * mebibyte },
      log: options.log,
      random: options.random ?? Math.random,
      onFault: (error: Error) => this.#fail(error),
    };
    this.#tables = forEachTable((table) => new TableWriter({ ...shared, table, budget: this.#budget.share() }));
    this.#overflows = forEachTable((table) => new OverflowLog(table, options.log));
  }

  async start(_signal: AbortSignal, fail: (error: Error) => void): Promise<void> {
    this.#fail = fail;
  }

  append(row: Row): boolean {
    if (!this.#isOpen) return this.#drop(row.table, 'stopped', 1);
    const overflow = this.#overflows[row.table];
    if (!this.#tables[row.table].append(row.line)) {
      overflow.refused(Date.now());
      return this.#drop(row.table, 'overflow', 1);
    }
    overflow.accepted(Date.now);
    return true;
  }

  stop(deadline: AbortSignal): Promise<void> {
    this.#isOpen = false;
    this.#stopped ??= this.#drain(deadline);
    return this.#stopped;
  }

  status(): WriterStatus {
    return {
      tables: forEachTable((table) => this.#tables[table].status()),
      bufferedBytes: this.#budget.used,
      maxBufferedBytes: this.#budget.max,
      droppedRows: this.#droppedRows,
    };
  }

  async #drain(deadline: AbortSignal): Promise<void> {
    await Promise.all(
      tableNames.map(async (table) => {
        this.#overflows[table].end();
        const rows = await this.#tables[table].drain(deadline);
        if (rows === 0) return;
        this.#drop(table, 'deadline', rows);
        this.#options.log.error({ table, rows }, 'rows lost, the stop left no time to store them');
      }),
    );
  }

  #drop(table: TableName, reason: 'overflow' | 'stopped' | 'deadline', rows: number): false {
    this.#droppedRows += rows;
    this.#metrics.dropped.inc({ table, reason }, rows);
    return false;
  }
}

function forEachTable<T>(make: (table: TableName) => T): Readonly<Record<TableName, T>> {
  return Object.fromEntries(tableNames.map((table) => [table, make(table)])) as Record<TableName, T>;
}
