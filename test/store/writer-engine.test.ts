import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Registry } from '../../src/ops/metrics.ts';
import { encodeRow } from '../../src/store/rows.ts';
import { createWriter, type Writer } from '../../src/store/writer.ts';
import { changes, chatMessage, database, log, startStore, type TestStore, until } from './support.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.close());

function open(): Writer {
  return createWriter({ client: store.client, dataDir: store.dataDir, log, registry: new Registry(), flushMs: 20 });
}

const poison: readonly [string, (line: string) => string][] = [
  ['no JSON', () => 'nonsense'],
  ['a line that breaks off', (line) => line.slice(0, -20)],
  ['a negative number where none can be', (line) => line.replace('"777"', '"-1"')],
  ['no UUID', (line) => line.replace(/"[0-9a-f-]{36}"/, '"xyz"')],
  ['a column too many', (line) => `${line.slice(0, -1)},1]`],
  ['a lone surrogate', (line) => line.replace('message', '\\ud800 message')],
];

describe('the writer on a real engine', () => {
  it.each(poison)('sets %s aside and stores its neighbours', async (what, spoil) => {
    const writer = open();
    const base = 1_000 * (1 + poison.findIndex(([name]) => name === what));
    const good = [0, 1, 2, 3, 4, 5, 6].map((index) => encodeRow(chatMessage(base + index))!);
    const bad = { table: 'chat_messages', line: spoil(encodeRow(chatMessage(base + 99))!.line) } as const;
    for (const row of [...good.slice(0, 4), bad, ...good.slice(4)]) expect(writer.append(row)).toBe(true);
    await writer.stop(AbortSignal.timeout(15_000));
    expect(writer.status().tables.chat_messages).toMatchObject({ insertedRows: 7, quarantinedRows: 1, pendingRows: 0 });
    const kept = await readFile(join(store.dataDir, 'quarantine', 'chat_messages.jsonl'), 'utf8');
    expect(JSON.parse(kept.trim().split('\n').at(-1)!)).toMatchObject({ line: bad.line });
    const rows = await store.client.select<{ text: string }>(
      `SELECT text FROM ${database}.chat_messages WHERE text LIKE 'message ${base / 1_000}00_' ORDER BY text`,
    );
    expect(rows.map(({ text }) => text)).toEqual(good.map((_, index) => `message ${base + index}`));
  });

  it('keeps rows while their table is missing, and stores them when it is back', async () => {
    const writer = open();
    await store.client.command(`RENAME TABLE ${database}.stream_changes TO ${database}.gone`);
    for (const change of changes) writer.append(encodeRow(change)!);
    await until(() => writer.status().tables.stream_changes.isFailing);
    expect(writer.status().tables.stream_changes).toMatchObject({ pendingRows: changes.length, insertedRows: 0 });
    await store.client.command(`RENAME TABLE ${database}.gone TO ${database}.stream_changes`);
    await writer.stop(AbortSignal.timeout(15_000));
    expect(writer.status().tables.stream_changes).toMatchObject({ insertedRows: changes.length, isFailing: false });
    const [count] = await store.client.select(`SELECT count() AS rows FROM ${database}.stream_changes`);
    expect(count).toEqual({ rows: `${changes.length}` });
  });
});
