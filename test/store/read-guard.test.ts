import { readFile } from 'node:fs/promises';
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { refusedFunctions } from '../../src/store/engine/allowed-functions.ts';
import { encodeRow } from '../../src/store/rows.ts';
import { columnsOf } from '../../src/store/tables.ts';
import { askAsAnalyst, chatMessage, database, startStore, type TestStore } from './support.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startStore({ reader: { port: 0, limits: { maxRows: 1000 } } });
  await store.client.insert({
    table: 'chat_messages',
    columns: columnsOf('chat_messages'),
    token: 'one',
    body: Buffer.from(encodeRow(chatMessage(1))!.line),
  });
});
afterAll(() => store.close());

const ask = (sql: string, query?: string) => askAsAnalyst(store, sql, query);

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
    ['SELECT t.file FROM (SELECT 5 AS file) AS t', '5'],
    ['SELECT 1 AS url, url + 1', '1\t2'],
    ['SELECT arrayMap(x -> x * 2, [1, 2])', '[2,4]'],
    ['SELECT arrayMap(negate, [1, 2])', '[-1,-2]'],
    ['SELECT * APPLY(toString) FROM (SELECT 7 AS a, 8 AS b)', '7\t8'],
    ['SELECT * APPLY(x -> x + 1) FROM (SELECT 7 AS a)', '8'],
    ["SELECT COLUMNS('^te') APPLY(length) FROM chat_messages", '9'],
    ['SELECT countIf(number % 2 = 0), quantiles(0.5, 1)(number) FROM numbers(5)', '3\t[2,4]'],
    ["SELECT toStartOfHour(toDateTime('2026-01-05 12:34:56', 'UTC'))", '2026-01-05 12:00:00'],
    ['SELECT sum(number) OVER (ORDER BY number) AS total FROM numbers(3)', '0\n1\n3'],
    ['SELECT row_number() OVER w FROM numbers(2) WINDOW w AS (ORDER BY number)', '1\n2'],
    ['WITH a AS (SELECT 1 AS n), b AS (SELECT n + 1 AS m FROM a) SELECT m FROM b', '2'],
    ['WITH (SELECT max(number) FROM numbers(5)) AS most SELECT most', '4'],
    ['WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT max(n) FROM r', '3'],
    ['SELECT m.text FROM chat_messages AS m INNER JOIN chat_messages AS o USING (message_id)', 'message 1'],
    ['SELECT count() FROM chat_messages m LEFT JOIN channels c ON m.channel_id = c.channel_id', '1'],
    [
      'SELECT text FROM chat_messages WHERE channel_id IN (SELECT channel_id FROM chat_messages) LIMIT 1 BY user_id',
      'message 1',
    ],
    ["SELECT CASE number WHEN 0 THEN 'a' ELSE 'b' END FROM numbers(2)", 'a\nb'],
    ["SELECT CASE WHEN number = 0 THEN 'a' ELSE 'b' END, number BETWEEN 1 AND 2 FROM numbers(2)", 'a\t0\nb\t1'],
    ["SELECT CAST('1' AS UInt8), '2'::Int8, - -3, [1, 2][-1], (1, 'x').2, if(1, 2, 3)", '1\t2\t3\t2\tx\t2'],
    ["SELECT 'it''s', 'a\\'b -- c /* d', 'größer 🌊', $$heredoc$$", "it\\'s\ta\\'b -- c /* d\tgrößer 🌊\theredoc"],
    [
      "SELECT extract('abc', 'b'), EXTRACT(year FROM toDate('2026-01-05')), DATE '2026-01-05' + INTERVAL 1 DAY",
      'b\t2026\t2026-01-06',
    ],
    ['SELECT x FROM (SELECT [1, 2] AS xs) ARRAY JOIN xs AS x', '1\n2'],
    ['SELECT max(number) FILTER (WHERE number < 3) FROM numbers(9)', '2'],
    [
      'SELECT n, count() FROM (SELECT number % 2 AS n FROM numbers(4)) GROUP BY ROLLUP(n) ORDER BY n, count()',
      '0\t2\n0\t4\n1\t2',
    ],
    ['SELECT number FROM numbers(3) ORDER BY number WITH FILL TO 4', '0\n1\n2\n3'],
    ["SELECT name FROM system.tables WHERE name = 'channels' AND database = currentDatabase()", 'channels'],
    ["SELECT t.name FROM system.tables AS t WHERE t.name = 'channels' AND t.database = currentDatabase()", 'channels'],
    ["SELECT parts.table FROM system.parts WHERE active AND parts.table = 'chat_messages'", 'chat_messages'],
    [`SELECT name FROM system.databases WHERE name = '${database}'`, database],
    ["SELECT 'channels' IN (SELECT name FROM system.tables)", '1'],
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
    "SELECT * APPLY(file) FROM (SELECT '/etc/passwd' AS p)",
    "SELECT * APPLY file FROM (SELECT '/etc/passwd' AS p)",
    "SELECT * APPLY(`file`) FROM (SELECT '/etc/passwd' AS p)",
    "SELECT * APPLY(FILE) FROM (SELECT '/etc/passwd' AS p)",
    "SELECT * APPLY(`f\\x69le`) FROM (SELECT '/etc/passwd' AS p)",
    "SELECT * APPLY(x -> file(x)) FROM (SELECT '/etc/passwd' AS p)",
    "SELECT t.* APPLY(file) FROM (SELECT '/etc/passwd' AS p) AS t",
    "SELECT COLUMNS('p') APPLY(file) FROM (SELECT '/etc/passwd' AS p)",
    "SELECT COLUMNS(p) APPLY(file) FROM (SELECT '/etc/passwd' AS p)",
    "SELECT * REPLACE(file(p) AS p) FROM (SELECT '/etc/passwd' AS p)",
    "SELECT * APPLY(\"toString, file(p) /* ' */\") /* ' */ FROM (SELECT '/etc/passwd' AS p)",
    "SELECT * APPLY(\"toString /* ' */, file(p) /* ' */\") FROM (SELECT '/etc/passwd' AS p)",
    'SELECT * APPLY("toString, arrayMap(`f\\\\x69le`, [p])") FROM (SELECT \'/etc/passwd\' AS p)',
    'SELECT * APPLY("toString, file(p) -- ") FROM (SELECT \'/etc/passwd\' AS p)',
    "SELECT * APPLY(\"toString, $$ ' $$, file(p), $$ ' $$\") FROM (SELECT '/etc/passwd' AS p)",
    "SELECT * APPLY(\"toString, ‘ ' ’, file(p), ‘ ' ’\") FROM (SELECT '/etc/passwd' AS p)",
    "SELECT arrayMap(file, ['/etc/passwd'])",
    "SELECT arrayMap(`file`, ['/etc/passwd'])",
    "SELECT arrayMap(/**/file/**/, ['/etc/passwd'])",
    "SELECT arrayMap(“file”, ['/etc/passwd'])",
    "SELECT arrayFilter(file, ['/etc/passwd'])",
    "SELECT mapApply((k, v) -> (k, file(v)), map('a', '/etc/passwd'))",
    "WITH file AS f SELECT arrayMap(f, ['/etc/passwd'])",
    "WITH x -> file(x) AS f SELECT f('/etc/passwd')",
    "WITH (x -> file(x)) AS f SELECT arrayMap(f, ['/etc/passwd'])",
    "SELECT 1 AS file, arrayMap(file, ['/etc/passwd'])",
    "SELECT arrayFold((acc, x) -> file(x), ['/etc/passwd'], '')",
    "SELECT x.file('/etc/passwd')",
    "SELECT 1 LIMIT 1 BY file('/etc/passwd')",
    "SELECT 1 ORDER BY 1 WITH FILL INTERPOLATE (x AS file('/etc/passwd'))",
    'SELECT * APPLY(sleep) FROM (SELECT 1)',
    'SELECT arrayMap(sleepEachRow, [1])',
    "SELECT dictGet('d', 'a', 1)",
    "SELECT joinGet('d', 'a', 1)",
    'SELECT hostName()',
    'SELECT hostname()',
    'SELECT FQDN()',
    'SELECT fullHostName()',
    'SELECT uptime()',
    'SELECT displayName()',
    'SELECT serverUUID()',
    'SELECT buildId()',
    'SELECT tcpPort()',
    'SELECT getOSKernelVersion()',
    "SELECT getMacro('x')",
    'SELECT @@hostname',
    "SELECT hasColumnInTable('system', 'processes', 'query')",
    "SELECT getMergeTreeSetting('index_granularity')",
    "SELECT __getScalar('x')",
    "SELECT logTrace('x')",
    "SELECT aiGenerate('x')",
    'SELECT path FROM system.parts',
    'SELECT parts.path FROM system.parts',
    'SELECT system.parts.path FROM system.parts',
    'SELECT p.path FROM system.parts AS p',
    'SELECT data_paths FROM system . `tables`',
    'SELECT metadata_path FROM system.tables FINAL',
    'SELECT data_path FROM system.databases',
    'SELECT path FROM system.parts_columns',
    'SELECT path FROM system.disks',
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

  it.each(['{t:Identifier}', '{t : identifier}', '{t:`Identifier`}', '{t:Identifier /* */}'])(
    'a name as %s',
    async (name) => {
      expect((await ask(`SELECT * FROM ${name}`, 'param_t=system.processes')).status).toBeGreaterThanOrEqual(400);
      const called = await ask(`SELECT arrayMap(${name}, ['/etc/passwd'])`, 'param_t=file');
      expect(called.status).toBeGreaterThanOrEqual(400);
      expect(called.text).not.toContain('root:');
    },
  );

  it('to tell where its data lies', async () => {
    for (const table of ['databases', 'tables', 'parts', 'parts_columns']) {
      for (const sql of [`SELECT * FROM system.${table}`, `SELECT COLUMNS('path') FROM system.${table} AS x`]) {
        expect((await ask(sql)).text, sql).not.toContain(store.dataDir);
      }
    }
  });

  it('rows after a statement, and a statement split between URL and body', async () => {
    expect((await ask('[1]', 'query=INSERT+INTO+channels+FORMAT+JSONCompactEachRow')).status).toBe(403);
    expect((await ask(" file('/etc/passwd')", 'query=SELECT')).status).toBe(403);
  });

  it('settings that would lift the limits, by not heeding them', async () => {
    const answer = await ask('SELECT number FROM numbers(5000)', 'max_result_rows=0&readonly=0&max_execution_time=0');
    expect(answer).toMatchObject({ code: '396' });
  });
});

