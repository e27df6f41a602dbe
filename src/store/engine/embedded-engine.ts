/** ClickHouse without a server: the engine in a process of its own, restarted when it dies. The writer retries meanwhile. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { backoffMs } from '../../lib/backoff.ts';
import { ConfigError, UpstreamError } from '../../lib/errors.ts';
import { pause, type Service } from '../../lib/lifecycle.ts';
import type { Logger } from '../../ops/log.ts';
import { Counter, Gauge, type Registry } from '../../ops/metrics.ts';
import { type Credentials, keepPassword } from './credentials.ts';
import { type EngineProcess, startEngineProcess } from './engine-process.ts';
import type { OpenMessage, ReadLimits } from './messages.ts';
import { platformProblem, thisPlatform } from './platform.ts';
import { prepareSocketDirectory, socketPathFor } from './socket-path.ts';

export interface EmbeddedEngineOptions {
  /** Holds the tables (`clickhouse/`), the socket and the analysts' password. One daemon per directory. */
  readonly dataDir: string;
  readonly database: string;
  /** 1 GB when not given. The process itself may take half as much again. */
  readonly memoryLimitBytes?: number;
  /** Opens a port for analysts; none when not given. */
  readonly reader?: EngineReaderOptions;
  /** How long to wait for a predecessor that still holds the directory. Milliseconds, 10 s when not given. */
  readonly lockWaitMs?: number;
  readonly log: Logger;
  readonly registry: Registry;
}

export interface EngineReaderOptions {
  /** 127.0.0.1 when not given. */
  readonly host?: string;
  /** 0 lets the system choose; after a restart the port stays the same. */
  readonly port: number;
  /** `analyst` when not given. */
  readonly user?: string;
  /** Drawn once and kept in `<dataDir>/clickhouse-password` when not given. */
  readonly password?: string;
  readonly limits?: Partial<ReadLimits>;
}

export interface EmbeddedEngine extends Service {
  /** Where the daemon's client connects to; known before the start. */
  readonly socketPath: string;
  /** The analysts' address, once started and if opened. */
  readonly queryUrl: string | undefined;
  /** What analysts log in with, once started and if opened. */
  readonly queryCredentials: Credentials | undefined;
  status(): EngineStatus;
}

export interface EngineStatus {
  readonly state: 'stopped' | 'opening' | 'open' | 'waiting' | 'closing';
  readonly pid: number | undefined;
  readonly version: string | undefined;
  /** How often it died and was started again. */
  readonly restarts: number;
}

const defaultLimits: ReadLimits = { maxSeconds: 60, maxRows: 1_000_000, maxMemoryBytes: 500_000_000, maxQueries: 4 };
const restartBackoff = { firstMs: 200, maxMs: 30_000 };

export function createEmbeddedEngine(options: EmbeddedEngineOptions): EmbeddedEngine {
  return new SupervisedEngine(options);
}

/**
 * stopped → opening when started; opening → open when the process serves, or back to stopped when the first try fails. An open engine
 * whose process ends is waiting, then opening again, without end. A stop leads from anywhere through closing to stopped.
 */
class SupervisedEngine implements EmbeddedEngine {
  readonly name = 'embedded ClickHouse';
  readonly socketPath: string;
  readonly #options: EmbeddedEngineOptions;
  readonly #stopping = new AbortController();
  readonly #restarts: Counter;
  readonly #up: Gauge;
  #state: EngineStatus['state'] = 'stopped';
  #process: EngineProcess | undefined;
  #version: string | undefined;
  #readerPort: number | undefined;
  #credentials: Credentials | undefined;
  #restartCount = 0;
  #watching: Promise<void> = Promise.resolve();

