/**
 * `demo`: the whole daemon on the simulated Twitch, with the check of what was kept and fed against what was really sent.
 * The order of the end matters: the world falls silent, the daemon takes in what is still on its way, stops as it would in
 * earnest, and only then is counted.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, readSurroundings } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { ConfigError } from '../lib/errors.ts';
import { pause } from '../lib/lifecycle.ts';
import { createSimulator, type Simulator } from '../simulator/simulator.ts';
import { simulatedApplication } from '../simulator/stage.ts';
import type { RowSink } from '../store/row-sink.ts';
import { type CommandContext, type ExitCode, exitCodes } from './context.ts';
import { createDaemon, type Daemon, describeAddresses, runToEnd } from './daemon.ts';
import { type Audit, createAudit } from './demo-audit.ts';
import { compareWithTruth, type DemoReport } from './demo-report.ts';
import { renderReport, showProgress } from './demo-screen.ts';
import { FeedCounter } from './feed-counter.ts';
import { type WorldFlags, worldOptions } from './simulate.ts';

export interface DemoOptions extends WorldFlags {
  /** Milliseconds; without it the demo runs until a signal. */
  readonly for?: number;
  readonly json?: boolean;
  readonly port?: number;
  readonly dataDir?: string;
  readonly clickhouseUrl?: string;
  readonly logLevel: string;
  /** Lose this row, counted from 1. */
  readonly dropRow?: number;
}

const sweepSeconds = 1;
/** Longer than a sweep and the rule for offline together, so that every change can be seen before the next. */
const minChangeSpacingMs = 6_000;
/** How long the daemon gets to take in what was sent before the world fell silent. */
const settleMs = 15_000;

