import { readFile } from 'node:fs/promises';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeRow } from '../../src/store/rows.ts';
import { columnsOf } from '../../src/store/tables.ts';
import { chatMessage, database, startStore, type TestStore } from './support.ts';

const limits = { maxSeconds: 2, maxRows: 1000, maxMemoryBytes: 100_000_000, maxQueries: 3 };

let store: TestStore;
beforeAll(async () => {
  store = await startStore({ reader: { port: 0, limits } });
  await store.client.insert({
    table: 'chat_messages',
    columns: columnsOf('chat_messages'),
    token: 'one',
    body: Buffer.from(encodeRow(chatMessage(1))!.line),
  });
});
afterAll(() => store.close());

interface Answer {
  status: number;
  code: string | null;
  text: string;
}

async function ask(sql: string, query = '', headers?: Record<string, string>): Promise<Answer> {
  const { user, password } = store.engine.queryCredentials!;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const response = await fetch(`${store.engine.queryUrl}/?${query}`, {
    method: 'POST',
    body: sql,
    headers: headers ?? { authorization },
  });
  const text = await response.text();
  return { status: response.status, code: response.headers.get('x-clickhouse-exception-code'), text: text.trim() };
}

describe('the analysts’ port answers', () => {
  it.each([
    ['SELECT count() FROM chat_messages', '1'],
    [`SELECT text FROM ${database}.chat_messages FINAL`, 'message 1'],
    ['select 1 -- comment\n;', '1'],
    ['/* ; */ WITH x AS (SELECT 2 AS n) SELECT n FROM x', '2'],
    ['SELECT 1 UNION ALL SELECT 1', '1\n1'],
    ['(SELECT 3)', '3'],
    ["SELECT 'file(1) system.processes INTO OUTFILE; DROP'", 'file(1) system.processes INTO OUTFILE; DROP'],
    [
      'SELECT number FROM numbers(4) ORDER BY number DESC FORMAT JSONCompactEachRow',
      '[3]\n[2]\n[1]\n[0]'.replaceAll(/(\d)/g, '$1'),
    ],
    ['SELECT timezone()', 'UTC'],
    ['SHOW DATABASES', database],
    ['EXISTS TABLE channels', '1'],
    ["SELECT name FROM system.settings WHERE name = 'max_threads'", 'max_threads'],
    ['SELECT length(text) AS file FROM chat_messages', '9'],
  ])('%s', async (sql, expected) => {
    expect(await ask(sql)).toEqual({ status: 200, code: null, text: expected });
  });

  it('what stock clients send first, and streams results', async () => {
    const { user, password } = store.engine.queryCredentials!;
    const client = createClient({ url: store.engine.queryUrl!, username: user, password, database });
    try {
      expect(await client.ping({ select: true })).toEqual({ success: true });
      const result = await client.query({
        query: 'SELECT message_id, text FROM chat_messages WHERE text = {text:String}',
        query_params: { text: 'message 1' },
        format: 'JSON',
      });
      expect((await result.json<{ text: string }>()).data[0]!.text).toBe('message 1');
    } finally {
      await client.close();
    }
  });

  it('DESCRIBE and SHOW of our own tables', async () => {
    expect((await ask('SHOW TABLES')).text.split('\n')).toContain('chat_messages');
    expect((await ask(`DESCRIBE TABLE ${database}.channels`)).text).toContain('tracked_since');
    expect((await ask('SHOW CREATE TABLE channels')).status).toBe(200);
  });
});

