/** Runs the daemon inside a command: starts its services, stops them on the first signal, hurries on the second. */
import type { DestinationStream } from 'pino';
import pretty from 'pino-pretty';
import { type App, type AppOptions, createApp } from '../app.ts';
import { pointTwurpleAt } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { ConfigError, UpstreamError } from '../lib/errors.ts';
import { asError, createSupervisor, type Service, type Supervisor } from '../lib/lifecycle.ts';
import { createLog, type Logger } from '../ops/log.ts';
import { createRegistry, Gauge } from '../ops/metrics.ts';
import type { CommandContext } from './context.ts';
import { readVersion } from './version.ts';

export interface Daemon {
  readonly app: App;
  readonly supervisor: Supervisor;
  readonly log: Logger;
}

export type DaemonOptions = Pick<AppOptions, 'wrapSink' | 'besideStore'> & {
  /** Started before everything else and stopped after it. */
  readonly before?: readonly Service[];
};

/** Everything wired, nothing started. */
export function createDaemon(config: Config, context: CommandContext, options: DaemonOptions = {}): Daemon {
  const log = createLog({ level: config.logLevel, ...logDestination(config, context) });
  const registry = createRegistry();
  const version = readVersion();
  new Gauge({ name: 'build_info', help: 'Version', labelNames: ['version'], registers: [registry] }).set(
    { version },
    1,
  );
  if (config.twitchUrl !== null) pointTwurpleAt(config.twitchUrl);
  const { before = [], ...rest } = options;
  const app = createApp({ config, version, log, registry, ...rest });
  const supervisor = createSupervisor({
    services: [...before, ...app.services],
    stopTimeoutMs: config.stopTimeoutSeconds * 1000,
    onFault: ({ service, phase, error }) => {
      // The command itself says why a start failed, without a stack.
      const isTold = error instanceof ConfigError || (phase === 'start' && error instanceof UpstreamError);
      if (!isTold) log.error({ service, phase, err: error }, 'service failed');
    },
    onPhase: (service, phase) => log.debug({ service, phase }, 'service'),
  });
  obeySignals(supervisor, context);
  return { app, supervisor, log };
}

function obeySignals(supervisor: Supervisor, { interrupted, hurried }: CommandContext): void {
  const stop = () => void supervisor.stop();
  const hurry = () => supervisor.hurry();
  if (interrupted.aborted) stop();
  interrupted.addEventListener('abort', stop, { once: true });
  hurried.addEventListener('abort', hurry, { once: true });
  void supervisor.closed.then(() => {
    interrupted.removeEventListener('abort', stop);
    hurried.removeEventListener('abort', hurry);
  });
}

/** Lines for people on a terminal, JSON for everything else. */
function logDestination(config: Config, context: CommandContext): { destination?: DestinationStream } {
  if (!context.isTerminal) return {};
  const colorize = !config.surroundings.wantsNoColor;
  return {
    destination: pretty({
      destination: 2,
      sync: true,
      colorize,
      translateTime: 'SYS:HH:MM:ss',
      ignore: 'pid,hostname',
    }),
  };
}

/** Where everything can be found, for a person. */
export function describeAddresses({ app }: Daemon, config: Config): string {
  const { host, port, engine } = app.server.address();
  const base = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const lines = [
    ['dashboard', `http://${base}/`],
    ['API', `http://${base}/docs`],
    ['feed', `ws://${base}/v1/feed  (${engine})`],
    ['ClickHouse', describeClickHouse(app, config)],
  ];
  return lines.map(([name, where]) => `  ${(name ?? '').padEnd(11)}${where ?? ''}\n`).join('');
}

function describeClickHouse({ engine }: App, config: Config): string {
  if (engine === undefined) return `${config.clickhouse.url ?? ''}  (database ${config.clickhouse.database})`;
  if (engine.queryUrl === undefined || engine.queryCredentials === undefined) return 'embedded, no port for queries';
  const { user, passwordFile } = engine.queryCredentials;
  const password = passwordFile === undefined ? 'password from CLICKHOUSE_PASSWORD' : `password in ${passwordFile}`;
  return `${engine.queryUrl}  (user ${user}, ${password})`;
}

/** Runs until everything has stopped. @returns whether all went well. */
export async function runToEnd({ supervisor }: Daemon, whenReady: () => void): Promise<boolean> {
  try {
    if (await supervisor.start()) whenReady();
  } catch (thrown) {
    await supervisor.closed;
    throw asError(thrown);
  }
  const faults = await supervisor.closed;
  const misconfigured = faults.find(({ error }) => error instanceof ConfigError);
  if (misconfigured !== undefined) throw misconfigured.error;
  return faults.length === 0;
}
