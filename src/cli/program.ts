/** The command line: which commands there are, what they take, and which exit code a fault becomes. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Flags } from '../config/load.ts';
import { ConfigError } from '../lib/errors.ts';
import { asError } from '../lib/lifecycle.ts';
import { redact } from '../ops/log.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';
import { readVersion } from './version.ts';

/** @param args without the program's own name. Never throws: every fault becomes words on standard error and a code. */
export async function runProgram(args: readonly string[], context: CommandContext): Promise<ExitCode> {
  let code: ExitCode = exitCodes.done;
  const program = createProgram(context, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(withCommand(args), { from: 'user' });
    return code;
  } catch (thrown) {
    return explain(thrown, context);
  }
}

/** `run` is what is meant by options alone. Not commander's default command: that would take a misspelt command for an argument. */
function withCommand(args: readonly string[]): string[] {
  const [first] = args;
  const isOwn =
    first === undefined ? false : !first.startsWith('-') || ['-h', '--help', '-V', '--version'].includes(first);
  return isOwn ? [...args] : ['run', ...args];
}

function explain(thrown: unknown, context: CommandContext): ExitCode {
  // commander has already written its own message.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? exitCodes.done : exitCodes.badUsage;
  if (thrown instanceof ConfigError) {
    context.err('The configuration cannot work:\n');
    for (const { path, message } of thrown.problems) context.err(`  ${path}: ${message}\n`);
    return exitCodes.badConfig;
  }
  const error = asError(thrown);
  context.err(`${redact(error.message)}\n`);
  return exitCodes.fault;
}

function createProgram(context: CommandContext, onCode: (code: ExitCode) => void): Command {
  const program = new Command('streamgauge')
    .description(
      'Measures live channels on Twitch: chat, live state and viewers into ClickHouse and onto a websocket feed.',
    )
    .version(readVersion())
    .exitOverride()
    .configureOutput({ writeOut: (text) => void context.out.write(text), writeErr: context.err })
    .showHelpAfterError('(streamgauge --help lists all commands)');

  // Each command's code is loaded only when it runs: `--help` must not wait for a database client.
  withSettings(
    program.command('run').description('watch channels until told to stop (what happens without a command)'),
  ).action(async (flags: Flags) => onCode(await (await import('./run.ts')).run(flags, context)));

  addDemo(program, context, onCode);
  addSimulate(program, context, onCode);

  program
    .command('tail')
    .description('follow the feed in this terminal')
    .option('--url <url>', 'where the daemon listens', httpAddress, 'http://127.0.0.1:8787')
    .option('-c, --channels <logins>', 'only these channels, separated by commas')
    .option('-t, --types <types>', 'only these types, such as chat.message,stream.*')
    .option('--json', 'print the frames as they are, one a line')
    .action(async (options) => onCode(await (await import('./tail.ts')).tail(options, context)));

  withSettings(program.command('check-config').description('say everything that is wrong with the configuration'))
    .option('--reference', 'print what every setting means, as Markdown')
    .action(async (flags) => onCode((await import('./check-config.ts')).checkConfig(flags, context)));

  withSettings(
    program.command('migrate').description('bring the tables in ClickHouse up to date, and say what was done'),
  ).action(async (flags: Flags) => onCode(await (await import('./migrate.ts')).migrateStore(flags, context)));

  withSettings(program.command('sql').description('run one query and print its rows'))
    .argument('<query>', 'SQL; the tables are those of the configured database')
    .option('-f, --format <name>', "ClickHouse's name of the output format", 'PrettyCompact')
    .action(async (query: string, flags) => onCode(await (await import('./sql.ts')).sql(query, flags, context)));

  return program;
}

