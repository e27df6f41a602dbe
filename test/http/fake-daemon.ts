/** The real HTTP app on a real port, beside a scripted feed: just enough for a browser to look at. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type ServerType, serve } from '@hono/node-server';
import { type WebSocket, WebSocketServer } from 'ws';
import { createHttpApp } from '../../src/http/app.ts';
import type { HttpDeps } from '../../src/http/deps.ts';

export class FakeDaemon {
  readonly sockets = new Set<WebSocket>();
  /** The request targets of all feed connections so far. */
  readonly feedRequests: string[] = [];
  readonly #server: ServerType;
  readonly #feed = new WebSocketServer({ noServer: true });
  #seq = 0;

  constructor(deps: HttpDeps) {
    this.#server = serve({ fetch: createHttpApp(deps).fetch, port: 0, hostname: '127.0.0.1' });
    this.#server.on('upgrade', (request, socket, head) => {
      this.feedRequests.push(String(request.url));
      this.#feed.handleUpgrade(request, socket, head, (client) => this.#greet(client));
    });
  }

  async listen(): Promise<string> {
    if (!this.#server.listening) await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** Sends an event frame to all who listen. */
  emit(type: string, login: string, data: object): void {
    this.#seq += 1;
    const at = new Date().toISOString();
    this.#send({
      k: 'ev',
      seq: this.#seq,
      prev: this.#seq - 1,
      type,
      id: `e${this.#seq}`,
      ch: { id: '1', login },
      at,
      data,
    });
  }

  closeFeed(code: number, reason: string, frame?: object): void {
    if (frame !== undefined) this.#send(frame);
    for (const socket of this.sockets) socket.close(code, reason);
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.terminate();
    const closed = once(this.#server, 'close');
    this.#server.close();
    if ('closeAllConnections' in this.#server) this.#server.closeAllConnections();
    await closed;
  }

  #greet(client: WebSocket): void {
    this.sockets.add(client);
    client.on('close', () => this.sockets.delete(client));
    client.send(JSON.stringify({ k: 'hello', v: '1.0', epoch: 'e', session: 's', head: this.#seq, hb: 10_000 }));
  }

  #send(frame: object): void {
    for (const socket of this.sockets) socket.send(JSON.stringify(frame));
  }
}