describe('allowed functions', () => {
  it('compute from their arguments alone', async () => {
    const rows = await store.client.select<{ name: string; is_aggregate: number; alias_to: string; category: string }>(
      'SELECT name, is_aggregate, alias_to, trim(categories) AS category FROM system.functions',
    );
    const functions = rows.map((row) => ({
      name: row.name,
      isAggregate: row.is_aggregate === 1,
      aliasTo: row.alias_to,
      category: row.category,
    }));
    const refused = refusedFunctions(functions);
    const open = functions.map(({ name }) => name).filter((name) => !refused.has(name.toLowerCase()));
    const telling =
      /file|sleep|host|fqdn|server|tcp|uptime|macro|kernel|keeper|dict(Get|Has|Is)|joinGet|cat?boost|^ai|chdb|^fuzz|^__|setting|profile|^log[A-Z]/i;
    expect(open.filter((name) => telling.test(name))).toEqual([]);
    expect(open.length).toBeGreaterThan(1_000);
    const columns = await store.client.select<{ name: string }>(
      `SELECT DISTINCT name FROM system.columns WHERE database = '${database}'`,
    );
    expect(columns.filter(({ name }) => refused.has(name))).toEqual([]);
  });

  it('are not those of a category that nobody has looked at', () => {
    const unknown = { name: 'readMind', isAggregate: false, aliasTo: '', category: 'Telepathy' };
    const alias = { ...unknown, name: 'READ_MIND', aliasTo: 'readMind', category: 'String' };
    expect(refusedFunctions([unknown, alias])).toEqual(new Set(['readmind', 'read_mind']));
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
