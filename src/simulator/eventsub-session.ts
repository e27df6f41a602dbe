/**
 * One EventSub websocket session as the server sees it. It outlives its socket once: after `session_reconnect` a second socket takes
 * over, with the same id and the same subscriptions, while the first stays open until the client leaves it or the grace is over.
 * States: waiting for a subscription → in use → (moving →) in use → closed.
 * @see https://dev.twitch.tv/docs/eventsub/handling-websocket-events/
 */
import type { WebSocket } from 'ws';
import type { Random } from './random.ts';

/** How long Twitch's times last here, in its own seconds. */
export const twitchSeconds = { unused: 10, reconnectGrace: 30, ping: 30 } as const;

export interface SessionOptions {
  readonly id: string;
  readonly keepaliveSeconds: number;
  readonly random: Random;
  readonly now: () => number;
  /** How long one of Twitch's seconds lasts, ms. */
  readonly secondMs: number;
  /** The session's last socket is gone. Called once. */
  readonly onEnd: (session: EventSubSession, code: number) => void;
}

interface Envelope {
  readonly type: string;
  readonly payload: unknown;
  /** Stands in the metadata of notifications and revocations. */
  readonly subscription?: { readonly type: string; readonly version: string };
}

const closeReasons: Readonly<Record<number, string>> = {
  4000: 'internal server error',
  4001: 'client sent inbound traffic',
  4002: 'client failed ping-pong',
  4003: 'connection unused',
  4004: 'reconnect grace time expired',
  4005: 'network timeout',
  4006: 'network error',
  4007: 'invalid reconnect',
};

export class EventSubSession {
  readonly id: string;
  readonly connectedAt: number;
  /** `client/user` of the first subscription; a session belongs to one user. */
  owner: string | undefined;
  readonly #options: SessionOptions;
  readonly #keepalive: NodeJS.Timeout;
  readonly #unused: NodeJS.Timeout;
  readonly #ping: NodeJS.Timeout;
  #grace: NodeJS.Timeout | undefined;
  #socket: WebSocket;
  /** The socket that was asked to move away. */
  #former: WebSocket | undefined;
  #hasAnswered = true;
  #isEnded = false;
  #isMute = false;

  constructor(ws: WebSocket, options: SessionOptions) {
    this.id = options.id;
    this.#options = options;
    this.connectedAt = options.now();
    this.#socket = ws;
    const { secondMs, keepaliveSeconds } = options;
    // A little before the promised time: the client may begin to doubt exactly then.
    this.#keepalive = setInterval(() => this.#sendKeepalive(), keepaliveSeconds * secondMs * 0.9);
    this.#unused = setTimeout(() => this.close(4003), twitchSeconds.unused * secondMs);
    this.#ping = setInterval(() => this.#checkPong(), twitchSeconds.ping * secondMs);
    this.#listen(ws);
  }

  get isOpen(): boolean {
    return !this.#isEnded && this.#socket.readyState === this.#socket.OPEN;
  }

  /** Open, and what is sent arrives. */
  get isReachable(): boolean {
    return this.isOpen && !this.#isMute;
  }

  welcome(): void {
    this.#send({ type: 'session_welcome', payload: { session: this.#describe('connected', null) } });
  }

  /** Something has been subscribed: the session is no longer in danger of 4003. */
  use(owner: string): void {
    this.owner = owner;
    clearTimeout(this.#unused);
  }

  /** @returns the text that was sent, so that the very same message can be sent again. */
  notify(subscription: { readonly type: string; readonly version: string }, payload: unknown): string {
    return this.#send({ type: 'notification', payload, subscription });
  }

  revoke(subscription: { readonly type: string; readonly version: string }, payload: unknown): void {
    this.#send({ type: 'revocation', payload, subscription });
  }

  repeat(text: string): void {
    if (this.isReachable) this.#socket.send(text);
  }

  /** Asks the client to move to `url`; whoever stays is closed with 4004. */
  askToMove(url: string): void {
    this.#send({ type: 'session_reconnect', payload: { session: this.#describe('reconnecting', url) } });
    const former = this.#socket;
    this.#former = former;
    clearTimeout(this.#grace);
    this.#grace = setTimeout(() => shut(former, 4004), twitchSeconds.reconnectGrace * this.#options.secondMs);
  }

  /** The second socket of a move has come: from now on messages go there. */
  takeOver(ws: WebSocket): void {
    this.#socket = ws;
    this.#hasAnswered = true;
    this.#listen(ws);
    this.welcome();
  }

  /** Half-open: nothing is sent any more, not even keepalives, and nothing is read. */
  mute(): void {
    this.#isMute = true;
    this.#socket.pause();
  }

  close(code: number): void {
    shut(this.#socket, code);
  }

  destroy(): void {
    this.#socket.terminate();
    this.#end(1006);
  }

  #listen(ws: WebSocket): void {
    ws.on('message', () => shut(ws, 4001));
    ws.on('pong', () => {
      this.#hasAnswered = true;
    });
    // What follows is 'close', which says all there is to say.
    ws.on('error', () => ws.terminate());
    ws.on('close', (code) => {
      if (ws === this.#socket) this.#end(code);
    });
  }

  #end(code: number): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    clearInterval(this.#keepalive);
    clearInterval(this.#ping);
    clearTimeout(this.#unused);
    clearTimeout(this.#grace);
    if (this.#former !== this.#socket) this.#former?.terminate();
    this.#options.onEnd(this, code);
  }

  #checkPong(): void {
    if (!this.isReachable) return;
    if (this.#hasAnswered) this.#socket.ping();
    else this.close(4002);
    this.#hasAnswered = false;
  }

  #sendKeepalive(): void {
    this.#send({ type: 'session_keepalive', payload: {} });
  }

  #send({ type, payload, subscription }: Envelope): string {
    const text = JSON.stringify({
      metadata: {
        message_id: this.#options.random.uuid(),
        message_type: type,
        message_timestamp: nanoTime(this.#options.now()),
        ...(subscription ? { subscription_type: subscription.type, subscription_version: subscription.version } : {}),
      },
      payload,
    });
    this.repeat(text);
    // Any message is a sign of life: the next keepalive is due a whole interval later.
    this.#keepalive.refresh();
    return text;
  }

  #describe(status: string, reconnectUrl: string | null) {
    return {
      id: this.id,
      status,
      connected_at: nanoTime(this.connectedAt),
      keepalive_timeout_seconds: status === 'connected' ? this.#options.keepaliveSeconds : null,
      reconnect_url: reconnectUrl,
    };
  }
}

function shut(ws: WebSocket, code: number): void {
  if (ws.readyState === ws.OPEN) ws.close(code, closeReasons[code] ?? '');
}

/** ISO time with nine digits of fraction, as EventSub writes it. */
export const nanoTime = (ms: number): string => `${new Date(ms).toISOString().slice(0, 23)}000000Z`;
