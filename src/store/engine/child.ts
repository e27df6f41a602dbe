/**
 * The process that hosts the engine: opens it, serves it, and ends when told, or when the daemon is gone. It ignores SIGTERM and SIGINT:
 * service managers and terminals send them to the whole group, and the daemon still has rows to hand over then.
 */
import { rmSync } from 'node:fs';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Engine, EngineOpenError, openEngine } from './chdb.ts';
import { checkCredentials } from './credentials.ts';
import { createFront } from './front.ts';
import type { FromEngine, OpenMessage, ToEngine } from './messages.ts';
import { createFullRunner, createReadRunner } from './run-statement.ts';

const maxInsertBytes = 256 * 1024 * 1024;
const maxReadBytes = 1024 * 1024;

const servers: Server[] = [];
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
  const { version } = engine;
  const onFault = (error: Error) => console.error(error);
  const full = createFront({
    run: createFullRunner(engine),
    version,
    admit: () => {},
    maxBodyBytes: maxInsertBytes,
    maxQueries: Number.POSITIVE_INFINITY,
    onFault,
  });
  // Whoever holds the engine's lock owns the socket: one that is still there belongs to a process that died.
  rmSync(options.socketPath, { force: true });
  await listen(full, { path: options.socketPath });
  let readerPort: number | undefined;
  if (options.reader !== undefined) {
    const { reader } = options;
    const read = createFront({
      run: createReadRunner(engine, options.database, reader.limits),
      version,
      admit: (request) => checkCredentials(request, reader),
      maxBodyBytes: maxReadBytes,
      maxQueries: reader.limits.maxQueries,
      onFault,
    });
    await listen(read, { host: reader.host, port: reader.port });
    readerPort = (read.address() as AddressInfo).port;
  }
  send({ kind: 'ready', version, readerPort });
}

function listen(server: Server, where: { path: string } | { host: string; port: number }): Promise<void> {
  servers.push(server);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => resolve());
  });
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
