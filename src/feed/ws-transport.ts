/**
 * The engine that works everywhere: node:http with `ws`. Frames do not go through `ws`'s sender: they are built once and written
 * as one buffer per socket and turn of the loop, which is what makes this engine as fast as the native one.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import { type WebSocket, WebSocketServer } from 'ws';
import { asError } from '../lib/lifecycle.ts';
import { listenFault } from './listen-fault.ts';
import { internalFault, problemBody, problemHeaders, type Refusal, statusLine } from './refusal.ts';
import {
  type Address,
  type Caller,
  engineInboundBytes,
  feedPath,
  feedProtocol,
  headersTimeoutMs,
  idleTimeoutSeconds,
  type RequestHead,
  type SocketListener,
  type Transport,
  type TransportOptions,
  type UpgradeHead,
} from './transport.ts';
import { WsSocket, WsTopics } from './ws-socket.ts';

export function createWsTransport(options: TransportOptions): Transport {
  return new WsTransport(options);
}

class WsTransport implements Transport {
  readonly engine = 'ws';
  readonly #options: TransportOptions;
  readonly #server: Server;
  readonly #upgrades: WebSocketServer;
  readonly #topics = new WsTopics();
  /** Every open client, with whether it answered since the last ping. */
  readonly #clients = new Map<WebSocket, boolean>();
  #onEmpty: () => void = () => undefined;
  #pinging: NodeJS.Timeout | undefined;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#upgrades = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: engineInboundBytes,
      handleProtocols: (offered) => (offered.has(feedProtocol) ? feedProtocol : false),
    });
    this.#server = createServer({ headersTimeout: headersTimeoutMs }, this.#requestListener());
    this.#server.on('upgrade', (request, stream, head) => this.#upgrade(request, stream, head));
  }

  publish(topic: string, frame: string): void {
    this.#topics.publish(topic, frame);
  }

  async listen(): Promise<Address> {
    const { host, port, fail } = this.#options;
    await new Promise<void>((resolve, reject) => {
      const onError = (cause: Error) => reject(listenFault({ host, port }, cause));
      this.#server.once('error', onError);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', onError);
        this.#server.on('error', fail);
        resolve();
      });
    });
    this.#pinging = setInterval(() => this.#ping(), (idleTimeoutSeconds * 1000) / 2);
    return { host, port: (this.#server.address() as AddressInfo).port };
  }

  stopListening(): void {
    this.#server.close();
  }

  async end(limit: AbortSignal): Promise<void> {
    clearInterval(this.#pinging);
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    const empty = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
      if (this.#clients.size === 0) resolve();
    });
    const cut = () => {
      for (const client of this.#clients.keys()) client.terminate();
      this.#server.closeAllConnections();
    };
    if (limit.aborted) cut();
    else limit.addEventListener('abort', cut, { once: true });
    await Promise.all([closed, empty]);
    limit.removeEventListener('abort', cut);
  }

  #requestListener(): (request: IncomingMessage, response: ServerResponse) => void {
    const { front } = this.#options;
    const onFault = (thrown: unknown) => {
      front.onRequestFault(asError(thrown));
      return refusalResponse(internalFault);
    };
    const answer = getRequestListener((request) => front.fetch(request), {
      overrideGlobalObjects: false,
      errorHandler: onFault,
    });
    return (request, response) => {
      const head = headOf(request);
      const refusal = front.refuseRequest(head);
      if (refusal !== undefined) {
        refuse(response, refusal);
        return;
      }
      // The adapter builds the URL from this.
      request.headers.host = front.authorityOf(head);
      answer(request, response).catch(onFault);
    };
  }

  #upgrade(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    if (!isForFeed(request)) {
      this.#server.emit('connection', withoutUpgrade(request, stream, head));
      return;
    }
    const { front } = this.#options;
    const caller = callerOf(request);
    const refusal = front.refuseUpgrade(upgradeHeadOf(request, caller));
    if (refusal !== undefined) {
      refuseStream(stream, refusal);
      return;
    }
    this.#upgrades.handleUpgrade(request, stream, head, (client) => {
      const socket = new WsSocket(client, stream, this.#topics, () => front.onHardLimit());
      this.#listen(client, front.open(socket, caller));
    });
  }

  #listen(client: WebSocket, listener: SocketListener): void {
    this.#clients.set(client, true);
    client.on('message', (data: Buffer, isBinary) => {
      if (isBinary) listener.onBinary();
      else listener.onText(data.toString(), data.length);
    });
    client.on('pong', () => this.#clients.set(client, true));
    client.on('close', (code) => {
      this.#clients.delete(client);
      listener.onClose(code);
      if (this.#clients.size === 0) this.#onEmpty();
    });
    // A broken connection or frame; `ws` closes the socket by itself and tells the code there.
    client.on('error', () => undefined);
  }

  #ping(): void {
    for (const [client, isAlive] of this.#clients) {
      if (!isAlive) {
        client.terminate();
        continue;
      }
      this.#clients.set(client, false);
      client.ping();
    }
  }
}

function refuse(response: ServerResponse, refusal: Refusal): void {
  for (const [name, value] of problemHeaders(refusal)) response.setHeader(name, value);
  // A body may stand unread behind the headers, so the connection cannot serve another request.
  response.setHeader('connection', 'close');
  response.writeHead(refusal.status).end(problemBody(refusal));
}

function refuseStream(stream: Duplex, refusal: Refusal): void {
  const body = problemBody(refusal);
  const headers = problemHeaders(refusal).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n`;
  stream.on('error', () => stream.destroy());
  stream.end(`HTTP/1.1 ${statusLine(refusal.status)}\r\n${headers.join('')}${length}\r\n${body}`);
}

function headOf({ method = 'GET', url = '/', headers }: IncomingMessage): RequestHead {
  const isChunked = headers['transfer-encoding'] !== undefined;
  return {
    method,
    path: splitUrl(url).path,
    host: headers.host || undefined,
    origin: headers.origin,
    bodyBytes: isChunked ? undefined : Number(headers['content-length'] ?? 0),
  };
}

function upgradeHeadOf(request: IncomingMessage, { address }: Caller): UpgradeHead {
  return { ...headOf(request), protocols: request.headers['sec-websocket-protocol'] ?? '', address };
}

function callerOf({ url = '/', socket }: IncomingMessage): Caller {
  return { address: socket.remoteAddress ?? '', query: splitUrl(url).query };
}

/** Whether an upgrade is one to our protocol; `Upgrade: h2c` and the like are offers that a server may decline by answering. */
function isForFeed({ method, url = '/', headers }: IncomingMessage): boolean {
  return method === 'GET' && splitUrl(url).path === feedPath && headers.upgrade?.toLowerCase() === 'websocket';
}

/**
 * Puts back what was read of a request, without the offer to upgrade. Node has given the connection up when it tells of an upgrade,
 * so the connection has to come in once more to be served: body, keep-alive and all.
 */
function withoutUpgrade(
  { method, url, httpVersion, rawHeaders }: IncomingMessage,
  stream: Duplex,
  head: Buffer,
): Duplex {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'upgrade') lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  // Latin 1, as Node decoded it.
  stream.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  return stream;
}

function splitUrl(url: string): { readonly path: string; readonly query: string } {
  const at = url.indexOf('?');
  return at < 0 ? { path: url, query: '' } : { path: url.slice(0, at), query: url.slice(at + 1) };
}

function refusalResponse(refusal: Refusal): Response {
  const headers = problemHeaders(refusal).map(([name, value]): [string, string] => [name, value]);
  return new Response(problemBody(refusal), { status: refusal.status, headers });
}
