import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/lib/errors.ts';
import { migrate, readMigrations } from '../../src/store/migrate.ts';
import { columnsOf, tableNames } from '../../src/store/tables.ts';
import { log, startStore, type TestStore } from './support.ts';

const shipped = fileURLToPath(new URL('../../clickhouse', import.meta.url));

let store: TestStore;
let directory: string;
beforeAll(async () => {
  store = await startStore();
  directory = await mkdtemp(join(tmpdir(), 'gauge-sql-'));
  await cp(shipped, directory, { recursive: true });
});
afterAll(async () => {
  await store.close();
  await rm(directory, { recursive: true });
});

function run(from = directory) {
  return migrate({ client: store.client, isEmbedded: true, log, directory: from });
}

describe('migrate', () => {
  it('has made the columns that rows are written to, and gave the tables a deduplication window and flushes', async () => {
    for (const table of tableNames) {
      const columns = await store.client.select<{ name: string }>(
        `SELECT name FROM system.columns WHERE database = '${store.client.database}' AND table = {table:String} AND default_kind != 'ALIAS'`,
        { table },
      );
      expect(new Set(columns.map(({ name }) => name))).toEqual(new Set(columnsOf(table)));
      const [definition] = await store.client.select<{ sql: string }>(
        `SELECT create_table_query AS sql FROM system.tables WHERE database = '${store.client.database}' AND name = {table:String}`,
        { table },
      );
      expect(definition!.sql).toContain('non_replicated_deduplication_window = 10000');
      expect(definition!.sql).toContain('fsync_after_insert = 1');
    }
  });

  it('does nothing the second time', async () => {
    expect(await run()).toEqual([]);
  });

  it('runs what was added, and runs an interrupted file again', async () => {
    const file = join(directory, '9000_more.sql');
    await writeFile(
      file,
      '-- a; comment\nCREATE TABLE IF NOT EXISTS {database}.more (a Int64) ENGINE = MergeTree ORDER BY a SETTINGS {settings};\nCREATE NONSENSE;\n',
    );
    await expect(run()).rejects.toThrow(/^migration 9000_more: /);
    await writeFile(
      file,
      'CREATE TABLE IF NOT EXISTS {database}.more (a Int64) ENGINE = MergeTree ORDER BY a SETTINGS {settings};\nINSERT INTO {database}.more VALUES (1);\n',
    );
    expect(await run()).toEqual(['9000_more']);
    expect(await store.client.select(`SELECT a FROM ${store.client.database}.more`)).toEqual([{ a: '1' }]);
  });

  it('refuses to go on when a file that has run was edited', async () => {
    await writeFile(join(directory, '0002_views.sql'), '-- edited\n');
    const error = await run().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems).toEqual([
      { path: '0002_views.sql', message: expect.stringContaining('edited') },
    ]);
  });

  it('refuses a directory whose numbers are not unique', async () => {
    await writeFile(join(directory, '0001_again.sql'), 'SELECT 1;\n');
    await expect(readMigrations(directory)).rejects.toThrow(ConfigError);
  });
});
