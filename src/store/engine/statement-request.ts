/**
 * Reads one HTTP request the way ClickHouse does: the statement from `?query=` or the body, settings and parameters from the URL or a
 * form. A body that was cut short never gets past here: stored half, its deduplication token would make the retry vanish.
 */
import type { IncomingMessage } from 'node:http';
import { promisify } from 'node:util';
import { brotliDecompress, gunzip, inflate } from 'node:zlib';
import { exception } from './exception.ts';

export interface StatementRequest {
  readonly sql: string;
  /** Rows that follow the statement; empty when the statement itself was the body. */
  readonly rows: Buffer;
  readonly settings: ReadonlyMap<string, string>;
  /** Values of `{name:Type}`, already in ClickHouse's escaping. */
  readonly params: ReadonlyMap<string, string>;
  readonly database: string | undefined;
  readonly queryId: string | undefined;
  readonly defaultFormat: string;
  readonly wantsGzip: boolean;
}

/** Names in the URL that are about the request itself and are no settings of the engine. */
const requestNames = new Set(
  `query database query_id default_format user password quota_key role session_id session_check session_timeout compress decompress
   enable_http_compression http_zlib_compression_level wait_end_of_query send_progress_in_http_headers buffer_size client_protocol_version
   http_headers_progress_interval_ms http_response_buffer_size add_http_cors_header cancel_http_readonly_queries_on_client_close`.split(
    /\s+/,
  ),
);

/** @throws EngineException 36, 48 for what cannot be read, 27 for a body that did not arrive whole */
export async function readStatement(request: IncomingMessage, maxBytes: number): Promise<StatementRequest> {
  const fields = [...urlFields(request)];
  let body = await readBody(request, maxBytes);
  const type = request.headers['content-type'] ?? '';
  if (type.startsWith('multipart/form-data')) {
    fields.push(...(await formFields(body, type)));
    body = Buffer.alloc(0);
  }
  const values = new Map(fields);
  const query = values.get('query');
  return {
    sql: query ?? body.toString('utf8'),
    rows: query === undefined ? Buffer.alloc(0) : body,
    settings: new Map(fields.filter(([name]) => !requestNames.has(name) && !name.startsWith('param_'))),
    params: new Map(fields.flatMap(([name, value]) => (name.startsWith('param_') ? [[name.slice(6), value]] : []))),
    database: values.get('database'),
    queryId: values.get('query_id'),
    defaultFormat: values.get('default_format') ?? 'TabSeparated',
    wantsGzip:
      values.get('enable_http_compression') === '1' && /\bgzip\b/.test(`${request.headers['accept-encoding']}`),
  };
}

/** The part before the `?`. Not by URL's parser: it throws at what anybody may send. */
export function urlPath(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? '';
}

export function urlFields(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams((request.url ?? '').slice(urlPath(request).length));
}

async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) throw exception(36, `The body is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  if (!request.complete) throw exception(27, 'The body ended before it was complete');
  return decode(Buffer.concat(chunks), request.headers['content-encoding'], maxBytes);
}

const decoders = { gzip: promisify(gunzip), deflate: promisify(inflate), br: promisify(brotliDecompress) };

async function decode(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding !== 'gzip' && encoding !== 'deflate' && encoding !== 'br') {
    throw exception(48, `The content encoding ${encoding} is not supported here`);
  }
  try {
    return await decoders[encoding](body, { maxOutputLength: maxBytes });
  } catch (cause) {
    throw exception(36, `The body is not ${encoding}, or too long: ${cause instanceof Error ? cause.message : cause}`);
  }
}

async function formFields(body: Buffer, type: string): Promise<[string, string][]> {
  try {
    const form = await new Response(body, { headers: { 'content-type': type } }).formData();
    return [...form].flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : []));
  } catch (cause) {
    throw exception(36, `The form cannot be read: ${cause instanceof Error ? cause.message : cause}`);
  }
}
