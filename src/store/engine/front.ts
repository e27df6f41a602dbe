/**
 * ClickHouse's HTTP interface over the embedded engine, as far as stock clients use it. Headers are sent with the first chunk of a
 * result, so that a query which fails at once is a proper error; one that fails later tears the connection down.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { asError } from '../../lib/lifecycle.ts';
import { type EngineException, engineException, exception, httpStatus } from './exception.ts';
import type { Runner } from './run-statement.ts';
import { readStatement, urlPath } from './statement-request.ts';

export interface FrontOptions {
  readonly run: Runner;
  readonly version: string;
  /** Throws an EngineException for a caller who may not enter. */
  readonly admit: (request: IncomingMessage) => void;
  readonly maxBodyBytes: number;
  readonly maxQueries: number;
  readonly onFault: (error: Error) => void;
}

/** ClickHouse's own default; clients must drop idle sockets sooner. */
const keepAliveMs = 10_000;

/** How Node tells that the other side went away. */
const goneCodes = new Set<unknown>(['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE']);

export function createFront(options: FrontOptions): Server {
  let running = 0;
  const server = createServer({ keepAlive: true, maxHeaderSize: 128 * 1024 }, (request, response) => {
    if (urlPath(request) === '/ping') {
      response.end('Ok.\n');
      return;
    }
    running += 1;
    answer(request, response, running > options.maxQueries)
      .catch((thrown: unknown) => giveUp(thrown, response))
      .finally(() => {
        running -= 1;
      });
  });
  server.keepAliveTimeout = keepAliveMs;
  return server;

  async function answer(request: IncomingMessage, response: ServerResponse, isFull: boolean): Promise<void> {
    try {
      options.admit(request);
      if (isFull) throw exception(202, `More than ${options.maxQueries} queries at the same time`);
      const gone = new AbortController();
      response.on('close', () => gone.abort());
      const statement = await readStatement(request, options.maxBodyBytes);
      const chunks = options.run(statement, gone.signal);
      const first = await chunks.next();
      writeHead(response, statement.queryId, statement.wantsGzip);
      const rest = resume(first, chunks);
      if (statement.wantsGzip) await pipeline(rest, createGzip({ level: 1 }), response);
      else await pipeline(rest, response);
    } catch (thrown) {
      const error = engineException(thrown);
      if (error === undefined || response.headersSent) throw thrown;
      refuse(request, response, error);
    }
  }

  function writeHead(response: ServerResponse, queryId: string | undefined, isGzip: boolean): void {
    response.writeHead(200, {
      'Content-Type': 'text/plain; charset=UTF-8',
      'X-ClickHouse-Summary': '{"read_rows":"0","read_bytes":"0","written_rows":"0","written_bytes":"0"}',
      'X-ClickHouse-Timezone': 'UTC',
      'X-ClickHouse-Server-Display-Name': 'streamgauge',
      ...(queryId === undefined ? {} : { 'X-ClickHouse-Query-Id': queryId.replaceAll(/[^\x21-\x7e]/g, '') }),
      ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
    });
  }

  function refuse(request: IncomingMessage, response: ServerResponse, error: EngineException): void {
    // The rest of a body that nobody will read must not be taken for the next request.
    if (!request.complete) response.setHeader('Connection', 'close');
    response.writeHead(httpStatus(error.code), {
      'Content-Type': 'text/plain; charset=UTF-8',
      'X-ClickHouse-Exception-Code': `${error.code}`,
    });
    response.end(`${error.message.trimEnd()} (version ${options.version})\n`);
  }

  /** The caller went away, the result broke off, or we have a bug: the connection cannot be used any more. */
  function giveUp(thrown: unknown, response: ServerResponse): void {
    response.destroy();
    const error = asError(thrown);
    if (!('code' in error && goneCodes.has(error.code))) options.onFault(error);
  }
}

async function* resume(
  first: IteratorResult<Uint8Array>,
  rest: AsyncGenerator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.done !== true) yield first.value;
  yield* rest;
}
