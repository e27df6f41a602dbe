/**
 * One client's side of the protocol, independent of the engine. A session is *open* from `hello` on: it has a group and gets
 * events. It is *closing* from the moment we decide to end it: out of its group, deaf to further messages, its last frame
 * (`err` or `bye`) sent. It is *closed* when the socket says so. The surprising rule: `sub`, `snap`, joining the group and
 * `live` happen in one turn of the loop with no `await` between, which alone makes them free of holes.
 */
import { BadRequest } from './bad-request.ts';
import { type CloseCode, closeCodes } from './close-codes.ts';
import {
  byeFrame,
  errorFrame,
  heartbeatFrame,
  helloFrame,
  liveFrame,
  type OperationId,
  okFrame,
  snapFrame,
  subFrame,
} from './control-frames.ts';
import { type Cursor, formatCursor } from './cursor.ts';
import {
  type Filter,
  type FilterRequest,
  isIdKnown,
  isSameChannel,
  maxFilterEntries,
  resolveFilter,
} from './filter.ts';
import type { Group } from './groups.ts';
import { OperationBudget } from './operation-budget.ts';
import { type Operation, operationId, parseMessage, parseOperation } from './ops.ts';
import { type FeedQuery, parseQuery, type Subscription } from './query.ts';
import type { ChannelState, ResolveChannel } from './state-view.ts';
import { type FeedSocket, maxInboundBytes, type SocketListener } from './transport.ts';

/** What a session needs of the hub. */
export interface SessionHost {
  readonly epoch: string;
  readonly serverVersion: string;
  /** Interval when the client names none, ms. */
  readonly heartbeatMs: number;
  readonly resolveChannel: ResolveChannel;
  head(): number;
  now(): number;
  join(session: Session, filter: Filter): Group<Session>;
  leave(session: Session, group: Group<Session>): void;
  snapshot(filter: Filter): readonly ChannelState[];
  onClosed(session: Session, code: number): void;
}

export class Session implements SocketListener {
  readonly id: string;
  readonly #socket: FeedSocket;
  readonly #host: SessionHost;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #group: Group<Session> | undefined;
  #request: FilterRequest = {};
  #heartbeatMs: number;
  #nextHeartbeatAt: number;
  readonly #budget = new OperationBudget();
  /** Size of a snapshot that may still be on its way, which does not count against a client's slowness. */
  #snapshotBytes = 0;

  constructor(id: string, socket: FeedSocket, host: SessionHost) {
    this.id = id;
    this.#socket = socket;
    this.#host = host;
    this.#heartbeatMs = host.heartbeatMs;
    this.#nextHeartbeatAt = host.now() + host.heartbeatMs;
  }

