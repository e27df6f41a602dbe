/**
 * Delivers the rows of one table: one INSERT at a time, in order, retried without end until it is stored. One batch is one INSERT is one
 * deduplication token, so that a retry after a lost answer stores nothing twice.
 */
import { backoffMs } from '../lib/backoff.ts';
import { asError, pause } from '../lib/lifecycle.ts';
import type { Logger } from '../ops/log.ts';
import { type Batch, splitRefused } from './batch.ts';
import { type BatchLimits, type BudgetShare, type Lines, lineBytes, RowBuffer } from './buffer.ts';
import type { StoreClient } from './client.ts';
import type { Quarantine } from './quarantine.ts';
import { decide, type Verdict } from './retry-policy.ts';
import { columnsOf, type TableName } from './tables.ts';
import type { WriterMetrics } from './writer-metrics.ts';

export interface TableWriterOptions {
  readonly table: TableName;
  readonly client: StoreClient;
  readonly quarantine: Quarantine;
  readonly budget: BudgetShare;
  readonly metrics: WriterMetrics;
  /** Begins the token of every batch; never used by another writer. */
  readonly tokenPrefix: string;
  readonly flushMs: number;
  readonly limits: BatchLimits;
  readonly backlogLimits: BatchLimits;
  readonly log: Logger;
  readonly random: () => number;
  /** Called for what cannot be helped here: a bug. */
  readonly onFault: (error: Error) => void;
}

export interface TableStatus {
  /** Accepted and not stored yet, those under way included. */
  readonly pendingRows: number;
  readonly pendingBytes: number;
  readonly insertedRows: number;
  readonly quarantinedRows: number;
  readonly retries: number;
  /** ms since the epoch. */
  readonly lastSuccessAt: number | undefined;
  readonly lastError: string | undefined;
  /** ms since the epoch. */
  readonly lastErrorAt: number | undefined;
  /** The last INSERT failed and is being tried again. */
  readonly isFailing: boolean;
}

/** ClickHouse does not take these rows as they are. */
interface Refusal {
  /** From 1, when ClickHouse said which. */
  readonly row: number | undefined;
  readonly code: string;
  readonly reason: string;
}

const retryBackoff = { firstMs: 200, maxMs: 30_000 };
/** What somebody has to mend is not mended within a second. */
const haltBackoff = { firstMs: 5_000, maxMs: 30_000 };
/** While stopping there are only seconds left. */
const drainBackoff = { firstMs: 100, maxMs: 1_000 };

/**
 * idle → waiting when a row comes (until it is old enough) → delivering when the batch is due → idle or waiting again. `drain` skips the
 * waiting and ends when all is delivered or the deadline has come.
 */
export class TableWriter {
  readonly #options: TableWriterOptions;
  readonly #buffer: RowBuffer;
  /** Aborts when a stop begins: no more waiting for company, and no long pauses. */
  readonly #stopping = new AbortController();
  /** Aborts at the deadline of the stop: give up. */
  readonly #over = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #delivering: Promise<void> | undefined;
  readonly #underWay = { rows: 0, bytes: 0 };
  #batches = 0;
  #inserted = 0;
  #quarantined = 0;
  #retries = 0;
  #lastSuccessAt: number | undefined;
  #lastError: string | undefined;
  #lastErrorAt: number | undefined;
  #isFailing = false;

  constructor(options: TableWriterOptions) {
    this.#options = options;
    this.#buffer = new RowBuffer(options.budget);
  }

