/**
 * A client that knows the protocol and nothing of the server: keeps every frame and applies the three-line rule
 * (seq ≤ c: duplicate; prev > c: hole; else c = seq).
 */
import { WebSocket } from 'ws';

export interface Frame {
  readonly k: string;
  readonly [field: string]: unknown;
}

export interface EventFrame extends Frame {
  readonly seq: number;
  readonly prev: number;
  readonly type: string;
  readonly id: string;
  readonly ch: { readonly id: string; readonly login: string };
  readonly data: Readonly<Record<string, unknown>>;
}

export interface ConnectOptions {
  readonly headers?: Record<string, string>;
  readonly protocols?: readonly string[];
}

export class OracleClient {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  holes = 0;
  duplicates = 0;
  cursor = -1;
  closeCode: number | undefined;
  /** Status of a refused upgrade, and its body. */
  refusal: { readonly status: number; readonly headers: Record<string, unknown>; readonly body: string } | undefined;
  #waiting: (() => void)[] = [];

  constructor(url: string, { headers = {}, protocols = [] }: ConnectOptions = {}) {
    this.socket = new WebSocket(url, [...protocols], { headers, perMessageDeflate: false });
    this.socket.on('message', (data, isBinary) => this.#take(isBinary ? '{"k":"binary"}' : String(data)));
    this.socket.on('close', (code) => {
      this.closeCode = code;
      this.#wake();
    });
    this.socket.on('error', () => this.#wake());
    this.socket.on('unexpected-response', (request, response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        this.refusal = { status: response.statusCode ?? 0, headers: response.headers, body };
        request.destroy();
        this.#wake();
      });
    });
  }

  get kinds(): readonly string[] {
    return this.frames.map((frame) => frame.k);
  }

  get events(): readonly EventFrame[] {
    return this.frames.filter((frame): frame is EventFrame => frame.k === 'ev');
  }

  first(kind: string): Frame | undefined {
    return this.frames.find((frame) => frame.k === kind);
  }

  all(kind: string): readonly Frame[] {
    return this.frames.filter((frame) => frame.k === kind);
  }

  say(message: object | string): void {
    this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Waits until the condition holds; tells what did arrive when it does not within 10 s. */
  async until(holds: () => boolean): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!holds()) {
      if (performance.now() > deadline) {
        const tail = JSON.stringify(this.frames.slice(-3));
        throw new Error(
          `not within 10 s: ${holds}; ${this.frames.length} frames, close ${this.closeCode}, last ${tail}`,
        );
      }
      await this.#next(deadline - performance.now());
    }
  }

  async live(): Promise<this> {
    await this.until(() => this.kinds.includes('live'));
    return this;
  }

  async closed(): Promise<number | undefined> {
    await this.until(() => this.closeCode !== undefined);
    return this.closeCode;
  }

  async close(): Promise<void> {
    this.socket.close();
    await this.closed();
  }

  #take(text: string): void {
    const frame = JSON.parse(text) as Frame;
    if (!text.startsWith('{"k":"')) throw new Error(`k is not first: ${text.slice(0, 80)}`);
    this.frames.push(frame);
    if (frame.k === 'sub') this.cursor = Number(String(frame.cursor).split('-')[1]);
    if (frame.k === 'ev') this.#apply(Number(frame.seq), Number(frame.prev));
    if (frame.k === 'hb') this.#settle(Number(frame.seq), Number(frame.prev));
    this.#wake();
  }

  #apply(seq: number, prev: number): void {
    if (seq <= this.cursor) this.duplicates += 1;
    else if (prev > this.cursor) this.holes += 1;
    this.cursor = Math.max(this.cursor, seq);
  }

  #settle(head: number, prev: number): void {
    if (prev > this.cursor) this.holes += 1;
    this.cursor = Math.max(this.cursor, head);
  }

  #next(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