function addDemo(program: Command, context: CommandContext, onCode: (code: ExitCode) => void): void {
  program
    .command('demo')
    .description('the whole daemon on a built-in simulated Twitch and an embedded ClickHouse')
    .option('--for <duration>', 'end by itself after this time, such as 30s or 5m', duration)
    .option('--json', 'at the end, print one object with what was sent, kept and fed')
    .option('--channels <n>', 'channels in the simulated world', wholeNumber, 20)
    .option('--rate <n>', 'chat messages a second over all channels; `max` with --replay', rate)
    .option('--changes <n>', 'changes of title, category and live state a minute', wholeNumber, 60)
    .option('--seed <n>', 'the same seed plays the same world', wholeNumber, 1)
    .option('--replay <file>', 'chat from a file of raw IRC lines (plain or .gz) instead of invented chat')
    .option('--port <n>', 'port of dashboard, API and feed; 0 takes a free one', port)
    .option('--data-dir <dir>', 'keep the data here instead of in a temporary directory')
    .option('--clickhouse-url <url>', 'a ClickHouse server instead of the embedded engine')
    .addOption(new Option('--log-level <level>', 'least severity that is logged').default('warn'))
    .option('--drop-row <n>', 'lose the n-th row on purpose, to see that the check notices', wholeNumber)
    .hook('preAction', refuseMaxWithoutReplay)
    .action(async (options) => onCode(await (await import('./demo.ts')).demo(options, context)));
}

function addSimulate(program: Command, context: CommandContext, onCode: (code: ExitCode) => void): void {
  program
    .command('simulate')
    .description('only the simulated Twitch: IRC, EventSub, Helix and OAuth on one port')
    .option('--port <n>', 'port to listen on; 0 takes a free one', port, 7979)
    .option('--channels <n>', 'channels in the world', wholeNumber, 20)
    .option('--rate <n>', 'chat messages a second over all channels; `max` with --replay', rate)
    .option('--changes <n>', 'changes a minute', wholeNumber, 60)
    .option('--seed <n>', 'the same seed plays the same world', wholeNumber, 1)
    .option('--replay <file>', 'chat from a file of raw IRC lines (plain or .gz)')
    .hook('preAction', refuseMaxWithoutReplay)
    .action(async (options) => onCode(await (await import('./simulate.ts')).simulate(options, context)));
}

/** The settings that are common enough to have flags. */
function withSettings(command: Command): Command {
  return command
    .option('--config <file>', 'configuration file (YAML)')
    .option('--channels <logins>', 'channels to watch, separated by commas', logins)
    .option('--data-dir <dir>', 'where everything that must survive a restart lives')
    .option('--host <address>', 'address to listen on')
    .option('--port <n>', 'port of dashboard, API and feed; 0 takes a free one', port)
    .option('--clickhouse-url <url>', 'a ClickHouse server instead of the embedded engine')
    .option('--twitch-url <url>', 'a simulated Twitch instead of the real one')
    .option('--log-level <level>', 'trace, debug, info, warn, error, fatal or silent')
    .option('--expose-without-token', 'allow an address that other machines can reach');
}

function logins(text: string): string[] {
  return text.split(',').filter((login) => login.trim() !== '');
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('is no whole number.');
  return Number(text);
}

function refuseMaxWithoutReplay(_: Command, command: Command): void {
  const { rate: wanted, replay } = command.opts();
  if (wanted === 'max' && replay === undefined)
    command.error('error: --rate max goes with --replay: invented chat has no end');
}

function port(text: string): number {
  const number = wholeNumber(text);
  if (number > 65_535) throw new InvalidArgumentError('is no port: at most 65535.');
  return number;
}

function httpAddress(text: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) throw new InvalidArgumentError('is no http:// address.');
  return text;
}

function rate(text: string): number | 'max' {
  return text === 'max' ? text : wholeNumber(text);
}

/** `30s`, `5m`, `1h`, `500ms`; a bare number means seconds. @returns milliseconds. */
export function duration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError('is no duration such as 30s or 5m.');
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[(unit ?? 's') as 'ms' | 's' | 'm' | 'h'];
  const ms = Math.round(Number(amount) * unitMs);
  // A longer timer than 2^31-1 ms would fire at once.
  if (ms >= 2 ** 31) throw new InvalidArgumentError('is longer than 24 days.');
  return ms;
}
