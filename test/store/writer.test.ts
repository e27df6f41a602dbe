import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { ClickHouseError } from '@clickhouse/client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { deferred } from '../../src/lib/lifecycle.ts';
import { Registry } from '../../src/ops/metrics.ts';
import type { InsertBatch, StoreClient } from '../../src/store/client.ts';
import type { Row } from '../../src/store/rows.ts';
import { createWriter, type Writer, type WriterOptions } from '../../src/store/writer.ts';
import { capturingLog, log, until } from './support.ts';

/** Keeps batches as a server with a deduplication window does, and fails when told. */
class FakeStore implements StoreClient {
  readonly database = 'fake';
  readonly attempts: { table: string; token: string; lines: string[] }[] = [];
  readonly stored: string[] = [];
  readonly #tokens = new Set<string>();
  /** Called before a batch is stored; a throw refuses it. */
  before: (batch: { token: string; lines: string[] }, signal: AbortSignal | undefined) => Promise<void> | void =
    () => {};
  /** Called after a batch is stored; a throw loses the answer. */
  after: () => void = () => {};
  running = 0;
  mostRunning = 0;

  async insert(batch: InsertBatch, signal?: AbortSignal): Promise<void> {
    const lines = batch.body.toString().split('\n');
    this.attempts.push({ table: batch.table, token: batch.token, lines });
    this.running += 1;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    try {
      await this.before({ token: batch.token, lines }, signal);
      if (!this.#tokens.has(batch.token)) this.stored.push(...lines);
      this.#tokens.add(batch.token);
      this.after();
    } finally {
      this.running -= 1;
    }
  }
  async command(): Promise<void> {}
  async read(): Promise<Readable> {
    return Readable.from([]);
  }
  async select<T>(): Promise<T[]> {
    return [];
  }
  async ping(): Promise<boolean> {
    return true;
  }
  async close(): Promise<void> {}
}

let dataDir: string;
let store: FakeStore;
let writer: Writer | undefined;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'gauge-writer-'));
  store = new FakeStore();
});
afterEach(async () => {
  vi.useRealTimers();
  await writer?.stop(AbortSignal.abort());
  writer = undefined;
  await rm(dataDir, { recursive: true });
});

async function open(options: Partial<WriterOptions> = {}): Promise<{ writer: Writer; registry: Registry }> {
  const registry = new Registry();
  writer = createWriter({ client: store, dataDir, log, registry, flushMs: 5, random: () => 0, ...options });
  await writer.start(new AbortController().signal, (error) => {
    throw error;
  });
  return { writer, registry };
}

function row(line: string, table: Row['table'] = 'chat_messages'): Row {
  return { table, line };
}

function lines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `[${index}]`);
}

const hour = () => AbortSignal.timeout(3_600_000);