export async function demo(options: DemoOptions, context: CommandContext): Promise<ExitCode> {
  if (options.dataDir !== undefined && existsSync(join(options.dataDir, 'clickhouse'))) {
    const message = `${options.dataDir} holds data already, and the simulated world begins anew each time; name an empty directory`;
    throw new ConfigError([{ path: '--data-dir', message }]);
  }
  const temporary = options.dataDir === undefined ? await mkdtemp(join(tmpdir(), 'streamgauge-demo-')) : undefined;
  const simulator = createSimulator({ ...worldOptions(options), minChangeSpacingMs, isPlaying: false });
  try {
    await simulator.start(context.interrupted, (error) => {
      throw error;
    });
    const report = await play(options, context, simulator, options.dataDir ?? temporary ?? '.');
    context.out.write(options.json === true ? `${JSON.stringify(report)}\n` : renderReport(report));
    return report.differences.length === 0 ? exitCodes.done : exitCodes.fault;
  } finally {
    await simulator.stop(AbortSignal.abort());
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}

async function play(
  options: DemoOptions,
  context: CommandContext,
  simulator: Simulator,
  dataDir: string,
): Promise<DemoReport> {
  const config = demoConfig(options, simulator, dataDir);
  const ending = new AbortController();
  let audit: Audit | undefined;
  const daemon = createDaemon(
    config,
    { ...context, interrupted: ending.signal },
    {
      besideStore: (client) => createAudit(client, (done) => (audit = done)),
      wrapSink: (sink) => (options.dropRow === undefined ? sink : dropRow(sink, options.dropRow)),
    },
  );
  const feed = new FeedCounter(3);
  const wentWell = await runToEnd(daemon, () => {
    context.err(`streamgauge demo: a simulated Twitch on port ${simulator.port}\n${describeAddresses(daemon, config)}`);
    feed.connect(daemon.app.server.address());
    void direct(options, context, { simulator, daemon, feed }).finally(() => ending.abort());
  });
  if (!wentWell || audit === undefined) throw new Error('the daemon did not stop in order; see the log above');
  const record = await feed.finish();
  const { chat } = daemon.app;
  const deafness = chat?.status().deafness;
  return compareWithTruth({
    truth: simulator.truth(),
    ...audit,
    fed: record.byType,
    feed: { clients: record.clients, delivered: record.delivered, holes: record.holes },
    rejected: chat?.status().rejected ?? {},
    gaps:
      deafness === undefined || deafness.count === 0
        ? []
        : [{ source: 'chat', reason: 'connection lost', ...deafness }],
  });
}

interface Players {
  readonly simulator: Simulator;
  readonly daemon: Daemon;
  readonly feed: FeedCounter;
}

/** Opens the scene when everybody is in place, lets it play, and waits for the last line to arrive. */
async function direct(
  options: DemoOptions,
  context: CommandContext,
  { simulator, daemon, feed }: Players,
): Promise<void> {
  const { chat, streams } = daemon.app;
  const { signal } = anyOf(context.interrupted, daemon.supervisor.closed);
  const everybodyIsIn = () =>
    feed.isReady &&
    (chat?.status().seats.every((seat) => seat.state === 'joined') ?? true) &&
    // Who is live must have been seen once: what changes before the first look is no news.
    streams !== undefined &&
    daemon.app.watchList.all().every(({ id }) => id !== undefined && daemon.app.board.state(id) !== undefined);
  while (!signal.aborted && !everybodyIsIn()) await pause(50, signal);
  simulator.play();
  const progress = showProgress(context, options, { simulator, daemon });
  const isReplayOver = simulator.replay?.done.then(() => undefined);
  const time = pause(options.for ?? 2 ** 31 - 1, signal);
  await (options.for === undefined && isReplayOver !== undefined ? Promise.race([time, isReplayOver]) : time);
  simulator.freeze();
  await settle({ simulator, daemon, feed }, context.hurried);
  progress.end();
}

/** Waits until the daemon has seen all that the world did, or until the time for it is over: then the report tells. */
async function settle({ simulator, daemon, feed }: Players, hurried: AbortSignal): Promise<void> {
  const end = performance.now() + settleMs;
  const isSettled = () => {
    const { chat, changes } = simulator.truth();
    const kept = Object.values(daemon.app.chat?.status().kept ?? {}).reduce((sum, n) => sum + n, 0);
    return kept >= chat.sent && feed.changes >= changes.length;
  };
  while (performance.now() < end && !isSettled() && !hurried.aborted) await pause(100, hurried);
}

function demoConfig(options: DemoOptions, simulator: Simulator, dataDir: string): Config {
  const config = loadConfig(
    {
      channels: simulator.truth().channels.map(({ login }) => login),
      dataDir,
      logLevel: options.logLevel,
      twitchUrl: `http://127.0.0.1:${simulator.port}`,
      port: options.port,
      clickhouseUrl: options.clickhouseUrl,
    },
    {},
  );
  return {
    ...config,
    clickhouse: { ...config.clickhouse, queryPort: options.port === 0 ? 0 : config.clickhouse.queryPort },
    // The clients live in this same process: they read only when the daemon's turn is over.
    feed: { ...config.feed, maxUnreadKb: 3072 },
    helix: { streamsEverySeconds: sweepSeconds, offlineAfterMisses: 3, offlineAfterSeconds: 2 },
    secrets: {
      twitchClientId: simulatedApplication.id,
      twitchClientSecret: simulatedApplication.secret,
      clickhousePassword: undefined,
    },
    surroundings: { ...config.surroundings, wantsNoColor: readSurroundings().wantsNoColor },
  };
}

function dropRow(sink: RowSink, victim: number): RowSink {
  let count = 0;
  return {
    append(row) {
      // Who is watched is no fact that was sent.
      if (row.table === 'channels') return sink.append(row);
      count += 1;
      return count === victim ? true : sink.append(row);
    },
  };
}

/** Aborts with the first of a signal and a promise. */
function anyOf(signal: AbortSignal, promise: Promise<unknown>): AbortController {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  void promise.then(abort);
  return controller;
}