  /** @returns false when the budget is used up. */
  append(line: string): boolean {
    if (!this.#buffer.push(line, Date.now())) return false;
    this.#schedule();
    return true;
  }

  /** Delivers all that was accepted. At the deadline what is left is given up. @returns the number of rows given up */
  async drain(deadline: AbortSignal): Promise<number> {
    const giveUp = () => this.#over.abort();
    deadline.addEventListener('abort', giveUp);
    if (deadline.aborted) giveUp();
    this.#stopping.abort();
    this.#schedule();
    while (this.#delivering !== undefined) await this.#delivering;
    deadline.removeEventListener('abort', giveUp);
    const { pendingRows, pendingBytes } = this.status();
    this.#options.budget.free(pendingBytes);
    return pendingRows;
  }

  status(): TableStatus {
    return {
      pendingRows: this.#underWay.rows + this.#buffer.rows,
      pendingBytes: this.#underWay.bytes + this.#buffer.bytes,
      insertedRows: this.#inserted,
      quarantinedRows: this.#quarantined,
      retries: this.#retries,
      lastSuccessAt: this.#lastSuccessAt,
      lastError: this.#lastError,
      lastErrorAt: this.#lastErrorAt,
      isFailing: this.#isFailing,
    };
  }

  #schedule(): void {
    if (this.#delivering !== undefined || this.#buffer.rows === 0 || this.#over.signal.aborted) return;
    if (this.#isDue()) this.#deliverAll();
    else this.#timer ??= setTimeout(() => this.#deliverAll(), this.#options.flushMs - this.#buffer.age(Date.now()));
  }

  #isDue(): boolean {
    return this.#stopping.signal.aborted || this.#buffer.isFull(this.#options.limits);
  }

  #deliverAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#delivering = this.#deliverDue()
      .catch((thrown: unknown) => {
        this.#over.abort();
        this.#options.onFault(asError(thrown));
      })
      .then(() => {
        this.#delivering = undefined;
        this.#schedule();
      });
  }

  async #deliverDue(): Promise<void> {
    const { limits, backlogLimits } = this.#options;
    do {
      const size = this.#buffer.isFull(limits) ? backlogLimits : limits;
      await this.#deliver(this.#buffer.cut(size, Date.now()));
    } while (this.#buffer.rows > 0 && this.#isDue() && !this.#over.signal.aborted);
  }

  /** Works through the batch and the pieces it falls into, in order. */
  async #deliver(lines: Lines): Promise<void> {
    this.#underWay.rows += lines.lines.length;
    this.#underWay.bytes += lines.bytes;
    const todo: Batch[] = [this.#seal(lines)];
    for (let batch = todo.shift(); batch !== undefined && !this.#over.signal.aborted; batch = todo.shift()) {
      const refusal = await this.#insert(batch);
      if (refusal === undefined) continue;
      const [only, ...others] = batch.lines;
      if (only !== undefined && others.length === 0) await this.#setAside(only, refusal);
      else todo.unshift(...splitRefused(batch.lines, refusal.row).map((part) => this.#seal(part)));
    }
  }

  /** Tries until it is stored, until ClickHouse refuses the rows themselves (then why), or until the deadline. */
  async #insert(batch: Batch): Promise<Refusal | undefined> {
    const { table, client, metrics } = this.#options;
    const body = Buffer.from(batch.lines.join('\n'));
    for (let attempt = 0; !this.#over.signal.aborted; attempt += 1) {
      const done = metrics.seconds.startTimer({ table });
      try {
        await client.insert({ table, columns: columnsOf(table), token: batch.token, body }, this.#over.signal);
        done();
        this.#stored(batch);
        return undefined;
      } catch (thrown) {
        const error = asError(thrown);
        const verdict = decide(error);
        this.#failed(error, verdict, attempt);
        if (verdict.action === 'set_aside' || verdict.action === 'split') {
          const row = verdict.action === 'set_aside' ? verdict.row : undefined;
          return { row, code: verdict.code, reason: firstLine(error.message) };
        }
        await this.#pause(attempt, verdict.action === 'halt' ? haltBackoff : retryBackoff);
      }
    }
    return undefined;
  }

  /** A stop ends a long pause at once, for another try; during a stop only the deadline does. */
  async #pause(attempt: number, backoff: { firstMs: number; maxMs: number }): Promise<void> {
    const isStopping = this.#stopping.signal.aborted;
    const ms = backoffMs(attempt, { ...(isStopping ? drainBackoff : backoff), random: this.#options.random });
    await pause(ms, isStopping ? this.#over.signal : this.#stopping.signal);
  }

  async #setAside(line: string, { code, reason }: Refusal): Promise<void> {
    const { table, quarantine, metrics, log } = this.#options;
    for (let attempt = 0; !this.#over.signal.aborted; attempt += 1) {
      try {
        await quarantine.put({ table, columns: columnsOf(table), line, code, reason });
        this.#quarantined += 1;
        metrics.quarantined.inc({ table, code });
        log.error({ table, code }, 'row set aside, clickhouse does not take it');
        this.#finished(1, lineBytes(line));
        return;
      } catch (thrown) {
        log.error({ table, code, err: asError(thrown) }, 'quarantine cannot be written');
        await this.#pause(attempt, retryBackoff);
      }
    }
  }

  #seal(lines: Lines): Batch {
    this.#batches += 1;
    return { ...lines, token: `${this.#options.tokenPrefix}:${this.#options.table}:${this.#batches}` };
  }

  #stored(batch: Batch): void {
    const { table, metrics, log } = this.#options;
    const rows = batch.lines.length;
    this.#inserted += rows;
    this.#lastSuccessAt = Date.now();
    this.#isFailing = false;
    metrics.inserted.inc({ table }, rows);
    metrics.attempts.inc({ table, outcome: 'ok' });
    this.#finished(rows, batch.bytes);
    log.debug({ table, rows, bytes: batch.bytes }, 'batch stored');
  }

  #finished(rows: number, bytes: number): void {
    this.#underWay.rows -= rows;
    this.#underWay.bytes -= bytes;
    this.#options.budget.free(bytes);
  }

  #failed(error: Error, verdict: Verdict, attempt: number): void {
    const { table, metrics, log } = this.#options;
    const isAboutRows = verdict.action === 'set_aside' || verdict.action === 'split';
    // ClickHouse quotes the row, and chat does not belong in a log.
    const reason = isAboutRows ? 'a row was refused' : firstLine(error.message);
    this.#lastError = `${verdict.code}: ${reason}`;
    this.#lastErrorAt = Date.now();
    this.#isFailing = true;
    if (!isAboutRows) this.#retries += 1;
    metrics.attempts.inc({ table, outcome: verdict.action });
    const level = verdict.action === 'halt' ? 'error' : 'warn';
    log[level]({ table, attempt, action: verdict.action, code: verdict.code, reason }, 'insert failed');
  }
}

function firstLine(text: string): string {
  return text.slice(0, 500).split('\n', 1)[0] ?? '';
}
