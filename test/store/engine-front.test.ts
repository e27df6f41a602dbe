import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseInsert, verbOf } from '../../src/store/engine/statement.ts';
import { encodeRow } from '../../src/store/rows.ts';
import { columnsOf } from '../../src/store/tables.ts';
import { chatMessage, database, messageCounts, startStore, type TestStore } from './support.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.close());

describe('the front of the embedded engine', () => {
  it('stores a repeated token once', async () => {
    const before = await messageCounts(store.client);
    const batch = {
      table: 'chat_messages',
      columns: columnsOf('chat_messages'),
      token: 'repeated',
      body: Buffer.from(encodeRow(chatMessage(1))!.line),
    };
    for (let time = 0; time < 3; time += 1) await store.client.insert(batch);
    expect((await messageCounts(store.client)).stored).toBe(before.stored + 1);
  });

  it('never lets a body through that was cut short', async () => {
    const before = await messageCounts(store.client);
    const { line } = encodeRow(chatMessage(2))!;
    const sql = `INSERT INTO ${database}.chat_messages (${columnsOf('chat_messages').join(', ')}) FORMAT JSONCompactEachRow`;
    for (const head of ['Transfer-Encoding: chunked\r\n\r\n', `Content-Length: ${line.length * 3}\r\n\r\n`]) {
      const socket = connect(store.engine.socketPath);
      const body = head.includes('chunked') ? `${Buffer.byteLength(line).toString(16)}\r\n${line}\r\n` : `${line}\n`;
      socket.end(`POST /?query=${encodeURIComponent(sql)} HTTP/1.1\r\nHost: x\r\n${head}${body}`);
      socket.resume();
      await once(socket, 'close');
    }
    expect(await messageCounts(store.client)).toEqual(before);
  });

  it.each(['//', '/%zz?a=%zz', '/?query=%ff', '*'])('outlives a request for %s', async (target) => {
    const socket = connect(store.engine.socketPath);
    socket.end(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    socket.resume();
    await once(socket, 'close');
    expect(await store.client.ping()).toBe(true);
    expect(store.engine.status().restarts).toBe(0);
  });

  it('serves the stock client: compressed both ways, bound values, typed errors, other formats', async () => {
    const client = stockClient({ request: true, response: true });
    try {
      await client.command({ query: 'CREATE TABLE stock (a UInt64, b String) ENGINE = MergeTree ORDER BY a' });
      const long = 'é'.repeat(10_000);
      await client.insert({ table: 'stock', values: [{ a: '18446744073709551615', b: long }], format: 'JSONEachRow' });
      await client.command({ query: "INSERT INTO stock VALUES (1, 'it''s')" });
      const result = await client.query({
        query: 'SELECT b FROM stock WHERE b = {long:String} OR a = {one:UInt8} ORDER BY a',
        query_params: { long, one: 1 },
        use_multipart_params: true,
        format: 'JSONEachRow',
      });
      expect(await result.json()).toEqual([{ b: "it's" }, { b: long }]);
      await expect(client.query({ query: 'SELECT * FROM nowhere' })).rejects.toMatchObject({ code: '60' });
      await expect(client.command({ query: 'SELEC' })).rejects.toMatchObject({ type: expect.any(String) });
      await expect(
        client.query({ query: 'SELECT throwIf(number = 150000) FROM numbers(200000)' }).then((r) => r.text()),
      ).rejects.toThrow();
    } finally {
      await client.close();
    }
  });

  it('takes a body that was compressed beforehand, and refuses one that is damaged', async () => {
    const client = stockClient();
    const send = async (body: Buffer) => {
      const { stream } = await client.exec({
        query: 'INSERT INTO packed (a, b) FORMAT JSONCompactEachRow',
        values: Readable.from([body], { objectMode: false }),
        http_headers: { 'Content-Encoding': 'gzip' },
      });
      for await (const _ of stream);
    };
    try {
      await client.command({ query: 'CREATE TABLE packed (a UInt64, b String) ENGINE = MergeTree ORDER BY a' });
      const body = gzipSync('[7,"seven"]');
      await send(body);
      await expect(send(body.subarray(0, -10))).rejects.toMatchObject({ code: '36' });
      const result = await client.query({ query: 'SELECT b FROM packed', format: 'JSONEachRow' });
      expect(await result.json()).toEqual([{ b: 'seven' }]);
    } finally {
      await client.close();
    }
  });
});

function stockClient(compression: { request?: boolean; response?: boolean } = {}) {
  const agent = { keepAlive: true, socketPath: store.engine.socketPath };
  return createClient({
    url: 'http://localhost',
    http_agent: new Agent(agent),
    log: { level: ClickHouseLogLevel.OFF },
    compression,
    database,
  });
}

describe('statements', () => {
  it.each([
    ['select 1', 'SELECT'],
    [' -- x\n /* y */ Insert into t', 'INSERT'],
    ['(select 1)', 'SELECT'],
    ['', ''],
  ])('%j begins with %s', (sql, verb) => {
    expect(verbOf(sql)).toBe(verb);
  });

  it('takes a plain INSERT apart and leaves others whole', () => {
    expect(parseInsert("INSERT INTO d.t (a, `b`) SETTINGS x = 'y:1', n = 2 FORMAT JSONCompactEachRow")).toEqual({
      table: 'd.t',
      columns: ['a', 'b'],
      settings: { x: 'y:1', n: 2 },
      format: 'JSONCompactEachRow',
    });
    expect(parseInsert('insert into t format TSV ;')).toEqual({ table: 't', settings: {}, format: 'TSV' });
    expect(parseInsert('INSERT INTO t FORMAT Native')).toBeUndefined();
    expect(parseInsert('INSERT INTO t SELECT 1')).toBeUndefined();
    expect(parseInsert("INSERT INTO t SETTINGS x = f('y') FORMAT TSV")).toBeUndefined();
  });
});
