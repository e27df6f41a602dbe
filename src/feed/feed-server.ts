/**
 * The one port of the daemon: `GET /v1/feed` upgrades to the feed, everything else goes to the injected application. Picks the
 * engine (the native one where its binary loads, `ws` otherwise) and guards the door for both.
 */
import { asError, type Service } from '../lib/lifecycle.ts';
import type { Logger } from '../ops/log.ts';
import { type CheckAccess, canonicalAuthority, createAccessCheck } from './access.ts';
import { AddressLimit, isLoopback } from './address-limit.ts';
import { closeCodes } from './close-codes.ts';
import type { FeedHub } from './hub.ts';
import type { Refusal } from './refusal.ts';
import {
  type Address,
  type Caller,
  type EngineName,
  type FeedSocket,
  type Front,
  feedPath,
  feedProtocol,
  type RequestHead,
  type SocketListener,
  type Transport,
  type TransportOptions,
  type UpgradeHead,
} from './transport.ts';
import { type ImportModule, loadUws } from './uws-binding.ts';
import { createUwsTransport } from './uws-transport.ts';
import { createWsTransport } from './ws-transport.ts';

export interface FeedServerOptions {
  /** `auto` takes `ws` where the native binary does not load; `uws` fails to start there. */
  readonly engine: EngineName | 'auto';
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly hub: FeedHub;
  /** Answers every request that is not for the feed, e.g. `app.fetch` of a hono app. */
  readonly fetch: (request: Request) => Response | Promise<Response>;
  readonly log: Logger;
  /** Names under which clients reach us besides the loopback names and `host`, without port. */
  readonly allowedHosts?: readonly string[];
  /** Origins of foreign pages that may connect: `https://overlay.example`. */
  readonly allowedOrigins?: readonly string[];
  /** Paths that answer under any name or none, for probes that ask by address. Default none. */
  readonly openPaths?: readonly string[];
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number;
  /** Connections to the feed from one remote address; `Infinity` for no limit. Default 20. */
  readonly maxConnectionsPerAddress?: number;
  /** Whose connections are not counted. Default: those of loopback addresses. */
  readonly isExemptAddress?: (address: string) => boolean;
  /** Stands in for `import()` of the native engine. */
  readonly importModule?: ImportModule;
}

export interface FeedServer extends Service {
  /** Where it listens and on what. Throws before `start` and after `stop`. */
  address(): Address & { readonly engine: EngineName };
}

/** @throws ConfigError when an allowed host or origin is malformed. `start` rejects with one when the port cannot be had. */
export function createFeedServer(options: FeedServerOptions): FeedServer {
  return new Server(options);
}

/** What the application sees as the host of an open path: whatever the client says there is not checked, so it is not used. */
const openAuthority = 'localhost';

const tickMs = 100;
/** The most time that clients get to read what is left when we stop, ms. */
const farewellMs = 3_000;