  constructor(options: EmbeddedEngineOptions) {
    this.#options = options;
    this.socketPath = socketPathFor(options.dataDir);
    const registers = [options.registry];
    this.#restarts = new Counter({
      name: 'store_engine_restarts_total',
      help: 'Times the embedded ClickHouse died and was started again',
      registers,
    });
    this.#up = new Gauge({ name: 'store_engine_up', help: 'Whether the embedded ClickHouse serves', registers });
  }

  get queryUrl(): string | undefined {
    if (this.#readerPort === undefined) return undefined;
    return `http://${this.#options.reader?.host ?? '127.0.0.1'}:${this.#readerPort}`;
  }

  get queryCredentials(): Credentials | undefined {
    return this.#credentials;
  }

  status(): EngineStatus {
    return {
      state: this.#state,
      pid: this.#process?.pid,
      version: this.#version,
      restarts: this.#restartCount,
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    const problem = platformProblem(thisPlatform());
    if (problem !== undefined) throw cannotEmbed(problem);
    const { dataDir, reader } = this.#options;
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await prepareSocketDirectory(this.socketPath, dataDir);
    if (reader !== undefined) {
      const password = reader.password ?? (await keepPassword(join(dataDir, 'clickhouse-password')));
      this.#credentials = { user: reader.user ?? 'analyst', password };
    }
    const onAbort = () => this.#stopping.abort();
    signal.addEventListener('abort', onAbort);
    try {
      await this.#openFirst();
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
    this.#watching = this.#watch();
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#stopping.abort();
    const running = this.#process;
    if (running !== undefined) {
      this.#enter('closing');
      const kill = () => running.kill();
      deadline.addEventListener('abort', kill);
      if (deadline.aborted) running.kill();
      else running.close();
      await running.exited;
      deadline.removeEventListener('abort', kill);
    }
    await this.#watching;
    this.#process = undefined;
    this.#enter('stopped');
  }

  /** A predecessor may need a moment to let go of the directory. */
  async #openFirst(): Promise<void> {
    const giveUpAt = Date.now() + (this.#options.lockWaitMs ?? 10_000);
    for (;;) {
      const opened = await this.#open();
      if (opened.kind === 'ready') return;
      this.#process = undefined;
      this.#enter('stopped');
      const mayWait = opened.reason === 'locked' && Date.now() < giveUpAt;
      if (!mayWait || !(await pause(200, this.#stopping.signal))) throw failedStart(opened, this.#options.dataDir);
    }
  }

  async #open() {
    this.#enter('opening');
    const onErrorText = (text: string) => this.#options.log.warn({ text }, 'embedded clickhouse complains');
    const running = startEngineProcess(this.#openMessage(), onErrorText);
    this.#process = running;
    const kill = () => running.kill();
    this.#stopping.signal.addEventListener('abort', kill);
    if (this.#stopping.signal.aborted) kill();
    const opened = await running.opened;
    this.#stopping.signal.removeEventListener('abort', kill);
    if (opened.kind === 'ready') {
      this.#version = opened.version;
      this.#readerPort = opened.readerPort;
      this.#enter('open');
    }
    return opened;
  }

  /** Waits for the end of the process and starts it anew, until the stop. */
  async #watch(): Promise<void> {
    const { log } = this.#options;
    for (let failures = 0; this.#process !== undefined; ) {
      const exit = await this.#process.exited;
      if (this.#stopping.signal.aborted) return;
      this.#enter('waiting');
      log.error({ exit, failures }, 'embedded clickhouse died, starting it again');
      if (!(await pause(backoffMs(failures, restartBackoff), this.#stopping.signal))) return;
      this.#restartCount += 1;
      this.#restarts.inc();
      const opened = await this.#open();
      failures = opened.kind === 'ready' ? 0 : failures + 1;
    }
  }

  #openMessage(): OpenMessage {
    const { dataDir, database, memoryLimitBytes, reader } = this.#options;
    return {
      kind: 'open',
      directory: resolve(dataDir, 'clickhouse'),
      socketPath: this.socketPath,
      database,
      memoryLimitBytes: memoryLimitBytes ?? 1_000_000_000,
      reader: reader &&
        this.#credentials && {
          ...this.#credentials,
          host: reader.host ?? '127.0.0.1',
          port: this.#readerPort ?? reader.port,
          limits: { ...defaultLimits, ...reader.limits },
        },
    };
  }

  #enter(state: EngineStatus['state']): void {
    this.#state = state;
    this.#up.set(state === 'open' ? 1 : 0);
    this.#options.log.debug({ state, pid: this.#process?.pid }, 'embedded clickhouse changed state');
  }
}

function failedStart(failed: { reason: string; message: string }, dataDir: string): Error {
  if (failed.reason === 'missing') return cannotEmbed('the optional package chdb is not installed');
  if (failed.reason === 'locked') {
    return new ConfigError([{ path: 'dataDir', message: `${dataDir} is in use by another running daemon` }]);
  }
  return new UpstreamError(`the embedded ClickHouse does not start: ${failed.message}`, { retry: false });
}

function cannotEmbed(problem: string): ConfigError {
  const wayOut = 'set clickhouse.url to the address of a ClickHouse server';
  return new ConfigError([{ path: 'clickhouse.url', message: `${problem}; ${wayOut}` }]);
}
