/**
 * Makes the database ready: migrates, then lets the daemon take up where an earlier run ended. A server that does not answer
 * is waited for in the background: the daemon listens meanwhile, and its rows wait in memory.
 */
import { backoffMs } from '../lib/backoff.ts';
import { asError, pause, type Service } from '../lib/lifecycle.ts';
import type { Logger } from '../ops/log.ts';
import type { StoreClient } from './client.ts';
import { migrate } from './migrate.ts';

export interface StoreSetupOptions {
  readonly client: StoreClient;
  readonly isEmbedded: boolean;
  /** Runs once the tables are there. */
  readonly onReady: (client: StoreClient) => Promise<void>;
  readonly log: Logger;
}

export interface StoreSetup extends Service {
  /** The tables are there, and what an earlier run knew has been taken up. */
  isReady(): boolean;
}

const waiting = { firstMs: 250, maxMs: 10_000 };

export function createStoreSetup({ client, isEmbedded, onReady, log }: StoreSetupOptions): StoreSetup {
  let isReady = false;
  let patience: Promise<void> | undefined;

  async function prepare(): Promise<void> {
    await migrate({ client, isEmbedded, log });
    await onReady(client);
    isReady = true;
  }

  async function wait(signal: AbortSignal): Promise<void> {
    for (let attempt = 0; await pause(backoffMs(attempt, waiting), signal); attempt += 1) {
      if (!(await client.ping())) continue;
      log.info('clickhouse answers now');
      return prepare();
    }
  }

  return {
    name: 'store',
    async start(signal, fail) {
      if (await client.ping()) return prepare();
      log.warn('clickhouse does not answer; rows wait in memory until it does');
      patience = wait(signal).catch((thrown: unknown) => fail(asError(thrown)));
    },
    async stop() {
      await patience;
      await client.close();
    },
    isReady: () => isReady,
  };
}
