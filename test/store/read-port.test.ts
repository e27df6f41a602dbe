import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askAsAnalyst, startStore, type TestStore, until } from './support.ts';

const limits = { maxSeconds: 2, maxRows: 1000, maxMemoryBytes: 100_000_000, maxQueries: 3 };
const endless = 'SELECT count() FROM numbers(1000000000000) WHERE number % 3 = 1';

let store: TestStore;
beforeAll(async () => {
  store = await startStore({ reader: { port: 0, limits } });
});
afterAll(() => store.close());

const ask = (sql: string, query?: string, init?: RequestInit) => askAsAnalyst(store, sql, query, init);

describe('the analysts’ port refuses', () => {
  it('a wrong or missing password, in all three places', async () => {
    const basic = (text: string) => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` });
    const wrong = [
      {},
      basic('analyst:x'),
      basic('analyst'),
      basic('default:'),
      { 'x-clickhouse-user': 'analyst', 'x-clickhouse-key': 'x' },
    ];
    for (const headers of wrong) {
      expect(await ask('SELECT 1', '', { headers: headers as Record<string, string> })).toMatchObject({
        status: 403,
        code: '516',
      });
    }
    expect(await ask('SELECT 1', 'user=analyst&password=x', { headers: {} })).toMatchObject({
      status: 403,
      code: '516',
    });
    const { user, password } = store.engine.queryCredentials!;
    expect((await ask('SELECT 1', `user=${user}&password=${encodeURIComponent(password)}`, { headers: {} })).text).toBe(
      '1',
    );
    expect(
      (await ask('SELECT 1', '', { headers: { 'x-clickhouse-user': user, 'x-clickhouse-key': password } })).text,
    ).toBe('1');
  });

  it('what takes too long, too much memory or too many rows', async () => {
    expect((await ask(endless)).code).toBe('159');
    expect((await ask('SELECT groupArray(number) FROM numbers(500000000)')).code).toBe('241');
    expect((await ask('SELECT number FROM numbers(2000)')).code).toBe('396');
    expect((await ask('SELECT number FROM numbers(1000)')).status).toBe(200);
  });

  it('more queries at once than it may, and goes on afterwards', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => ask(endless)));
    expect(answers.filter(({ code }) => code === '202').length).toBeGreaterThan(0);
    expect((await ask('SELECT 1')).text).toBe('1');
  });
});

describe('a query that nobody waits for any more', () => {
  it('ends at once and frees its place', async () => {
    const other = await startStore({ reader: { port: 0, limits: { ...limits, maxSeconds: 60 } } });
    try {
      const leave = new AbortController();
      const left = [1, 2, 3].map(() => askAsAnalyst(other, endless, '', { signal: leave.signal }).catch(() => 'left'));
      await until(async () => (await askAsAnalyst(other, 'SELECT 1')).code === '202');
      leave.abort();
      const leftAt = performance.now();
      expect(await Promise.all(left)).toEqual(['left', 'left', 'left']);
      await until(async () => (await askAsAnalyst(other, 'SELECT 1')).code === null);
      const running = () => other.client.select("SELECT 1 FROM system.processes WHERE query LIKE '%1000000000000%'");
      await until(async () => (await running()).length <= 1);
      expect(performance.now() - leftAt).toBeLessThan(5_000);
    } finally {
      await other.close();
    }
  });
});

describe('a query whose subquery takes long', () => {
  it('keeps nobody else waiting', async () => {
    const asked = ask(`SELECT (${endless})`);
    let isOver = false;
    void asked.then(() => {
      isOver = true;
    });
    let pings = 0;
    while (!isOver) {
      expect(await store.client.select('SELECT 1 AS one')).toEqual([{ one: 1 }]);
      pings += 1;
    }
    expect((await asked).code).toBe('159');
    expect(pings).toBeGreaterThan(5);
  });
});
