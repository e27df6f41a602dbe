/** ClickHouse without a server: the engine in a process of its own, restarted when it dies. The writer retries meanwhile. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { backoffMs } from '../../lib/backoff.ts';
import { pause, type Service } from '../../lib/lifecycle.ts';
import type { Logger } from '../../ops/log.ts';
import { Counter, Gauge, type Registry } from '../../ops/metrics.ts';
import { loadCredentials, type QueryCredentials } from './credentials.ts';
import { type EngineProcess, type Opened, startEngineProcess } from './engine-process.ts';
import type { OpenMessage, ReaderState, ReadLimits } from './messages.ts';
import { platformProblem, thisPlatform } from './platform.ts';
import { prepareSocketDirectory, socketPathFor } from './socket-path.ts';
import { cannotEmbed, cannotListen, cannotOpen } from './start-fault.ts';

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
  /** A process that does not serve by then is killed, and started again. Milliseconds, 2 minutes when not given: tables are loaded meanwhile. */
  readonly openTimeoutMs?: number;
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
  readonly queryCredentials: QueryCredentials | undefined;
  status(): EngineStatus;
}

export interface EngineStatus {
  readonly state: 'stopped' | 'opening' | 'open' | 'waiting' | 'closing';
  readonly pid: number | undefined;
  readonly version: string | undefined;
  /** How often it died and was started again. */
  readonly restarts: number;
  /** Why the analysts' port does not listen at the moment; it is tried again every few seconds. */
  readonly readerError: string | undefined;
}

const defaultLimits: ReadLimits = { maxSeconds: 60, maxRows: 1_000_000, maxMemoryBytes: 500_000_000, maxQueries: 4 };
const defaultOpenTimeoutMs = 120_000;
const restartBackoff = { firstMs: 200, maxMs: 30_000 };
/** An engine that lived so long was well: its death is not counted together with earlier ones. */
const soundLifeMs = 30_000;

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
  /** Stays while the engine is away: after a restart it is the same. */
  #readerPort: number | undefined;
  #readerError: string | undefined;
  #credentials: QueryCredentials | undefined;
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

  get queryCredentials(): QueryCredentials | undefined {
    return this.#credentials;
  }

  status(): EngineStatus {
    return {
      state: this.#state,
      pid: this.#process?.pid,
      version: this.#version,
      restarts: this.#restartCount,
      readerError: this.#readerError,
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    const problem = platformProblem(thisPlatform());
    if (problem !== undefined) throw cannotEmbed(problem);
    const { dataDir, reader } = this.#options;
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await prepareSocketDirectory(this.socketPath, dataDir);
    if (reader !== undefined) {
      this.#credentials = await loadCredentials(reader, join(dataDir, 'clickhouse-password'));
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
      const fault = this.#faultOf(opened);
      if (fault === undefined) return;
      await this.#end();
      const mayWait = opened.kind === 'failed' && opened.reason === 'locked' && Date.now() < giveUpAt;
      if (!mayWait || !(await pause(200, this.#stopping.signal))) throw fault;
    }
  }

  /** At the first start a port that cannot be had is the operator's to mend; later it must not keep the daemon from its tables. */
  #faultOf(opened: Opened): Error | undefined {
    if (opened.kind === 'failed') return cannotOpen(opened, this.#options.dataDir);
    const { reader } = opened;
    return reader !== undefined && 'error' in reader
      ? cannotListen(reader, this.#options.reader?.port ?? 0)
      : undefined;
  }

  async #open(): Promise<Opened> {
    this.#enter('opening');
    const { log } = this.#options;
    const running = startEngineProcess(this.#openMessage(), {
      openTimeoutMs: this.#options.openTimeoutMs ?? defaultOpenTimeoutMs,
      onErrorText: (text) => log.warn({ text }, 'embedded clickhouse complains'),
      onReader: (reader) => this.#learnReader(reader),
    });
    this.#process = running;
    const kill = () => running.kill();
    this.#stopping.signal.addEventListener('abort', kill);
    if (this.#stopping.signal.aborted) kill();
    const opened = await running.opened;
    this.#stopping.signal.removeEventListener('abort', kill);
    if (opened.kind === 'ready') {
      this.#version = opened.version;
      this.#learnReader(opened.reader);
      this.#enter('open');
    }
    return opened;
  }

  #learnReader(reader: ReaderState | undefined): void {
    if (reader !== undefined && 'error' in reader) {
      this.#readerError = reader.error;
      return;
    }
    if (this.#readerError !== undefined)
      this.#options.log.info({ port: reader?.port }, 'port for queries is open again');
    this.#readerError = undefined;
    this.#readerPort = reader?.port;
  }

  async #end(): Promise<void> {
    this.#process?.close();
    await this.#process?.exited;
    this.#process = undefined;
    this.#readerError = undefined;
    this.#enter('stopped');
  }

  /** Waits for the end of the process and starts it anew, until the stop. */
  async #watch(): Promise<void> {
    const { log } = this.#options;
    let openedAt = performance.now();
    for (let failures = 0; this.#process !== undefined; failures += 1) {
      const exit = await this.#process.exited;
      if (this.#stopping.signal.aborted) return;
      this.#enter('waiting');
      if (performance.now() - openedAt >= soundLifeMs) failures = 0;
      const waitMs = backoffMs(failures, restartBackoff);
      log.error({ exit, failures, waitMs }, 'embedded clickhouse died, starting it again');
      if (!(await pause(waitMs, this.#stopping.signal))) return;
      this.#restartCount += 1;
      this.#restarts.inc();
      const opened = await this.#open();
      if (this.#stopping.signal.aborted) return;
      if (opened.kind === 'failed') log.error({ reason: opened.message }, 'embedded clickhouse does not open');
      else if (this.#readerError !== undefined) {
        log.error({ reason: this.#readerError }, 'port for queries cannot be opened, trying again');
      }
      openedAt = performance.now();
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
          user: this.#credentials.user,
          password: this.#credentials.password,
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
