/**
 * The one HTTP server: finds out which of Twitch's services a request or a socket is for, and lets ordered mishaps befall it.
 * It listens on 127.0.0.1 and, where the machine has it, on ::1 at the same port, because twurple says `localhost`.
 */
import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { ZodError, z } from 'zod';
import { asError, pause } from '../lib/lifecycle.ts';
import type { ConduitsApi } from './conduits-api.ts';
import type { EventSub } from './eventsub.ts';
import type { EventSubApi } from './eventsub-api.ts';
import type { Faults, HttpMishap } from './faults.ts';
import type { Helix } from './helix.ts';
import { type Answer, isObject, type Request, readObject, readRequest, refuse, writeAnswer } from './http.ts';
import type { IrcServer } from './irc.ts';
import type { OAuth } from './oauth.ts';
import { type Order, orderSchema } from './orders.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Ledger, Truth } from './truth.ts';

export interface ServerOptions {
  readonly irc: IrcServer;
  readonly eventsub: EventSub;
  readonly eventsubApi: EventSubApi;
  readonly conduitsApi: ConduitsApi;
  readonly helix: Helix;
  readonly oauth: OAuth;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly rateLimit: RateLimit;
  readonly truth: () => Truth;
  readonly order: (order: Order) => unknown;
  readonly fail: (error: Error) => void;
}

export class Server {
  readonly #options: ServerOptions;
  readonly #stopped = new AbortController();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    handleProtocols: (asked) => (asked.has('irc') ? 'irc' : false),
  });
  #servers: HttpServer[] = [];

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  /** @param port 0 = any that is free on both addresses. */
  async listen(port: number): Promise<void> {
    for (let triesLeft = port === 0 ? 5 : 1; ; triesLeft--) {
      this.#servers = [await this.#open(port, '127.0.0.1')];
      try {
        this.#servers.push(await this.#open(this.port, '::1'));
        return;
      } catch (thrown) {
        // No IPv6 here: then `localhost` does not lead to ::1 either.
        if (isCode(thrown, 'EADDRNOTAVAIL', 'EAFNOSUPPORT')) return;
        // Somebody else has this port on ::1, and `localhost` may lead there: try another one.
        if (!isCode(thrown, 'EADDRINUSE') || triesLeft === 1) throw thrown;
        await this.#closeAll();
      }
    }
  }

  get port(): number {
    const address = this.#servers[0]?.address();
    if (!isAddress(address)) throw new Error('the simulator does not listen');
    return address.port;
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    await this.#closeAll();
  }

  async #closeAll(): Promise<void> {
    const closing = this.#servers.map((server) => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      return closed;
    });
    this.#servers = [];
    await Promise.all(closing);
  }

  async #open(port: number, host: string): Promise<HttpServer> {
    const server = createServer((incoming, response) => {
      this.#serve(incoming, response).catch((thrown: unknown) => {
        response.destroy();
        // A client that goes away in the middle of its request is no fault of ours.
        if (!incoming.destroyed || incoming.complete) this.#options.fail(asError(thrown));
      });
    });
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => resolve());
    });
    server.on('error', this.#options.fail);
    return server;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = (request.url ?? '/').split('?', 1)[0];
    if (path !== '/' && path !== '/irc' && path !== '/ws') {
      socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n');
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (ws) => {
      if (path === '/ws') this.#options.eventsub.accept(ws, request);
      else this.#options.irc.accept(ws, socket);
    });
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    if (!request) return writeAnswer(response, refuse(413, 'request body too large'));
    const mishap = request.path.startsWith('/sim/') ? undefined : this.#options.faults.takeHttp(request.path);
    if (mishap?.kind === 'hang') return this.#record(request, 'hung');
    if (mishap?.kind === 'slow') await pause(mishap.delayMs, this.#stopped.signal);
    const answer = mishap?.kind === 'status' ? this.#mishapAnswer(mishap) : this.#route(request);
    this.#record(request, mishap?.kind === 'truncate' ? 'truncated' : String(answer.status));
    if (mishap?.kind !== 'truncate') this.#recordStreams(request, answer);
    writeAnswer(response, answer, mishap);
  }

  #route(request: Request): Answer {
    const { helix, oauth, eventsubApi, conduitsApi } = this.#options;
    const { path } = request;
    const [, endpoint] = /^(?:\/mock)?\/eventsub\/(.*)$/.exec(path) ?? [];
    if (endpoint === 'subscriptions') return eventsubApi.answer(request);
    if (endpoint === 'conduits' || endpoint === 'conduits/shards')
      return conduitsApi.answer(request, endpoint === 'conduits/shards');
    if (path.startsWith('/mock/')) return helix.answer(path.slice('/mock/'.length), request);
    if (path.startsWith('/auth/')) return oauth.answer(path.slice('/auth/'.length), request);
    if (path === '/sim/truth' && request.method === 'GET') return { status: 200, body: this.#options.truth() };
    if (path === '/sim/control' && request.method === 'POST') return this.#obey(request);
    return refuse(404, 'page not found');
  }

  #obey(request: Request): Answer {
    try {
      const order = orderSchema.parse(readObject(request.body));
      return { status: 200, body: { result: this.#options.order(order) ?? null } };
    } catch (thrown) {
      if (thrown instanceof ZodError) return refuse(400, z.prettifyError(thrown));
      if (thrown instanceof RangeError) return refuse(404, thrown.message);
      throw thrown;
    }
  }

  /** An ordered 429 says that the bucket is empty and full again in a second, so that clients that obey can be watched. */
  #mishapAnswer({ status }: Extract<HttpMishap, { kind: 'status' }>): Answer {
    const headers = this.#options.rateLimit.idle();
    return refuse(status, 'ordered mishap', status === 429 ? { ...headers, 'Ratelimit-Remaining': '0' } : headers);
  }

  #record({ method, path }: Request, outcome: string): void {
    if (!path.startsWith('/sim/'))
      this.#options.ledger.requests.add(`${method} ${path.replace(/^\/mock/, '')} ${outcome}`);
  }

  #recordStreams({ path }: Request, { status, body }: Answer): void {
    if (path !== '/mock/streams' || status !== 200 || !isObject(body) || !Array.isArray(body.data)) return;
    this.#options.ledger.streamAnswers++;
    this.#options.ledger.streamRows += body.data.length;
  }
}

const isCode = (thrown: unknown, ...codes: readonly string[]): boolean =>
  isObject(thrown) && typeof thrown.code === 'string' && codes.includes(thrown.code);

const isAddress = (address: AddressInfo | string | null | undefined): address is AddressInfo =>
  typeof address === 'object' && address !== null;
