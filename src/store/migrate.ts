/**
 * Brings the database to the state that this version needs: runs the numbered files of `clickhouse/` that have not run yet, in order, and
 * records each. A file that has run is never edited; every statement may run twice, so an interrupted migration is simply run again.
 */
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConfigError, UpstreamError } from '../lib/errors.ts';
import { asError } from '../lib/lifecycle.ts';
import type { Logger } from '../ops/log.ts';
import type { StoreClient } from './client.ts';

export interface MigrateOptions {
  readonly client: StoreClient;
  /** The embedded engine does not flush to disk by itself; a server is its operator's to set up. */
  readonly isEmbedded: boolean;
  readonly log: Logger;
  /** The package's own `clickhouse/` when not given. */
  readonly directory?: string;
}

export interface Migration {
  readonly id: number;
  readonly name: string;
  readonly checksum: string;
  readonly statements: readonly string[];
}

/** @returns the names of the files that ran. @throws ConfigError when a file that has run was edited since, UpstreamError when a statement fails */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const { client, log } = options;
  const migrations = await readMigrations(options.directory ?? packageDirectory());
  await prepare(client, tableSettings(options.isEmbedded));
  const applied = await readApplied(client);
  checkApplied(migrations, applied);
  const known = new Set(migrations.map(({ id }) => id));
  const newer = [...applied.keys()].filter((id) => !known.has(id));
  if (newer.length > 0) log.warn({ newer }, 'the database was migrated by a newer version');
  const pending = migrations.filter(({ id }) => !applied.has(id));
  for (const migration of pending) {
    await run(client, migration, tableSettings(options.isEmbedded));
    log.info({ migration: migration.name }, 'migration applied');
  }
  return pending.map(({ name }) => name);
}

/** Reads `NNNN_name.sql` files. @throws ConfigError for a directory that holds none, or two with one number */
export async function readMigrations(directory: string): Promise<readonly Migration[]> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort();
  const migrations = await Promise.all(names.map((name) => readMigration(directory, name)));
  const ids = new Set(migrations.map(({ id }) => id));
  if (migrations.length === 0 || ids.size < migrations.length) {
    throw new ConfigError([{ path: directory, message: 'must hold migrations with one number each' }]);
  }
  return migrations;
}

async function readMigration(directory: string, name: string): Promise<Migration> {
  const id = Number.parseInt(name, 10);
  if (!/^\d{4}_\w+\.sql$/.test(name)) {
    throw new ConfigError([{ path: join(directory, name), message: 'must be named like 0001_name.sql' }]);
  }
  const text = await readFile(join(directory, name), 'utf8');
  const checksum = createHash('sha256').update(text).digest('hex');
  return { id, name: name.slice(0, -'.sql'.length), checksum, statements: splitStatements(text) };
}

/** Statements end with `;` at the end of a line; lines that begin with `--` are comments. */
function splitStatements(text: string): readonly string[] {
  return text
    .replaceAll(/^--.*$/gm, '')
    .split(/;\s*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

function packageDirectory(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'clickhouse');
}

/**
 * The window remembers the tokens of that many blocks; without it a token means nothing. The rest makes the embedded engine flush
 * what it has acknowledged, and what it merges, before a power cut can take it, and open again afterwards.
 */
function tableSettings(isEmbedded: boolean): string {
  const window = ['non_replicated_deduplication_window = 10000'];
  const durability = [
    'fsync_after_insert = 1',
    'fsync_part_directory = 1',
    'min_rows_to_fsync_after_merge = 1',
    'min_compressed_bytes_to_fsync_after_merge = 1',
    'max_suspicious_broken_parts = 100000',
  ];
  return [...window, ...(isEmbedded ? durability : [])].join(', ');
}

function fill(statement: string, database: string, settings: string): string {
  return statement.replaceAll('{database}', database).replaceAll('{settings}', settings);
}

async function prepare(client: StoreClient, settings: string): Promise<void> {
  await client.command(`CREATE DATABASE IF NOT EXISTS ${client.database}`);
  await client.command(
    `CREATE TABLE IF NOT EXISTS ${client.database}.schema_migrations
     (id UInt32, name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3))
     ENGINE = ReplacingMergeTree ORDER BY id SETTINGS ${settings}`,
  );
}

interface Applied {
  readonly id: number;
  readonly name: string;
  readonly checksum: string;
}

async function readApplied(client: StoreClient): Promise<ReadonlyMap<number, Applied>> {
  const rows = await client.select<Applied>(
    `SELECT id, name, checksum FROM ${client.database}.schema_migrations FINAL`,
  );
  return new Map(rows.map((row) => [row.id, row]));
}

function checkApplied(migrations: readonly Migration[], applied: ReadonlyMap<number, Applied>): void {
  const problems = migrations.flatMap((migration) => {
    const before = applied.get(migration.id);
    if (before === undefined || before.checksum === migration.checksum) return [];
    return [{ path: `${migration.name}.sql`, message: 'was edited after it had run; add a new file instead' }];
  });
  if (problems.length > 0) throw new ConfigError(problems);
}

async function run(client: StoreClient, migration: Migration, settings: string): Promise<void> {
  try {
    for (const statement of migration.statements) await client.command(fill(statement, client.database, settings));
    await record(client, migration);
  } catch (cause) {
    throw new UpstreamError(`migration ${migration.name}: ${asError(cause).message}`, { cause, retry: false });
  }
}

async function record(client: StoreClient, migration: Migration): Promise<void> {
  await client.insert({
    table: 'schema_migrations',
    columns: ['id', 'name', 'checksum'],
    token: `migration:${migration.id}:${migration.checksum}`,
    body: Buffer.from(JSON.stringify([migration.id, migration.name, migration.checksum])),
  });
}
