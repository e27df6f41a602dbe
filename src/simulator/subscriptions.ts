/**
 * The subscriptions of EventSub: who asked for what over which transport, what it costs, and Twitch's limits on it.
 * A subscription whose session is gone stays listed for a minute (and, for `ghostMs`, counts as if it were alive).
 * @see https://dev.twitch.tv/docs/eventsub/manage-subscriptions/
 */
import { nanoTime } from './eventsub-session.ts';
import type { UserToken } from './tokens.ts';

/** How notifications travel. Conduits would be a second member of this union. */
export interface WebSocketTransport {
  readonly method: 'websocket';
  readonly sessionId: string;
}

export interface Subscription {
  readonly id: string;
  readonly type: string;
  readonly version: string;
  readonly condition: Readonly<Record<string, string>>;
  readonly transport: WebSocketTransport;
  readonly clientId: string;
  readonly userId: string;
  readonly cost: 0 | 1;
  readonly createdAt: number;
  status: string;
  /** When its session ended. */
  endedAt: number | undefined;
}

export interface SubscriptionLimits {
  /** Twitch: 10 for a user's token. */
  readonly maxTotalCost: number;
  /** Twitch: 3 with enabled subscriptions, per application and user. */
  readonly maxSessions: number;
  /** Twitch: 3 of the same type and condition. */
  readonly maxSame: number;
  /** How long subscriptions of a dead session still count. */
  readonly ghostMs: number;
}

const listedAfterEndMs = 60_000;

export class Subscriptions {
  readonly #limits: SubscriptionLimits;
  readonly #now: () => number;
  readonly #byId = new Map<string, Subscription>();

  constructor(limits: SubscriptionLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  get maxTotalCost(): number {
    return this.#limits.maxTotalCost;
  }

  /** Everything that this token may see, dead ones included, oldest first. */
  listed({ clientId, userId }: Pick<UserToken, 'clientId' | 'userId'>): readonly Subscription[] {
    this.#age();
    return [...this.#byId.values()].filter((sub) => sub.clientId === clientId && sub.userId === userId);
  }

  /** @returns why Twitch would refuse it, with the status, or `undefined`. */
  refusalOf(
    wanted: Omit<Subscription, 'id' | 'createdAt' | 'status' | 'endedAt'>,
  ): readonly [status: number, message: string] | undefined {
    const enabled = this.listed(wanted).filter((sub) => sub.status === 'enabled');
    const same = enabled.filter((sub) => sub.type === wanted.type && sameCondition(sub.condition, wanted.condition));
    if (same.some((sub) => sub.transport.sessionId === wanted.transport.sessionId))
      return [409, 'subscription already exists'];
    if (same.length >= this.#limits.maxSame) {
      return [429, 'number of subscriptions with the same type and condition exceeded'];
    }
    const sessions = new Set(enabled.map((sub) => sub.transport.sessionId)).add(wanted.transport.sessionId);
    if (sessions.size > this.#limits.maxSessions) return [429, 'number of websocket transports limit exceeded'];
    if (costOf(enabled) + wanted.cost > this.#limits.maxTotalCost)
      return [429, 'subscription total cost limit exceeded'];
    return undefined;
  }

  add(subscription: Subscription): void {
    this.#byId.set(subscription.id, subscription);
  }

  /** @returns whether this token had such a subscription. */
  delete(id: string, token: UserToken): boolean {
    const found = this.#byId.get(id);
    if (found?.clientId !== token.clientId || found.userId !== token.userId) return false;
    return this.#byId.delete(id);
  }

  /** Enabled subscriptions of a type whose condition names the user in the given field. */
  matching(type: string, field: string, userId: string): readonly Subscription[] {
    return [...this.#byId.values()].filter(
      (sub) =>
        sub.type === type && sub.status === 'enabled' && sub.endedAt === undefined && sub.condition[field] === userId,
    );
  }

  /** @param type all types when left out. */
  enabled(type?: string): readonly Subscription[] {
    return [...this.#byId.values()].filter(
      (sub) => sub.status === 'enabled' && (type === undefined || sub.type === type),
    );
  }

  endSession(sessionId: string): void {
    for (const sub of this.#byId.values()) {
      if (sub.transport.sessionId === sessionId && sub.status === 'enabled') sub.endedAt = this.#now();
    }
    this.#age();
  }

  #age(): void {
    const now = this.#now();
    for (const sub of this.#byId.values()) {
      if (sub.endedAt === undefined) continue;
      if (sub.status === 'enabled' && now - sub.endedAt >= this.#limits.ghostMs) sub.status = 'websocket_disconnected';
      if (now - sub.endedAt > listedAfterEndMs + this.#limits.ghostMs) this.#byId.delete(sub.id);
    }
  }
}

export const costOf = (subscriptions: readonly Subscription[]): number =>
  subscriptions.reduce((total, sub) => total + (sub.status === 'enabled' ? sub.cost : 0), 0);

const sameCondition = (a: Subscription['condition'], b: Subscription['condition']): boolean =>
  [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => a[key] === b[key]);

/** As the API and the notifications show it. */
export function shapeSubscription(sub: Subscription) {
  return {
    id: sub.id,
    status: sub.status,
    type: sub.type,
    version: sub.version,
    condition: sub.condition,
    created_at: nanoTime(sub.createdAt),
    transport: { method: sub.transport.method, session_id: sub.transport.sessionId },
    cost: sub.cost,
  };
}
