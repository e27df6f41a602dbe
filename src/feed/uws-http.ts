/**
 * Answers HTTP on uWebSockets.js by calling a WHATWG fetch function. Its request lives only until the first `await` and its
 * response dies with the client, so everything is copied first and every later touch asks whether the client is still there.
 */
import { asError, deferred } from '../lib/lifecycle.ts';
import { internalFault, problemBody, problemHeaders, type Refusal, statusLine } from './refusal.ts';
import type { Front, RequestHead } from './transport.ts';
import type { UwsRequest, UwsResponse } from './uws-binding.ts';

/** Headers that the engine writes by itself, or that belong to one connection. */
const engineHeaders = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive', 'date']);

/** Answers one request. @returns when the answer is on its way or the client is gone; never rejects. */
export async function answerRequest(response: UwsResponse, request: UwsRequest, front: Front): Promise<void> {
  const head = requestHead(request);
  const headers = copyHeaders(request);
  const refusal = front.refuseRequest(head);
  if (refusal !== undefined || headers === undefined) {
    refuse(response, refusal ?? badHeader);
    return;
  }
  const query = request.getQuery();
  const url = `http://${front.authorityOf(head)}${head.path}${query === undefined ? '' : `?${query}`}`;
  const client = new Client(response, front);
  try {
    const body = head.bodyBytes === 0 ? undefined : await client.readBody();
    const { method } = head;
    const init = {
      method,
      headers,
      signal: client.signal,
      ...(body && method !== 'GET' && method !== 'HEAD' && { body }),
    };
    await client.answer(await front.fetch(new Request(url, init)), method === 'HEAD');
  } catch (thrown) {
    if (client.signal.aborted) return;
    front.onRequestFault(asError(thrown));
    client.fault();
  }
}

const badHeader: Refusal = {
  status: 400,
  code: 'bad_header',
  detail: 'a header has a name or value that HTTP does not allow',
};

/** Copies what is asked of a request before anything may wait. */
export function requestHead(request: UwsRequest): RequestHead {
  const length = request.getHeader('content-length');
  const isChunked = request.getHeader('transfer-encoding') !== '';
  return {
    method: request.getMethod().toUpperCase(),
    path: request.getUrl(),
    host: request.getHeader('host') || undefined,
    origin: request.getHeader('origin') || undefined,
    bodyBytes: isChunked ? undefined : Number(length || 0),
  };
}

export function refuse(response: UwsResponse, refusal: Refusal): void {
  response.cork(() => {
    response.writeStatus(statusLine(refusal.status));
    for (const [name, value] of problemHeaders(refusal)) response.writeHeader(name, value);
    response.end(problemBody(refusal), true);
  });
}

/** The engine's parser lets through what the Headers class does not. */
function copyHeaders(request: UwsRequest): Headers | undefined {
  const headers = new Headers();
  try {
    request.forEach((name, value) => {
      headers.append(name, value);
    });
    return headers;
  } catch {
    return undefined;
  }
}

/** The far end of one request: tells when it is gone, takes the answer at its own pace. */
class Client {
  readonly #response: UwsResponse;
  readonly #front: Front;
  readonly #gone = new AbortController();
  #hasBegun = false;
  /** Lets go of a writer that waits for the client to read. */
  #resume: () => void = () => undefined;

  constructor(response: UwsResponse, front: Front) {
    this.#response = response;
    this.#front = front;
    response.onAborted(() => {
      this.#gone.abort(new Error('the client went away'));
      this.#resume();
    });
  }

  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Its declared length was checked before, and the engine hands out no more than that. */
  readBody(): Promise<Uint8Array<ArrayBuffer>> {
    const { promise, resolve, reject } = deferred<Uint8Array<ArrayBuffer>>();
    const chunks: Buffer[] = [];
    this.#response.onData((chunk, isLast) => {
      chunks.push(Buffer.from(chunk.slice(0)));
      if (isLast) resolve(new Uint8Array(Buffer.concat(chunks)));
    });
    this.signal.addEventListener('abort', () => reject(asError(this.signal.reason)), { once: true });
    return promise;
  }

  async answer(answer: Response, isHead: boolean): Promise<void> {
    if (answer.body !== null && !isHead && !this.signal.aborted) {
      await this.#stream(answer, answer.body.getReader());
      return;
    }
    await answer.body?.cancel();
    this.#write((response) => {
      this.#begin(answer);
      if (isHead) response.endWithoutBody();
      else response.end();
    });
  }

  /** An answer that is already under way can only be cut, so that nobody takes the part for the whole. */
  fault(): void {
    if (this.#hasBegun) this.#response.close();
    else refuse(this.#response, internalFault);
  }

  /** A body that ends with its first chunk goes out in one piece with its length; any other in chunks, as it comes. */
  async #stream(answer: Response, reader: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const cancel = () => void reader.cancel().catch((thrown) => this.#front.onRequestFault(asError(thrown)));
    this.signal.addEventListener('abort', cancel, { once: true });
    const first = await reader.read();
    const second = reader.read();
    const isWhole = first.done || (await Promise.race([second.then(({ done }) => done), nextTurn()]));
    if (isWhole) {
      this.#write((response) => {
        this.#begin(answer);
        response.end(first.value ?? '');
      });
      return;
    }
    this.#write(() => this.#begin(answer));
    await this.#writeChunk(first.value);
    for (let read = await second; !read.done; read = await reader.read()) await this.#writeChunk(read.value);
    this.#write((response) => response.end());
  }

  #begin(answer: Response): void {
    this.#hasBegun = true;
    this.#response.writeStatus(answer.statusText ? `${answer.status} ${answer.statusText}` : statusLine(answer.status));
    answer.headers.forEach((value, name) => {
      if (!engineHeaders.has(name)) this.#response.writeHeader(name, value);
    });
  }

  /** Resolves when the client has room for more, or is gone. */
  #writeChunk(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#resume = resolve;
      if (this.signal.aborted) resolve();
      this.#write((response) => {
        const hasRoom = response.write(chunk);
        if (hasRoom) resolve();
        else response.onWritable(() => this.#onWritable());
      });
    });
  }

  #onWritable(): boolean {
    this.#resume();
    return true;
  }

  /** Does nothing once the client is gone. */
  #write(work: (response: UwsResponse) => void): void {
    if (!this.signal.aborted) this.#response.cork(() => work(this.#response));
  }
}

/** One turn of the loop later: by then a stream that had its end ready has told it. */
function nextTurn(): Promise<false> {
  return new Promise((resolve) => setImmediate(() => resolve(false)));
}
