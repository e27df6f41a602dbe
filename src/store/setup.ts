/** Makes the database ready before anything is written: waits for a server that is away, then migrates. */
import { backoffMs } from '../lib/backoff.ts';
import { asError, pause, type Service } from '../lib/lifecycle.ts';
import type { Logger } from '../ops/log.ts';
import type { StoreClient } from './client.ts';
import { migrate } from './migrate.ts';

export interface StoreSetupOptions {
  readonly client: StoreClient;
  readonly isEmbedded: boolean;
  /** Runs once the tables are there: what an earlier run knew. */
  readonly onReady: (client: StoreClient) => Promise<void>;
  readonly log: Logger;
}

export function createStoreSetup({ client, isEmbedded, onReady, log }: StoreSetupOptions): Service {
  return {
    name: 'store',
    async start(signal) {
      // A server may be restarting together with us; what it then says to the migration is a fault of its own.
      for (let attempt = 0; !(await client.ping()); attempt += 1) {
        const waitMs = backoffMs(attempt, { firstMs: 250, maxMs: 10_000 });
        log.warn({ waitMs }, 'clickhouse does not answer, waiting for it');
        if (!(await pause(waitMs, signal))) throw asError(signal.reason);
      }
      await migrate({ client, isEmbedded, log });
      await onReady(client);
    },
    stop: () => client.close(),
  };
}
