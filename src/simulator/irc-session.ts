/**
 * One chat connection: the outbox on the way out, and what the client has asked for.
 * Lines wait in the outbox until `flush`; that writes them in few system calls but still in separate frames.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

export interface IrcSessionOptions {
  /** How many lines may share one websocket frame. */
  readonly linesPerFrame: () => number;
  /** Whether the next frame is cut in two in the middle of its last line. */
  readonly takeSplit: () => boolean;
}

export class IrcSession {
  nick: string | undefined;
  pass: string | undefined;
  /** Whose limits count: the user id of a named login, `anonymous` for everybody else. */
  account = 'anonymous';
  readonly capabilities = new Set<string>();
  /** Logins of rooms whose lines this session gets. */
  readonly rooms = new Set<string>();
  /** Rooms it was told it had joined, but whose lines never come. */
  readonly ghostRooms = new Set<string>();
  readonly #ws: WebSocket;
  readonly #socket: Duplex;
  readonly #options: IrcSessionOptions;
  #outbox: string[] = [];
  #isMute = false;
  #dropping: NodeJS.Timeout | undefined;

  constructor(ws: WebSocket, socket: Duplex, options: IrcSessionOptions) {
    this.#ws = ws;
    this.#socket = socket;
    this.#options = options;
  }

  get isNamed(): boolean {
    return this.account !== 'anonymous';
  }

  /** False for half-open and closing sockets: what is sent to them arrives nowhere. */
  get isReachable(): boolean {
    return !this.#isMute && this.#ws.readyState === this.#ws.OPEN;
  }

  get bufferedBytes(): number {
    return this.isReachable ? this.#ws.bufferedAmount : 0;
  }

  /** Puts a line without its line end into the outbox. */
  send(line: string): void {
    if (this.isReachable) this.#outbox.push(line);
  }

  flush(): void {
    if (this.#outbox.length === 0) return;
    const lines = this.#outbox;
    this.#outbox = [];
    if (!this.isReachable) return;
    const perFrame = Math.max(1, this.#options.linesPerFrame());
    this.#socket.cork();
    for (let at = 0; at < lines.length; at += perFrame) {
      const frame = perFrame === 1 ? `${lines[at]}\r\n` : `${lines.slice(at, at + perFrame).join('\r\n')}\r\n`;
      if (this.#options.takeSplit()) {
        // Ten characters into the last line: within the tags or the prefix, never within a surrogate pair.
        const cut = frame.lastIndexOf('\r\n', frame.length - 3) + 11;
        this.#ws.send(frame.slice(0, cut));
        this.#ws.send(frame.slice(cut));
      } else this.#ws.send(frame);
    }
    this.#socket.uncork();
  }

  /** Half-open: from now on nothing is written and nothing read, and the peer is not told. */
  mute(): void {
    this.flush();
    this.#isMute = true;
    this.#ws.pause();
  }

  close(): void {
    this.flush();
    this.#ws.close(1000);
  }

  /** The connection breaks without a close frame, but what was sent before arrives: so the truth stays exact. */
  drop(): void {
    this.flush();
    this.#isMute = true;
    if (this.#dropping) return;
    this.#dropping = setInterval(() => {
      if (this.#ws.bufferedAmount > 0 && !this.#socket.destroyed) return;
      clearInterval(this.#dropping);
      this.#socket.destroy();
    }, 1);
  }

  /** At once, whatever is on the way. */
  destroy(): void {
    clearInterval(this.#dropping);
    this.#outbox = [];
    this.#ws.terminate();
  }
}
