/** `run`: the daemon, until a signal ends it. */
import { type Flags, loadConfig } from '../config/load.ts';
import { ConfigError } from '../lib/errors.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';
import { createDaemon, describeAddresses, runToEnd } from './daemon.ts';

export async function run(flags: Flags, context: CommandContext): Promise<ExitCode> {
  const config = loadConfig(flags);
  if (config.channels.length === 0) {
    throw new ConfigError([
      { path: 'channels', message: 'is empty; name channels with --channels LOGIN,LOGIN or in the file' },
    ]);
  }
  const daemon = createDaemon(config, context);
  const { twitchClientId } = config.secrets;
  const wentWell = await runToEnd(daemon, () => {
    context.err(`streamgauge watches ${config.channels.length} channels\n${describeAddresses(daemon, config)}`);
    if (twitchClientId === undefined) {
      context.err('  chat only: set TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET to learn who is live\n');
    }
  });
  return wentWell ? exitCodes.done : exitCodes.fault;
}
