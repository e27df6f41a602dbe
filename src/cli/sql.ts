/** `sql`: one query, for whoever may read the data directory or knows the server's password. Names are those of our database. */
import { pipeline } from 'node:stream/promises';
import { type Flags, loadConfig } from '../config/load.ts';
import { RequestError } from '../lib/errors.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';
import { withStore } from './with-store.ts';

export interface SqlOptions extends Flags {
  /** ClickHouse's name of an output format. */
  readonly format: string;
}

export async function sql(query: string, options: SqlOptions, context: CommandContext): Promise<ExitCode> {
  if (!/^\w+$/.test(options.format)) throw new RequestError(400, 'format', `${options.format} is no name of a format`);
  const config = loadConfig(options);
  return withStore(config, context, async (client) => {
    const answer = await client.read(query, options.format, context.interrupted);
    await pipeline(answer, context.out, { end: false, signal: context.interrupted });
    return exitCodes.done;
  });
}
