/** The EventSub websocket server, at `/ws`: sessions come and go, and what changes in the world is told to those who subscribed. */
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Conduit, Conduits, Shard } from './conduits.ts';
import { shapeShardTransport } from './conduits-api.ts';
import type { Sessions } from './eventsub-api.ts';
import { EventSubSession } from './eventsub-session.ts';
import type { Faults } from './faults.ts';
import type { Random } from './random.ts';
import type { SimChannel } from './settlement.ts';
import { type Subscription, type Subscriptions, shapeSubscription } from './subscriptions.ts';
import type { Ledger } from './truth.ts';
import type { World, WorldChange, WorldRaid } from './world.ts';

export interface EventSubOptions {
  readonly world: World;
  readonly subscriptions: Subscriptions;
  readonly conduits: Conduits;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly random: Random;
  readonly now: () => number;
  readonly secondMs: number;
}

/** Fields of a user under three names: `broadcaster_user_id`, `…_login`, `…_name`. */
const user = (prefix: string, channel: SimChannel) => ({
  [`${prefix}_user_id`]: channel.id,
  [`${prefix}_user_login`]: channel.login,
  [`${prefix}_user_name`]: channel.displayName,
});

export class EventSub implements Sessions {
  readonly #options: EventSubOptions;
  readonly #sessions = new Map<string, EventSubSession>();
  /** Keys of reconnect URLs that have been given out and not used. */
  readonly #moves = new Map<string, EventSubSession>();
  /** Sockets that have not become part of a session. */
  readonly #strays = new Set<WebSocket>();