class Server implements FeedServer {
  readonly name = 'feed';
  readonly #options: FeedServerOptions;
  readonly #checkAccess: CheckAccess;
  readonly #addresses: AddressLimit;
  #transport: Transport | undefined;
  #address: Address | undefined;
  #ticking: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(options: FeedServerOptions) {
    this.#options = options;
    const { host, allowedHosts = [], allowedOrigins = [] } = options;
    this.#checkAccess = createAccessCheck({ host, allowedHosts, allowedOrigins });
    this.#addresses = new AddressLimit(options.maxConnectionsPerAddress ?? 20, options.isExemptAddress ?? isLoopback);
  }

  async start(_signal: AbortSignal, fail: (error: Error) => void): Promise<void> {
    const { host, port, hub, log } = this.#options;
    this.#transport = await this.#createTransport({ host, port, fail, front: this.#createFront(fail) });
    hub.attach(this.#transport);
    this.#address = await this.#transport.listen();
    this.#ticking = setInterval(() => hub.tick(), tickMs);
    log.info({ ...this.address() }, 'feed listens');
  }

  async stop(deadline: AbortSignal): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#ticking);
    this.#transport?.stopListening();
    this.#options.hub.drain();
    await this.#transport?.end(AbortSignal.any([deadline, AbortSignal.timeout(farewellMs)]));
    // Until here, so that requests still under way can tell it.
    this.#address = undefined;
    this.#transport = undefined;
  }

  address(): Address & { readonly engine: EngineName } {
    if (!this.#transport || !this.#address) throw new Error('the feed does not listen');
    return { ...this.#address, engine: this.#transport.engine };
  }

  async #createTransport(options: TransportOptions): Promise<Transport> {
    const { engine, log, importModule = (name: string) => import(name) } = this.#options;
    if (engine === 'ws') return createWsTransport(options);
    try {
      return createUwsTransport(await loadUws(importModule), options);
    } catch (thrown) {
      if (engine === 'uws') throw thrown;
      log.warn({ err: asError(thrown) }, 'native engine does not load, the feed runs on ws');
      return createWsTransport(options);
    }
  }

  #createFront(fail: (error: Error) => void): Front {
    const { hub, fetch, log } = this.#options;
    return {
      refuseRequest: (head) => this.#refuseRequest(head),
      refuseUpgrade: (head) => this.#refuseUpgrade(head),
      open: (socket, caller) => guarded(socket, fail, () => this.#open(socket, caller)),
      authorityOf: (head) => this.#authorityOf(head),
      fetch,
      onHardLimit: () => hub.countHardLimit(),
      onRequestFault: (err) => log.error({ err }, 'request failed'),
    };
  }

  #refuseRequest(head: RequestHead): Refusal | undefined {
    const { maxBodyBytes = 1024 * 1024 } = this.#options;
    const refusal = this.#isOpen(head.path) ? undefined : this.#checkAccess(head);
    return refuseHost(head) ?? refusal ?? refuseForm(head, maxBodyBytes);
  }

  #authorityOf({ path, host }: RequestHead): string {
    if (this.#isOpen(path) || host === undefined) return openAuthority;
    return canonicalAuthority(host) ?? openAuthority;
  }

  #isOpen(path: string): boolean {
    return this.#options.openPaths?.includes(path) ?? false;
  }

  #open(socket: FeedSocket, { address, query }: Caller): SocketListener {
    const session = this.#options.hub.connect(socket, query);
    this.#addresses.enter(address);
    return {
      onText: (text, bytes) => session.onText(text, bytes),
      onBinary: () => session.onBinary(),
      onClose: (code) => {
        this.#addresses.leave(address);
        session.onClose(code);
      },
    };
  }

  /** What must stay cheap is refused here, before there is a connection; what a client must be able to read is refused on it. */
  #refuseUpgrade(head: UpgradeHead): Refusal | undefined {
    const refusal = refuseHost(head) ?? this.#checkAccess(head) ?? refuseProtocol(head) ?? this.#refuseForLoad(head);
    if (refusal !== undefined) this.#options.hub.countRefused(refusal.code);
    return refusal;
  }

  #refuseForLoad({ address }: UpgradeHead): Refusal | undefined {
    if (this.#isStopping)
      return { status: 503, code: 'stopping', detail: 'the server is stopping', retryAfterSeconds: 5 };
    if (!this.#options.hub.hasRoom())
      return { status: 503, code: 'connection_limit', detail: 'too many connections', retryAfterSeconds: 10 };
    if (this.#addresses.hasRoom(address)) return undefined;
    return {
      status: 429,
      code: 'address_limit',
      detail: 'too many connections from this address',
      retryAfterSeconds: 10,
    };
  }
}

function refuseHost({ host }: RequestHead): Refusal | undefined {
  if (host === undefined || canonicalAuthority(host) !== undefined) return undefined;
  return { status: 400, code: 'bad_host', detail: 'the Host header is no host name with an optional port' };
}

function refuseProtocol({ protocols }: UpgradeHead): Refusal | undefined {
  const offered = protocols.split(',').map((protocol) => protocol.trim());
  if (protocols === '' || offered.includes(feedProtocol)) return undefined;
  return { status: 400, code: 'subprotocol', detail: `the only subprotocol is ${feedProtocol}` };
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

function refuseForm({ method, path, bodyBytes }: RequestHead, maxBodyBytes: number): Refusal | undefined {
  if (!methods.has(method)) return { status: 405, code: 'method_not_allowed', detail: 'this method is not served' };
  if (path === feedPath) return { status: 426, code: 'upgrade_required', detail: 'the feed speaks websocket' };
  if (!path.startsWith('/') || path.includes('\\'))
    return { status: 400, code: 'bad_path', detail: 'the path must begin with a slash and have no backslash' };
  if (bodyBytes === undefined) return { status: 411, code: 'length_required', detail: 'a body needs a content-length' };
  if (!Number.isSafeInteger(bodyBytes))
    return { status: 400, code: 'bad_length', detail: 'content-length is no number' };
  if (bodyBytes <= maxBodyBytes) return undefined;
  return { status: 413, code: 'too_large', detail: `a body may have ${maxBodyBytes} bytes` };
}

/**
 * Keeps a bug in a session from wedging the engine that called it: the client is told (4000), and the daemon stops in order.
 * Engines swallow, or die of, what their callbacks throw.
 */
function guarded(socket: FeedSocket, fail: (error: Error) => void, open: () => SocketListener): SocketListener {
  const run = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch (thrown) {
      socket.close(closeCodes.internal.code, closeCodes.internal.reason);
      fail(asError(thrown));
      return undefined;
    }
  };
  const listener = run(open);
  return {
    onText: (text, bytes) => run(() => listener?.onText(text, bytes)),
    onBinary: () => run(() => listener?.onBinary()),
    onClose: (code) => run(() => listener?.onClose(code)),
  };
}
