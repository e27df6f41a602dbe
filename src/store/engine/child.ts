/**
 * The process that hosts the engine: opens it, serves it, and ends when told, or when the daemon is gone. It ignores SIGTERM and SIGINT:
 * service managers and terminals send them to the whole group, and the daemon still has rows to hand over then.
 */
import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { asError, pause } from '../../lib/lifecycle.ts';
import { type Engine, EngineOpenError, openEngine } from './chdb.ts';
import { checkCredentials } from './credentials.ts';
import { createFront } from './front.ts';
import type { FromEngine, OpenMessage, ReaderOptions, ReaderState, ToEngine } from './messages.ts';
import { createFullRunner, createReadRunner } from './run-statement.ts';

const maxInsertBytes = 256 * 1024 * 1024;
const maxReadBytes = 1024 * 1024;
/** How often a port that was taken is tried again. */
const readerRetryMs = 2_000;

const servers = new Set<Server>();
let engine: Engine | undefined;

// Everything that is created here is the owner's alone: the socket, and the data.
process.umask(0o077);
process.on('SIGTERM', () => {});
process.on('SIGINT', () => {});
process.on('disconnect', close);
process.on('message', (message: ToEngine) => {
  if (message.kind === 'close') close();
  else void open(message).catch(fail);
});

async function open(options: OpenMessage): Promise<void> {
  engine = await openEngine(options);
  const full = createFront({
    run: createFullRunner(engine),
    version: engine.version,
    admit: () => {},
    maxBodyBytes: maxInsertBytes,
    maxQueries: Number.POSITIVE_INFINITY,
    onFault,
  });
  // Whoever holds the engine's lock owns the socket: one that is still there belongs to a process that died.
  rmSync(options.socketPath, { force: true });
  await listen(full, { path: options.socketPath });
  const reader = options.reader && (await openReader(engine, options.database, options.reader));
  send({ kind: 'ready', version: engine.version, reader });
}

/** The daemon is served whatever becomes of the analysts' port. */
async function openReader(of: Engine, database: string, reader: ReaderOptions): Promise<ReaderState> {
  const front = createFront({
    run: createReadRunner(of, database, reader.limits),
    version: of.version,
    admit: (request) => checkCredentials(request, reader),
    maxBodyBytes: maxReadBytes,
    maxQueries: reader.limits.maxQueries,
    onFault,
  });
  const tryToListen = async (): Promise<ReaderState> => {
    try {
      await listen(front, { host: reader.host, port: reader.port });
      return { port: (front.address() as AddressInfo).port };
    } catch (thrown) {
      const error = asError(thrown);
      return { error: error.message, code: 'code' in error ? String(error.code) : undefined };
    }
  };
  const first = await tryToListen();
  if ('error' in first) void retry(tryToListen);
  return first;
}

async function retry(tryToListen: () => Promise<ReaderState>): Promise<void> {
  let state: ReaderState;
  do {
    await pause(readerRetryMs);
    state = await tryToListen();
  } while ('error' in state);
  send({ kind: 'reader', reader: state });
}

function listen(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  servers.add(server);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function onFault(error: Error): void {
  console.error(error);
}

function fail(thrown: unknown): void {
  const reason = thrown instanceof EngineOpenError ? thrown.reason : 'other';
  send({ kind: 'failed', reason, message: thrown instanceof Error ? thrown.message : String(thrown) }, close);
}

/** By now the daemon has no request under way; a reader's is cut off. */
function close(): void {
  for (const server of servers) {
    server.close();
    server.closeAllConnections();
  }
  engine?.close();
  process.exit(0);
}

function send(message: FromEngine, onSent: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, onSent);
}
