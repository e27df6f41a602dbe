/** `migrate`: brings the tables up to date and says what was done. */
import { type Flags, loadConfig } from '../config/load.ts';
import type { StoreClient } from '../store/client.ts';
import { migrate } from '../store/migrate.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';
import { withStore } from './with-store.ts';

export async function migrateStore(flags: Flags, context: CommandContext): Promise<ExitCode> {
  const config = loadConfig(flags);
  return withStore(config, context, async (client: StoreClient, log) => {
    const done = await migrate({ client, isEmbedded: config.clickhouse.url === null, log });
    context.out.write(done.length === 0 ? 'up to date\n' : done.map((name) => `applied ${name}\n`).join(''));
    return exitCodes.done;
  });
}
