/**
 * Reads the feed over a websocket, as any client would: reconnects with back-off, ignores duplicates and notices holes by
 * the three-line rule of the protocol (`seq`, `prev`). A close code from 4500 on means that coming back is no use.
 */
import { WebSocket } from 'ws';
import { backoffMs } from '../lib/backoff.ts';
import { pause } from '../lib/lifecycle.ts';

/** One event as the feed sends it; `data` depends on the type. */
export interface FeedEvent {
  readonly k: 'ev';
  readonly seq: number;
  readonly prev: number;
  readonly type: string;
  readonly id: string;
  readonly ch: { readonly id: string; readonly login: string };
  readonly at: string;
  readonly rx: number;
  readonly src: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface FeedReaderOptions {
  /** `ws://host:port/v1/feed?…` */
  readonly url: string;
  readonly onEvent: (event: FeedEvent) => void;
  /** Any other frame: `hello`, `snap`, `live`, … */
  readonly onFrame?: (frame: { readonly k: string }) => void;
  readonly onConnection?: (state: 'open' | 'lost', detail: string) => void;
  readonly signal: AbortSignal;
}

export interface FeedRecord {
  readonly events: number;
  /** Events whose `prev` was beyond what had come before. */
  readonly holes: number;
  readonly duplicates: number;
  /** Why the server does not want us back; undefined when we left. */
  readonly refusal: string | undefined;
}

/** Resolves when the signal aborts, or when the server refuses us for good. */
export async function readFeed(options: FeedReaderOptions): Promise<FeedRecord> {
  const reader = new FeedReader(options);
  let attempt = 0;
  while (!options.signal.aborted) {
    const end = await reader.connect();
    if (end.code >= 4500 && end.code < 5000) return { ...reader.record, refusal: `${end.code} ${end.reason}`.trim() };
    if (options.signal.aborted) break;
    attempt = end.wasOpen ? 0 : attempt + 1;
    options.onConnection?.('lost', end.reason);
    await pause(backoffMs(attempt, { firstMs: 500, maxMs: 15_000 }), options.signal);
  }
  return { ...reader.record, refusal: undefined };
}

interface ConnectionEnd {
  readonly code: number;
  readonly reason: string;
  readonly wasOpen: boolean;
}

class FeedReader {
  readonly #options: FeedReaderOptions;
  #events = 0;
  #holes = 0;
  #duplicates = 0;
  #cursor = 0;

  constructor(options: FeedReaderOptions) {
    this.#options = options;
  }

  get record(): Omit<FeedRecord, 'refusal'> {
    return { events: this.#events, holes: this.#holes, duplicates: this.#duplicates };
  }

  connect(): Promise<ConnectionEnd> {
    const { url, signal, onConnection } = this.#options;
    return new Promise((resolve) => {
      const socket = new WebSocket(url);
      let wasOpen = false;
      let fault = '';
      const leave = () => socket.close(1000);
      signal.addEventListener('abort', leave, { once: true });
      socket.on('open', () => {
        wasOpen = true;
        // Without replay a new connection begins a new count.
        this.#cursor = 0;
        onConnection?.('open', url);
      });
      socket.on('message', (data) => this.#take(String(data)));
      socket.on('error', (error) => {
        fault = error.message;
      });
      socket.on('close', (code, reason) => {
        signal.removeEventListener('abort', leave);
        resolve({ code, reason: String(reason) || fault, wasOpen });
      });
    });
  }

  #take(text: string): void {
    const frame = JSON.parse(text) as { readonly k: string };
    if (frame.k !== 'ev') {
      const { seq } = frame as { readonly seq?: number };
      if (frame.k === 'snap' && seq !== undefined) this.#cursor = seq;
      this.#options.onFrame?.(frame);
      return;
    }
    const event = frame as FeedEvent;
    if (event.seq <= this.#cursor) {
      this.#duplicates += 1;
      return;
    }
    if (event.prev > this.#cursor && this.#cursor > 0) this.#holes += 1;
    this.#cursor = event.seq;
    this.#events += 1;
    this.#options.onEvent(event);
  }
}