describe('the writer', () => {
  it('keeps order, and never has two INSERTs of a table under way', async () => {
    const { writer } = await open({ batch: { rows: 7, bytes: 1000 }, backlogBatch: { rows: 20, bytes: 1000 } });
    store.before = () => new Promise((resolve) => setImmediate(resolve));
    const all = lines(200);
    for (const line of all) {
      expect(writer.append(row(line))).toBe(true);
      if (Number(line.slice(1, -1)) % 30 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await writer.stop(hour());
    expect(store.stored).toEqual(all);
    expect(store.mostRunning).toBe(1);
    expect(Math.max(...store.attempts.map((attempt) => attempt.lines.length))).toBeLessThanOrEqual(20);
    expect(writer.status()).toMatchObject({ bufferedBytes: 0, droppedRows: 0 });
  });

  it('stores a lonely row when it is old enough', async () => {
    const { writer } = await open();
    writer.append(row('[1]'));
    expect(writer.status().tables.chat_messages.pendingRows).toBe(1);
    await until(() => store.stored.length === 1);
    await until(() => writer.status().tables.chat_messages.pendingRows === 0);
    expect(writer.status().tables.chat_messages).toMatchObject({ insertedRows: 1, isFailing: false });
  });

  it('repeats a batch with the same token and the same bytes until it is stored, so that a lost answer doubles nothing', async () => {
    const { writer, registry } = await open();
    let failures = 3;
    store.after = () => {
      failures -= 1;
      if (failures >= 0) throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    };
    writer.append(row('["a"]'));
    await until(() => store.attempts.length === 1);
    writer.append(row('["b"]'));
    await until(() => writer.status().tables.chat_messages.insertedRows === 2);
    expect(store.stored).toEqual(['["a"]', '["b"]']);
    const [first, ...later] = store.attempts;
    expect(later.slice(0, 3)).toEqual([first, first, first]);
    expect(later[3]!.token).not.toBe(first!.token);
    expect(writer.status().tables.chat_messages).toMatchObject({ retries: 3, isFailing: false });
    expect(await registry.metrics()).toContain('store_insert_attempts_total{table="chat_messages",outcome="retry"} 3');
  });

  it.each([true, false])('sets bad rows aside and stores the rest in order (row named: %s)', async (isNamed) => {
    const { writer, registry } = await open({ flushMs: 20 });
    const bad = new Set(['[3]', '[4]', '[19]', '[0]']);
    store.before = ({ lines }) => {
      const at = lines.findIndex((line) => bad.has(line));
      if (at === -1) return;
      const where = isNamed ? ` (at row ${at + 1})` : '';
      throw new ClickHouseError({ code: '27', message: `Cannot parse input${where}`, type: 'X' });
    };
    const all = lines(20);
    for (const line of all) writer.append(row(line));
    await writer.stop(hour());
    expect(store.stored).toEqual(all.filter((line) => !bad.has(line)));
    const kept = (await readFile(join(dataDir, 'quarantine', 'chat_messages.jsonl'), 'utf8')).trim().split('\n');
    expect(new Set(kept.map((entry) => JSON.parse(entry).line))).toEqual(bad);
    expect(JSON.parse(kept[0]!)).toMatchObject({ table: 'chat_messages', code: '27', columns: expect.any(Array) });
    expect(writer.status().tables.chat_messages).toMatchObject({ quarantinedRows: 4, pendingRows: 0 });
    expect(await registry.metrics()).toContain('store_quarantined_rows_total{table="chat_messages",code="27"} 4');
  });

  it('never sets a good row aside, even if the wrong one is named', async () => {
    const { writer } = await open({ flushMs: 20 });
    store.before = ({ lines }) => {
      if (lines.includes('[5]')) throw new ClickHouseError({ code: '27', message: 'x (at row 1)', type: 'X' });
    };
    for (const line of lines(9)) writer.append(row(line));
    await writer.stop(hour());
    expect(store.stored).toEqual(lines(9).filter((line) => line !== '[5]'));
  });

  it('refuses and counts rows when its memory is used up, and takes rows again afterwards', async () => {
    const { writer, registry } = await open({ maxBufferedBytes: 70, flushMs: 0 });
    const gate = deferred<void>();
    store.before = () => gate.promise;
    const accepted = lines(20).map((line) => writer.append(row(line)));
    expect(accepted.slice(0, 10)).toEqual(Array(10).fill(true));
    expect(accepted.slice(10)).toEqual(Array(10).fill(false));
    gate.resolve();
    await until(() => writer.status().bufferedBytes === 0);
    expect(writer.append(row('["again"]'))).toBe(true);
    await writer.stop(hour());
    expect(store.stored).toEqual([...lines(10), '["again"]']);
    expect(writer.status().droppedRows).toBe(10);
    expect(await registry.metrics()).toContain('store_dropped_rows_total{table="chat_messages",reason="overflow"} 10');
  });

  it('keeps room for the tables that can be stored while another cannot', async () => {
    const { writer } = await open({ maxBufferedBytes: 1_000, flushMs: 0 });
    store.before = ({ token }) => {
      if (token.includes('chat_events')) throw new ClickHouseError({ code: '60', message: 'no table', type: 'X' });
    };
    while (writer.append(row('["event that cannot be stored"]', 'chat_events')));
    const held = writer.status().bufferedBytes;
    expect(held).toBeGreaterThan(500);
    for (let time = 0; time < 50; time += 1) {
      for (const line of lines(10)) expect(writer.append(row(line))).toBe(true);
      await until(() => writer.status().tables.chat_messages.pendingRows === 0);
    }
    expect(writer.status()).toMatchObject({ bufferedBytes: held, droppedRows: 1 });
  });

  it('logs an overflow when it begins and when it has ended, with the count', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const { entries, log } = capturingLog();
    const { writer } = await open({ maxBufferedBytes: 70, flushMs: 0, log });
    const told = () =>
      entries.filter(({ level }) => level === 'error').map(({ msg, table, rows }) => ({ msg, table, rows }));
    const begins = { msg: 'memory for rows is used up, new ones are lost', table: 'chat_messages', rows: undefined };
    const ends = { msg: 'rows lost, there was no memory for them', table: 'chat_messages', rows: 15 };
    for (let time = 0; time < 3; time += 1) {
      const gate = deferred<void>();
      store.before = () => gate.promise;
      for (const line of lines(15)) writer.append(row(line));
      gate.resolve();
      await until(() => writer.status().bufferedBytes === 0);
    }
    expect(told()).toEqual([begins]);
    vi.setSystemTime(Date.now() + 10_000);
    expect(writer.append(row('[1]'))).toBe(true);
    expect(told()).toEqual([begins, ends]);
    const gate = deferred<void>();
    store.before = () => gate.promise;
    while (writer.append(row('[1]')));
    gate.resolve();
    await writer.stop(hour());
    expect(told()).toEqual([begins, ends, begins, { ...ends, rows: 1 }]);
    expect(writer.status().droppedRows).toBe(16);
  });

  it('lets no table wait for another', async () => {
    const { writer } = await open();
    const gate = deferred<void>();
    store.before = ({ token }) => (token.includes('chat_messages') ? gate.promise : undefined);
    writer.append(row('["slow"]'));
    writer.append(row('["quick"]', 'stream_changes'));
    await until(() => store.stored.length === 1);
    expect(store.stored).toEqual(['["quick"]']);
    gate.resolve();
    await writer.stop(hour());
  });

  it('gives up at the deadline of a stop, says how much is lost, and takes nothing any more', async () => {
    const { writer, registry } = await open();
    store.before = () => {
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    };
    for (const line of lines(3)) writer.append(row(line));
    const deadline = new AbortController();
    const stopped = writer.stop(deadline.signal);
    expect(writer.append(row('[9]'))).toBe(false);
    await until(() => store.attempts.length > 1);
    deadline.abort();
    await stopped;
    expect(writer.status()).toMatchObject({ droppedRows: 4, bufferedBytes: 0 });
    expect(await registry.metrics()).toContain('store_dropped_rows_total{table="chat_messages",reason="deadline"} 3');
  });

  it('does not wait for an INSERT that hangs beyond the deadline', async () => {
    const { writer } = await open();
    store.before = (_, signal) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    writer.append(row('[1]'));
    await until(() => store.running === 1);
    const deadline = new AbortController();
    const stopped = writer.stop(deadline.signal);
    deadline.abort();
    await stopped;
    expect(writer.status().droppedRows).toBe(1);
  });

  it('stops twice, and without a start', async () => {
    const { writer } = await open();
    await Promise.all([writer.stop(hour()), writer.stop(hour())]);
    const other = createWriter({ client: store, dataDir, log, registry: new Registry() });
    await other.stop(hour());
  });
});