  /** Greets the client and answers the subscription in its URL. */
  begin(query: string): void {
    const asked = attempt(() => parseQuery(query));
    this.#greet(asked instanceof BadRequest ? undefined : asked);
    const fault = asked instanceof BadRequest ? asked : attempt(() => this.#subscribe(0, asked));
    if (fault instanceof BadRequest) this.#refuse(0, fault);
  }

  onText(text: string, bytes: number): void {
    if (this.#state !== 'open') return;
    if (bytes > maxInboundBytes) {
      const message = `messages may have ${maxInboundBytes} bytes`;
      this.#refuse(undefined, new BadRequest('too_large', message, { close: closeCodes.messageNotAccepted }));
      return;
    }
    const waitMs = this.#budget.take(this.#host.now());
    if (waitMs > 0) {
      this.dismiss(closeCodes.tooManyOperations, waitMs);
      return;
    }
    const message = parseMessage(text);
    if (message === undefined) {
      this.#refuse(undefined, new BadRequest('bad_json', 'a message must be one JSON object'));
      return;
    }
    const id = operationId(message);
    const fault = attempt(() => this.#perform(id, parseOperation(message)));
    if (fault instanceof BadRequest) this.#socket.send(errorFrame(id, fault));
  }

  onBinary(): void {
    if (this.#state !== 'open') return;
    const close = closeCodes.messageNotAccepted;
    this.#refuse(undefined, new BadRequest('binary', 'messages must be text', { close }));
  }

  onClose(code: number): void {
    if (this.#state === 'closed') return;
    this.#leave();
    this.#state = 'closed';
    this.#host.onClosed(this, code);
  }

  /** Sends a heartbeat when one is due. */
  beat(now: number): void {
    if (this.#state !== 'open' || this.#group === undefined || now < this.#nextHeartbeatAt) return;
    this.#nextHeartbeatAt = now + this.#heartbeatMs;
    this.#socket.send(heartbeatFrame(this.#host.head(), this.#group.prev, now));
  }

  bufferedBytes(): number {
    return this.#socket.bufferedBytes();
  }

  /** @returns whether more waits for this client than it may leave unread. */
  isBehind(softLimitBytes: number): boolean {
    if (this.#state !== 'open') return false;
    const buffered = this.#socket.bufferedBytes();
    if (buffered <= softLimitBytes) this.#snapshotBytes = 0;
    return buffered > softLimitBytes + this.#snapshotBytes;
  }

  /** Ends the connection from our side, telling the client where to go on and when. */
  dismiss({ code, reason }: CloseCode, retryMs: number): void {
    if (this.#state !== 'open') return;
    const cursor = this.#cursor();
    this.#leave();
    this.#socket.send(byeFrame({ code, reason, cursor, retryMs }));
    this.#close({ code, reason });
  }

  #greet(query: FeedQuery | undefined): void {
    this.#heartbeatMs = query?.heartbeatMs ?? this.#heartbeatMs;
    this.#nextHeartbeatAt = this.#host.now() + this.#heartbeatMs;
    const head = this.#host.head();
    const limits = { replay: 0, filters: maxFilterEntries, frame: maxInboundBytes };
    const { epoch, serverVersion: server } = this.#host;
    this.#socket.send(
      helloFrame({ server, epoch, session: this.id, head, oldest: head + 1, hb: this.#heartbeatMs, limits }),
    );
  }

  #perform(id: OperationId, operation: Operation): void {
    switch (operation.op) {
      case 'sub':
        this.#subscribe(id, operation);
        break;
      case 'add':
        this.#changeChannels(id, [...this.#namedChannels(), ...operation.channels], true);
        break;
      case 'drop':
        this.#changeChannels(id, this.#without(operation.channels), false);
        break;
      case 'state':
        this.#sendSnapshot(id);
        break;
      case 'ping':
        this.#socket.send(okFrame(id));
        break;
      case 'ack':
        // Accepted, so that clients may already send it. Lag by acks comes with catch-up from the journal.
        break;
    }
  }

  #subscribe(id: OperationId, { filter: request, since, wantsSnapshot }: Subscription): void {
    const filter = resolveFilter(request, this.#host.resolveChannel);
    this.#leave();
    this.#request = request;
    this.#group = this.#host.join(this, filter);
    const recovered = since === undefined || this.#isUpToDate(since, this.#group);
    this.#socket.send(subFrame(id, filter.effective, this.#cursor(), recovered));
    if (wantsSnapshot || !recovered) this.#sendSnapshot();
    this.#socket.subscribe(this.#group.topic);
    this.#socket.send(liveFrame(this.#host.head()));
  }

  /** Nothing is kept for replay, so a cursor is good only while its stream has had no event since. */
  #isUpToDate(since: Cursor, group: Group<Session>): boolean {
    return since.epoch === this.#host.epoch && since.seq <= this.#host.head() && since.seq >= group.prev;
  }

  #changeChannels(id: OperationId, channels: readonly string[], wantsSnapshot: boolean): void {
    this.#subscribe(id, { filter: { ...this.#request, channels }, since: undefined, wantsSnapshot });
  }

  /** The channels of the filter as requests name them, without those that are no longer watched. */
  #namedChannels(): readonly string[] {
    const channels = this.#group?.filter.channels;
    if (channels === undefined) {
      throw new BadRequest('bad_filter', 'the filter has all channels; replace it with op "sub"', { path: 'channels' });
    }
    const named = channels.map((channel) => (isIdKnown(channel) ? `id:${channel.id}` : channel.login));
    return named.filter((name) => this.#host.resolveChannel(name) !== undefined);
  }

  #without(dropped: readonly string[]): readonly string[] {
    const gone = resolveFilter({ channels: dropped }, this.#host.resolveChannel).channels ?? [];
    return this.#namedChannels().filter((name) => {
      const channel = this.#host.resolveChannel(name);
      return channel !== undefined && !gone.some((other) => isSameChannel(channel, other));
    });
  }

  #sendSnapshot(id?: OperationId): void {
    if (this.#group === undefined) return;
    const frame = snapFrame(this.#host.head(), this.#host.snapshot(this.#group.filter), id);
    this.#snapshotBytes += Buffer.byteLength(frame);
    this.#socket.send(frame);
  }

  #refuse(id: OperationId, fault: BadRequest): void {
    this.#leave();
    this.#socket.send(errorFrame(id, fault));
    this.#close(fault.close);
  }

  #close({ code, reason }: CloseCode): void {
    this.#state = 'closing';
    this.#socket.close(code, reason);
  }

  #leave(): void {
    if (this.#group === undefined) return;
    this.#socket.unsubscribe(this.#group.topic);
    this.#host.leave(this, this.#group);
    this.#group = undefined;
  }

  #cursor(): string {
    return formatCursor(this.#host.epoch, this.#host.head());
  }
}

/** @returns the fault of the client's request as a value; any other error is a bug and passes. */
function attempt<T>(work: () => T): T | BadRequest {
  try {
    return work();
  } catch (thrown) {
    if (thrown instanceof BadRequest) return thrown;
    throw thrown;
  }
}
