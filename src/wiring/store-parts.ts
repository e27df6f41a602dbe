/** ClickHouse as the configuration wants it: the embedded engine or a server, and the client for either. */
import type { Config } from '../config/schema.ts';
import type { Logger } from '../ops/log.ts';
import type { Registry } from '../ops/metrics.ts';
import { createStoreClient, type StoreClient } from '../store/client.ts';
import { createEmbeddedEngine, type EmbeddedEngine } from '../store/engine/embedded-engine.ts';

interface StoreParts {
  readonly config: Config;
  readonly log: Logger;
  readonly registry: Registry;
}

/** @returns undefined where a server is configured. */
export function createEngine({ config, log, registry }: StoreParts): EmbeddedEngine | undefined {
  if (config.clickhouse.url !== null) return undefined;
  const { clickhouse, secrets } = config;
  const password = secrets.clickhousePassword === undefined ? {} : { password: secrets.clickhousePassword };
  return createEmbeddedEngine({
    dataDir: config.dataDir,
    database: clickhouse.database,
    memoryLimitBytes: clickhouse.memoryMb * 1024 * 1024,
    ...(clickhouse.queryPort === null ? {} : { reader: { port: clickhouse.queryPort, ...password } }),
    log: log.child({ part: 'engine' }),
    registry,
  });
}

export function createClient(
  { config, log }: Pick<StoreParts, 'config' | 'log'>,
  engine: EmbeddedEngine | undefined,
): StoreClient {
  const { clickhouse, secrets } = config;
  const common = { database: clickhouse.database, log: log.child({ part: 'store' }) };
  if (engine !== undefined) return createStoreClient({ ...common, socketPath: engine.socketPath });
  const password = secrets.clickhousePassword === undefined ? {} : { password: secrets.clickhousePassword };
  return createStoreClient({ ...common, url: clickhouse.url ?? '', username: clickhouse.username, ...password });
}