describe('the analysts’ port refuses', () => {
  it.each([
    "SELECT file('/etc/passwd')",
    "SELECT FILE('/etc/passwd')",
    "SELECT `file`('/etc/passwd')",
    'SELECT "file"(\'/etc/passwd\')',
    "SELECT fi/**/le('/etc/passwd')",
    "SELECT /* x */ file /* y */ ('/etc/passwd')",
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    "SELECT arrayMap(x -> file(x), ['/etc/passwd'])",
    "SELECT (SELECT file('/etc/passwd'))",
    "SELECT 1 INTO OUTFILE '/tmp/owned' FORMAT TSV",
    "SELECT 1) INTO OUTFILE '/tmp/owned' --",
    'SELECT 1; DROP TABLE chat_messages',
    'SELECT 1) UNION ALL (SELECT 2',
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1', system.one)",
    "SELECT * FROM s3('http://127.0.0.1:1/x', 'CSV', 'a String')",
    "SELECT * FROM merge('system', '.*')",
    "SELECT * FROM executable('id', 'TSV', 'a String')",
    "SELECT * FROM sqlite('/tmp/x', 't')",
    "SELECT * FROM viewExplain('EXPLAIN', '', (SELECT 1))",
    'SELECT * FROM system.processes',
    'SELECT * FROM `system`.`processes`',
    'SELECT * FROM system . processes',
    'SELECT 1 IN system.processes',
    'SELECT * FROM information_schema.tables',
    'SELECT * FROM default.`/etc/passwd`',
    "SELECT * FROM '/etc/passwd'",
    'SELECT * FROM `/etc/passwd`',
    'SELECT sleep(1)',
    "SELECT getServerSetting('path')",
    "SELECT catboostEvaluate('/etc/passwd', 1)",
    'SELECT showCertificate()',
    "DESCRIBE file('/etc/passwd')",
    'DESCRIBE TABLE system.processes',
    'SHOW TABLES FROM system',
    'SHOW PROCESSLIST',
    'KILL QUERY WHERE 1',
    'SYSTEM STOP MERGES',
    'SYSTEM SHUTDOWN',
    'DROP TABLE chat_messages',
    'TRUNCATE TABLE chat_messages',
    'INSERT INTO chat_messages (text) VALUES (1)',
    "INSERT INTO FUNCTION file('/tmp/owned', 'CSV', 'a String') SELECT 1",
    "CREATE TABLE x (a Int8) ENGINE = File('CSV')",
    'ALTER TABLE chat_messages DELETE WHERE 1',
    'SET readonly = 0',
    'USE system',
    'SELECT 1 SETTINGS readonly = 0',
    'SELECT 1 SETTINGS max_execution_time = 0',
    'EXPLAIN SELECT 1',
    "BACKUP TABLE chat_messages TO File('/tmp/x')",
    "ATTACH TABLE x FROM '/tmp'",
    'SELECT 1 FORMAT Template',
    'GRANT ALL ON *.* TO default',
    '',
    ';',
    '\u0000SELECT 1',
  ])('%j', async (sql) => {
    const answer = await ask(sql);
    expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
    expect(answer.code).toMatch(/^\d+$/);
    expect(answer.text).not.toContain('root:');
  });

  it('a parameter that stands for a name', async () => {
    const answer = await ask('SELECT * FROM {t:Identifier}', 'param_t=system.processes');
    expect(answer).toMatchObject({ status: 403, code: '497' });
  });

  it('rows after a statement, and a statement split between URL and body', async () => {
    expect((await ask('[1]', 'query=INSERT+INTO+channels+FORMAT+JSONCompactEachRow')).status).toBe(403);
    expect((await ask(" file('/etc/passwd')", 'query=SELECT')).status).toBe(403);
  });

  it('settings that would lift the limits, by not heeding them', async () => {
    const answer = await ask('SELECT number FROM numbers(5000)', 'max_result_rows=0&readonly=0&max_execution_time=0');
    expect(answer).toMatchObject({ code: '396' });
  });

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
      expect(await ask('SELECT 1', '', headers as Record<string, string>)).toMatchObject({ status: 403, code: '516' });
    }
    expect(await ask('SELECT 1', 'user=analyst&password=x', {})).toMatchObject({ status: 403, code: '516' });
    const { user, password } = store.engine.queryCredentials!;
    expect((await ask('SELECT 1', `user=${user}&password=${encodeURIComponent(password)}`, {})).text).toBe('1');
    expect((await ask('SELECT 1', '', { 'x-clickhouse-user': user, 'x-clickhouse-key': password })).text).toBe('1');
  });

  it('what takes too long, too much memory or too many rows', async () => {
    expect((await ask('SELECT count() FROM numbers(1000000000000) WHERE number % 3 = 1')).code).toBe('159');
    expect((await ask('SELECT groupArray(number) FROM numbers(500000000)')).code).toBe('241');
    expect((await ask('SELECT number FROM numbers(2000)')).code).toBe('396');
    expect((await ask('SELECT number FROM numbers(1000)')).status).toBe(200);
  });

  it('more queries at once than it may, and goes on afterwards', async () => {
    const slow = 'SELECT count() FROM numbers(1000000000000) WHERE number % 3 = 1';
    const answers = await Promise.all([slow, slow, slow, slow, slow].map((sql) => ask(sql)));
    expect(answers.filter(({ code }) => code === '202').length).toBeGreaterThan(0);
    expect((await ask('SELECT 1')).text).toBe('1');
  });
});

describe('clickhouse/README.md', () => {
  it('shows only queries that run', async () => {
    const text = await readFile(new URL('../../clickhouse/README.md', import.meta.url), 'utf8');
    const queries = [...text.matchAll(/```sql\n(.*?)```/gs)].map((match) => match[1]!);
    expect(queries.length).toBeGreaterThan(5);
    for (const query of queries) {
      const answer = await ask(query);
      expect(answer.status, `${query}\n${answer.text}`).toBe(200);
    }
  });
});