  constructor(options: EventSubOptions) {
    this.#options = options;
    options.world.listen({
      changed: (channel, changes) => this.#tellChanges(channel, changes),
      raided: (raid, from, to) => this.#tellRaid(raid, from, to),
    });
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  accept(ws: WebSocket, request: IncomingMessage): void {
    const query = new URL(request.url ?? '/', 'http://simulator').searchParams;
    const move = query.get('reconnect');
    if (move !== null) this.#acceptMove(ws, move);
    else if (this.#options.faults.take('eventsub.no_welcome')) this.#leaveAlone(ws);
    else this.#begin(ws, Number(query.get('keepalive_timeout_seconds') ?? 10));
  }

  open(sessionId: string): EventSubSession | undefined {
    const session = this.#sessions.get(sessionId);
    return session?.isOpen ? session : undefined;
  }

  /** Sends an event of any type to those who subscribed with all fields of the condition. @returns to how many. */
  emit(type: string, condition: Subscription['condition'], event: object): number {
    const subscribed = this.#options.subscriptions.matching(type, condition);
    for (const subscription of subscribed) this.#notify(subscription, event);
    return subscribed.length;
  }

  /** Sends every session to a new address. @param base `ws://host:port` as the clients reach it. */
  reconnect(base: string): void {
    for (const session of this.#sessions.values()) {
      const key = this.#options.random.hex(32);
      this.#moves.set(key, session);
      session.askToMove(`${base}/ws?reconnect=${key}`);
    }
  }

  closeAll(code: number): void {
    for (const session of this.#sessions.values()) session.close(code);
  }

  muteAll(): void {
    for (const session of this.#sessions.values()) session.mute();
  }

  dropAll(): void {
    for (const session of this.#sessions.values()) session.destroy();
  }

  /** @param type only subscriptions of this type; all when left out. */
  revoke(status: string, type?: string): void {
    for (const subscription of this.#options.subscriptions.enabled(type)) {
      subscription.status = status;
      this.#receiverOf(subscription)?.revoke(subscription, { subscription: shapeSubscription(subscription) });
    }
  }

  stop(): void {
    this.dropAll();
    for (const ws of this.#strays) ws.terminate();
  }

  #begin(ws: WebSocket, keepaliveSeconds: number): void {
    const { random, now, secondMs } = this.#options;
    const session = new EventSubSession(ws, {
      id: `${random.hex(8)}_${random.hex(16)}`,
      keepaliveSeconds: Number.isFinite(keepaliveSeconds) ? Math.min(600, Math.max(10, keepaliveSeconds)) : 10,
      random,
      now,
      secondMs,
      onEnd: (ended, code) => this.#end(ended, code),
    });
    this.#sessions.set(session.id, session);
    session.welcome();
  }

  #acceptMove(ws: WebSocket, key: string): void {
    const session = this.#moves.get(key);
    this.#moves.delete(key);
    if (session?.isOpen) {
      this.#options.ledger.moves++;
      session.takeOver(ws);
      return;
    }
    this.#leaveAlone(ws);
    this.#options.ledger.closed.add('4007');
    ws.close(4007, 'invalid reconnect');
  }

  #leaveAlone(ws: WebSocket): void {
    this.#strays.add(ws);
    ws.on('error', () => ws.terminate());
    ws.on('close', () => this.#strays.delete(ws));
  }

  #end(session: EventSubSession, code: number): void {
    this.#sessions.delete(session.id);
    for (const [key, moving] of this.#moves) if (moving === session) this.#moves.delete(key);
    this.#options.subscriptions.endSession(session.id);
    this.#options.ledger.closed.add(String(code));
    for (const lost of this.#options.conduits.detach(session.id, code)) this.#tellDisabled(lost);
  }

  #tellDisabled({ conduit, shard }: { readonly conduit: Conduit; readonly shard: Shard }): void {
    const event = {
      conduit_id: conduit.id,
      shard_id: shard.id,
      status: shard.status,
      transport: shapeShardTransport(shard),
    };
    for (const sub of this.#options.subscriptions.matching('conduit.shard.disabled', { client_id: conduit.clientId })) {
      if ((sub.condition.conduit_id ?? conduit.id) === conduit.id) this.#notify(sub, event);
    }
  }

  #tellChanges(channel: SimChannel, changes: readonly WorldChange[]): void {
    const kinds = changes.map(({ kind }) => kind);
    const broadcaster = user('broadcaster', channel);
    if (kinds.includes('stream_online') && channel.broadcast) {
      const startedAt = `${new Date(channel.broadcast.startedAt).toISOString().slice(0, 19)}Z`;
      this.#tell('stream.online', channel, {
        id: channel.broadcast.id,
        ...broadcaster,
        type: 'live',
        started_at: startedAt,
      });
    }
    if (kinds.includes('stream_offline')) this.#tell('stream.offline', channel, broadcaster);
    // Tags are no part of this event, so tags alone do not make one.
    if (kinds.some((kind) => kind === 'title_changed' || kind === 'category_changed' || kind === 'language_changed')) {
      this.#tell('channel.update', channel, {
        ...broadcaster,
        title: channel.title,
        language: channel.language,
        category_id: channel.category.id,
        category_name: channel.category.name,
        content_classification_labels: [],
      });
    }
  }

  #tell(type: string, channel: SimChannel, event: object): void {
    this.emit(type, { broadcaster_user_id: channel.id }, event);
  }

  #tellRaid(raid: WorldRaid, from: SimChannel, to: SimChannel): void {
    const event = { ...user('from_broadcaster', from), ...user('to_broadcaster', to), viewers: raid.viewers };
    this.emit('channel.raid', { from_broadcaster_user_id: from.id }, event);
    this.emit('channel.raid', { to_broadcaster_user_id: to.id }, event);
  }

  /** A conduit's events go to a shard by what they are about: the first field of the condition. */
  #receiverOf({ transport, condition }: Subscription): EventSubSession | undefined {
    const [key = ''] = Object.values(condition);
    const sessionId =
      transport.method === 'websocket'
        ? transport.sessionId
        : this.#options.conduits.route(transport.conduitId, condition.broadcaster_user_id ?? key);
    return sessionId === undefined ? undefined : this.#sessions.get(sessionId);
  }

  #notify(subscription: Subscription, event: object): void {
    const { faults, ledger } = this.#options;
    const session = this.#receiverOf(subscription);
    if (!session?.isReachable || faults.take('eventsub.lose_notification')) {
      ledger.unnotified.add(subscription.type);
      return;
    }
    const text = session.notify(subscription, { subscription: shapeSubscription(subscription), event });
    ledger.notified.add(subscription.type);
    if (!faults.take('eventsub.repeat_notification')) return;
    session.repeat(text);
    ledger.repeated.add(subscription.type);
  }
}
