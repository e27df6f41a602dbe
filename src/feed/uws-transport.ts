/**
 * The native engine: uWebSockets.js. Its `publish` copies a frame once and drops it silently for a socket above the hard limit, so
 * such a socket is cut; the hub closes slow clients far below. The surprising rule: a socket is never ended in one of the engine's
 * own callbacks (that can kill the process), always a turn later.
 */
import { deferred, pause } from '../lib/lifecycle.ts';
import { listenFault } from './listen-fault.ts';
import {
  type Address,
  type Caller,
  engineInboundBytes,
  type FeedSocket,
  feedPath,
  feedProtocol,
  hardLimitBytes,
  idleTimeoutSeconds,
  type SocketListener,
  type Transport,
  type TransportOptions,
} from './transport.ts';
import type {
  UwsApp,
  UwsBehavior,
  UwsBinding,
  UwsListener,
  UwsRequest,
  UwsResponse,
  UwsSocket,
} from './uws-binding.ts';
import { answerRequest, refuse, requestHead } from './uws-http.ts';

export function createUwsTransport(binding: UwsBinding, options: TransportOptions): Transport {
  return new UwsTransport(binding, options);
}

interface Connection extends Caller {
  socket: EngineSocket | undefined;
  listener: SocketListener | undefined;
}

/** A topic of every socket: leaving the last topic would throw away what the engine still holds back for the socket. */
const everybody = 'all';

/** Time for close frames to cross before everything is cut, ms: after a prompt end, and with slow clients among them. */
const farewellMs = 100;
const lingerMs = 2_000;

class UwsTransport implements Transport {
  readonly engine = 'uws';
  readonly #binding: UwsBinding;
  readonly #options: TransportOptions;
  #app: UwsApp | undefined;
  #listener: UwsListener | undefined;
  /** Open sockets and requests under way. */
  #busy = 0;
  /** Until when bytes may still be on their way to clients whose sockets were ended; the engine tells no more about them. */
  #farewellUntil = 0;
  #onIdle: () => void = () => undefined;

  constructor(binding: UwsBinding, options: TransportOptions) {
    this.#binding = binding;
    this.#options = options;
  }

  publish(topic: string, frame: string): void {
    this.#app?.publish(topic, frame, false);
  }

  async listen(): Promise<Address> {
    const { host, port } = this.#options;
    const { promise, resolve } = deferred<UwsListener | false>();
    this.#app = this.#binding.App().ws(feedPath, this.#behavior());
    this.#app.any('/*', (response, request) => void this.#answer(response, request));
    // Exclusive, or a second daemon would silently share the port and half of the clients.
    this.#app.listen(host, port, this.#binding.LIBUS_LISTEN_EXCLUSIVE_PORT, resolve);
    const listener = await promise;
    if (listener === false) throw listenFault({ host, port }, undefined);
    this.#listener = listener;
    return { host, port: this.#binding.us_socket_local_port(listener) };
  }

  stopListening(): void {
    if (this.#listener) this.#binding.us_listen_socket_close(this.#listener);
    this.#listener = undefined;
  }

  async end(limit: AbortSignal): Promise<void> {
    this.stopListening();
    if (this.#busy > 0 && !limit.aborted) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
        limit.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    await pause(Math.max(0, this.#farewellUntil - performance.now()), limit);
    this.#app?.close();
    this.#app = undefined;
  }

  async #answer(response: UwsResponse, request: UwsRequest): Promise<void> {
    this.#busy += 1;
    await answerRequest(response, request, this.#options.front);
    this.#release();
  }

  #behavior(): UwsBehavior<Connection> {
    const { front } = this.#options;
    return {
      maxPayloadLength: engineInboundBytes,
      maxBackpressure: hardLimitBytes,
      closeOnBackpressureLimit: true,
      idleTimeout: idleTimeoutSeconds,
      upgrade: (response, request, context) => this.#upgrade(response, request, context),
      open: (native) => this.#open(native),
      message: (native, message, isBinary) => {
        const { listener } = native.getUserData();
        if (isBinary) listener?.onBinary();
        else listener?.onText(Buffer.from(message).toString(), message.byteLength);
      },
      dropped: () => front.onHardLimit(),
      close: (native, code) => {
        const connection = native.getUserData();
        connection.socket?.forget();
        this.#release();
        connection.listener?.onClose(code);
      },
    };
  }

  #upgrade(response: UwsResponse, request: UwsRequest, context: object): void {
    // The engine looks at Sec-WebSocket-Key alone.
    if (request.getHeader('upgrade').toLowerCase() !== 'websocket') {
      void this.#answer(response, request);
      return;
    }
    const protocols = request.getHeader('sec-websocket-protocol');
    const address = Buffer.from(response.getRemoteAddressAsText()).toString();
    const refusal = this.#options.front.refuseUpgrade({ ...requestHead(request), protocols, address });
    if (refusal !== undefined) {
      refuse(response, refusal);
      return;
    }
    const query = request.getQuery() ?? '';
    const connection: Connection = { query, address, socket: undefined, listener: undefined };
    response.upgrade(
      connection,
      request.getHeader('sec-websocket-key'),
      protocols === '' ? '' : feedProtocol,
      request.getHeader('sec-websocket-extensions'),
      context,
    );
  }

  #open(native: UwsSocket<Connection>): void {
    this.#busy += 1;
    native.subscribe(everybody);
    const connection = native.getUserData();
    connection.socket = new EngineSocket(native, (isBehind) => this.#expectFarewell(isBehind));
    connection.listener = this.#options.front.open(connection.socket, connection);
  }

  #expectFarewell(isBehind: boolean): void {
    const until = performance.now() + (isBehind ? lingerMs : farewellMs);
    this.#farewellUntil = Math.max(this.#farewellUntil, until);
  }

  #release(): void {
    this.#busy -= 1;
    if (this.#busy === 0) this.#onIdle();
  }
}

class EngineSocket implements FeedSocket {
  readonly #onEnding: (isBehind: boolean) => void;
  #native: UwsSocket<Connection> | undefined;

  constructor(native: UwsSocket<Connection>, onEnding: (isBehind: boolean) => void) {
    this.#native = native;
    this.#onEnding = onEnding;
  }

  send(frame: string): void {
    this.#native?.send(frame, false);
  }

  subscribe(topic: string): void {
    this.#native?.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.#native?.unsubscribe(topic);
  }

  bufferedBytes(): number {
    return this.#native?.getBufferedAmount() ?? 0;
  }

  close(code: number, reason: string): void {
    setImmediate(() => {
      this.#onEnding(this.bufferedBytes() > 0);
      this.#native?.end(code, reason);
    });
  }

  /** The engine has closed it: touching it again would throw. */
  forget(): void {
    this.#native = undefined;
  }
}
