/** One life of the engine's process: starts it, waits until it serves, and ends it. Who restarts it is decided elsewhere. */
import { type ChildProcess, fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { deferred } from '../../lib/lifecycle.ts';
import type { FailReason, FromEngine, OpenMessage, ReaderState, ToEngine } from './messages.ts';

/** Parallel calls into the engine: each holds a thread of libuv's pool while it runs. */
const threads = 16;
const keptErrorChars = 2000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The last that it wrote on standard error. */
  readonly errorText: string;
}

export type Opened =
  | { readonly kind: 'ready'; readonly version: string; readonly reader: ReaderState | undefined }
  | { readonly kind: 'failed'; readonly reason: FailReason; readonly message: string };

export interface EngineProcessOptions {
  /** A process that does not serve by then is killed. */
  readonly openTimeoutMs: number;
  /** What the process writes on standard error. */
  readonly onErrorText: (text: string) => void;
  /** The analysts' port listens after all. */
  readonly onReader: (reader: ReaderState) => void;
}

export interface EngineProcess {
  readonly pid: number | undefined;
  readonly opened: Promise<Opened>;
  readonly exited: Promise<Exit>;
  /** Asks it to end. */
  close(): void;
  /** Ends it now. */
  kill(): void;
}

/**
 * Runs from source (`.ts`, through tsx) as well as from the build. The environment is not handed down: analysts' queries run there,
 * and the daemon's holds secrets.
 */
export function startEngineProcess(message: OpenMessage, options: EngineProcessOptions): EngineProcess {
  const isSource = import.meta.url.endsWith('.ts');
  const entry = new URL(isSource ? './child.ts' : './child.js', import.meta.url);
  const child = fork(fileURLToPath(entry), [], {
    execArgv: isSource ? ['--import', tsxUrl()] : [],
    env: { UV_THREADPOOL_SIZE: `${threads}`, TZ: 'UTC' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const watched = watch(child, options);
  tell(child, message);
  return {
    pid: child.pid,
    ...watched,
    close: () => tell(child, { kind: 'close' }),
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}

function watch(child: ChildProcess, options: EngineProcessOptions): Pick<EngineProcess, 'opened' | 'exited'> {
  const opened = deferred<Opened>();
  const exited = deferred<Exit>();
  let errorText = '';
  let failure: Extract<Opened, { kind: 'failed' }> | undefined;
  const timer = setTimeout(() => {
    failure = { kind: 'failed', reason: 'other', message: `it did not open within ${options.openTimeoutMs} ms` };
    child.kill('SIGKILL');
  }, options.openTimeoutMs);
  void opened.promise.then(() => clearTimeout(timer));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errorText = (errorText + text).slice(-keptErrorChars);
    options.onErrorText(text);
  });
  child.on('message', (message: FromEngine) => {
    if (message.kind === 'ready') opened.resolve(message);
    else if (message.kind === 'reader') options.onReader(message.reader);
    else failure = message;
  });
  child.on('error', (error) => {
    failure = { kind: 'failed', reason: 'other', message: error.message };
  });
  // `close`, not `exit`: only then has all of standard error arrived.
  child.on('close', (code, signal) => {
    exited.resolve({ code, signal, errorText });
    opened.resolve(explain(failure, { code, signal, errorText }));
  });
  return { opened: opened.promise, exited: exited.promise };
}

/** The engine tells the cause of a failed start on standard error only. */
function explain(failure: Extract<Opened, { kind: 'failed' }> | undefined, exit: Exit): Opened {
  if (exit.errorText.includes('Cannot lock file')) return { kind: 'failed', reason: 'locked', message: exit.errorText };
  const said = failure?.message ?? `the process ended with ${exit.signal ?? `code ${exit.code}`}`;
  return { kind: 'failed', reason: failure?.reason ?? 'other', message: `${said}\n${exit.errorText}`.trim() };
}

function tell(child: ChildProcess, message: ToEngine): void {
  // A child that is gone already is reported by its `close`.
  if (child.connected) child.send(message, () => {});
}

function tsxUrl(): string {
  return pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
}
