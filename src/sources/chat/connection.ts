/**
 * One connection to Twitch chat: tmi.js opens the socket, registers and keeps it alive; every frame is tapped before
 * tmi.js parses it, because its parser trims, coerces and drops lines. An object lives for one connection and is never
 * reused: tmi.js keeps queues, timers and channels of a lost connection and mixes them into the next one.
 */
import { createRequire } from 'node:module';
import type { Client, Options } from 'tmi.js';
import type { WebSocket } from 'ws';
import type { ChatTiming } from './timing.ts';

export interface ChatEndpoint {
  readonly host: string;
  readonly port: number;
  /** tmi.js speaks TLS on port 443 only. */
  readonly secure: boolean;
}

export interface ChatConnectionOptions {
  readonly endpoint: ChatEndpoint;
  /** Every line, byte-exact without its line end. Must not throw: an exception here would wedge the socket. */
  readonly onLine: (line: string, receivedAt: number) => void;
  /** Registered: channels can be joined now. */
  readonly onReady: () => void;
  /** Over, exactly once, whatever the cause. */
  readonly onClosed: (reason: string) => void;
  readonly timing: Pick<ChatTiming, 'registerTimeoutMs' | 'silenceTimeoutMs' | 'watchEveryMs'>;
  readonly now: () => number;
}

/** Far above any line that Twitch sends (IRCv3 allows 8,191 bytes of tags). */
const maxLineLength = 65_536;

/** The parts of tmi.js that its types leave out. `_onMessage` is bound to the socket when it opens. */
type TappableClient = Client & { _onMessage: (frame: { data: unknown }) => void; ws: WebSocket | null };

export class ChatConnection {
  readonly #options: ChatConnectionOptions;
  readonly #client: TappableClient;
  readonly #passOn: (frame: { data: unknown }) => void;
  #partial = '';
  #state: 'idle' | 'opening' | 'ready' | 'closed' = 'idle';
  #timer: NodeJS.Timeout | undefined;
  #lastByteAt = 0;

  constructor(options: ChatConnectionOptions) {
    this.#options = options;
    this.#client = createClient({
      options: { skipMembership: true, skipUpdatingEmotesets: true, debug: false },
      connection: {
        server: options.endpoint.host,
        port: options.endpoint.port,
        secure: options.endpoint.secure,
        reconnect: false,
      },
      channels: [],
      logger: { info: ignore, warn: ignore, error: ignore },
    });
    this.#passOn = this.#client._onMessage.bind(this.#client);
    this.#client._onMessage = (frame) => this.#receive(frame.data);
    this.#client.on('disconnected', (reason: string) => this.#closed(reason));
  }

  get isReady(): boolean {
    return this.#state === 'ready';
  }

  /** Starts connecting; the outcome comes through `onReady` or `onClosed`. */
  open(): void {
    this.#state = 'opening';
    this.#timer = setTimeout(() => this.close('no registration in time'), this.#options.timing.registerTimeoutMs);
    // The rejection carries nothing that 'disconnected' does not.
    this.#client.connect().catch((reason: unknown) => this.#closed(String(reason)));
  }

  /** Asks to join; whether it worked shows in the lines that come (JOIN echo, ROOMSTATE). */
  join(login: string): void {
    this.#send(`JOIN #${login}`);
  }

  part(login: string): void {
    this.#send(`PART #${login}`);
  }

  /** Ends the connection at once, even towards a peer that no longer answers. */
  close(reason: string): void {
    this.#closed(reason);
  }

  #send(line: string): void {
    const socket = this.#client.ws;
    if (this.#state === 'ready' && socket?.readyState === socketOpen) socket.send(line);
  }

  #receive(data: unknown): void {
    if (this.#state === 'closed' || typeof data !== 'string') return;
    const receivedAt = this.#options.now();
    this.#lastByteAt = performance.now();
    const text = this.#partial === '' ? data : this.#partial + data;
    let at = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      this.#take(text.slice(at, text.charCodeAt(end - 1) === CR && end > at ? end - 1 : end), receivedAt);
      at = end + 1;
    }
    this.#partial = text.slice(at);
    // Unterminated and longer than any line: hand it on, so that it is counted where malformed lines are.
    if (this.#partial.length > maxLineLength) {
      this.#take(this.#partial, receivedAt);
      this.#partial = '';
    }
  }

  #take(line: string, receivedAt: number): void {
    if (line === '') return;
    if (this.#state === 'opening') this.#register(line);
    else if (isPong(line)) this.#passOn({ data: 'PONG' });
    else if (line.startsWith('PING')) this.#send(`PONG${line.slice(4)}`);
    else if (line.endsWith(' RECONNECT') || line === 'RECONNECT') this.close('the server asked to reconnect');
    this.#options.onLine(line, receivedAt);
  }

  /** Only the lines of the registration reach tmi.js: later text could end it (a NOTICE about a failed login, say). */
  #register(line: string): void {
    this.#passOn({ data: line });
    if (line.includes(' CAP * NAK')) this.close('the server refused the tags and commands capabilities');
    if (!/^:\S+ 376 /.test(line) || this.#state !== 'opening') return;
    this.#state = 'ready';
    clearTimeout(this.#timer);
    this.#timer = setInterval(() => this.#watch(), this.#options.timing.watchEveryMs);
    this.#options.onReady();
  }

  #watch(): void {
    if (performance.now() - this.#lastByteAt > this.#options.timing.silenceTimeoutMs)
      this.close('no byte received in time');
  }

  #closed(reason: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    const socket = this.#client.ws;
    this.#client.removeAllListeners();
    if (socket !== null) {
      // tmi.js's own handlers clear its ping timers when the socket ends.
      socket.on('error', ignore);
      socket.terminate();
    }
    this.#options.onClosed(reason);
  }
}

const CR = 0x0d;
const socketOpen = 1;

function isPong(line: string): boolean {
  return line.startsWith('PONG') || /^:\S+ PONG/.test(line);
}

function ignore(): void {}

/** tmi.js prefers a global WebSocket, whose close never completes towards a half-open peer; hidden, it takes `ws`. */
function createClient(options: Options & { logger: object }): TappableClient {
  tmi ??= loadTmi();
  return new tmi.Client(options as Options) as TappableClient;
}

let tmi: { Client: new (options: Options) => Client } | undefined;

function loadTmi(): { Client: new (options: Options) => Client } {
  const native = Object.getOwnPropertyDescriptor(globalThis, 'WebSocket');
  Reflect.deleteProperty(globalThis, 'WebSocket');
  const loaded = createRequire(import.meta.url)('tmi.js') as { Client: new (options: Options) => Client };
  if (native !== undefined) Object.defineProperty(globalThis, 'WebSocket', native);
  return loaded;
}
