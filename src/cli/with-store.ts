/**
 * Gives a command a store to talk to: the configured server; the embedded engine of a daemon that runs on the same data
 * directory; or an embedded engine of its own for as long as the command takes.
 */
import type { Config } from '../config/schema.ts';
import { createLog, type Logger } from '../ops/log.ts';
import { createRegistry } from '../ops/metrics.ts';
import { createStoreClient, type StoreClient } from '../store/client.ts';
import { createEmbeddedEngine } from '../store/engine/embedded-engine.ts';
import type { CommandContext } from './context.ts';

export async function withStore<T>(
  config: Config,
  context: CommandContext,
  work: (client: StoreClient, log: Logger) => Promise<T>,
): Promise<T> {
  const log = createLog({ level: config.logLevel === 'info' ? 'warn' : config.logLevel });
  const { clickhouse, secrets, dataDir } = config;
  const { database } = clickhouse;
  if (clickhouse.url !== null) {
    const password = secrets.clickhousePassword === undefined ? {} : { password: secrets.clickhousePassword };
    return using(
      createStoreClient({ url: clickhouse.url, username: clickhouse.username, database, log, ...password }),
      log,
      work,
    );
  }
  const memoryLimitBytes = clickhouse.memoryMb * 1024 * 1024;
  const engine = createEmbeddedEngine({ dataDir, database, memoryLimitBytes, log, registry: createRegistry() });
  const client = createStoreClient({ socketPath: engine.socketPath, database, log });
  if (await client.ping()) return using(client, log, work);
  try {
    await engine.start(context.interrupted, () => {});
    return await using(client, log, work);
  } finally {
    await engine.stop(context.hurried);
  }
}

async function using<T>(
  client: StoreClient,
  log: Logger,
  work: (client: StoreClient, log: Logger) => Promise<T>,
): Promise<T> {
  try {
    return await work(client, log);
  } finally {
    await client.close();
  }
}
