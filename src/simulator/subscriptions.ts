/**
 * The subscriptions of EventSub: who asked for what over which transport, what it costs, and Twitch's limits on it.
 * A subscription whose session is gone stays listed for a minute (and, for `ghostMs`, counts as if it were alive).
 * @see https://dev.twitch.tv/docs/eventsub/manage-subscriptions/
 */
import { nanoTime } from './eventsub-session.ts';
import type { Token } from './tokens.ts';

/** How notifications travel: to one session, or to whatever shard of a conduit their channel falls to. */
export type Transport =
  | { readonly method: 'websocket'; readonly sessionId: string }
  | { readonly method: 'conduit'; readonly conduitId: string };

/** Whose subscriptions count together: a user's of an application, or (`userId` undefined) the application's own. */
export interface Owner {
  readonly clientId: string;
  readonly userId: string | undefined;
}

export const ownerOf = (token: Token): Owner => ({
  clientId: token.clientId,
  userId: token.kind === 'user' ? token.userId : undefined,
});

export interface Subscription extends Owner {
  readonly id: string;
  readonly type: string;
  readonly version: string;
  readonly condition: Readonly<Record<string, string>>;
  readonly transport: Transport;
  readonly cost: 0 | 1;
  readonly createdAt: number;
  status: string;
  /** When its session ended. */
  endedAt: number | undefined;
}

export interface SubscriptionLimits {
  /** Twitch: 10 for a user's token. */
  readonly maxTotalCost: number;
  /** Twitch: 10,000 for an application's. */
  readonly maxAppCost: number;
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

  maxCostOf({ userId }: Owner): number {
    return userId === undefined ? this.#limits.maxAppCost : this.#limits.maxTotalCost;
  }

  /** Everything that this token may see, dead ones included, oldest first. */
  listed({ clientId, userId }: Owner): readonly Subscription[] {
    this.#age();
    return [...this.#byId.values()].filter((sub) => sub.clientId === clientId && sub.userId === userId);
  }

  /** @returns why Twitch would refuse it, with the status, or `undefined`. */
  refusalOf(
    wanted: Omit<Subscription, 'id' | 'createdAt' | 'status' | 'endedAt'>,
  ): readonly [status: number, message: string] | undefined {
    const enabled = this.listed(wanted).filter((sub) => sub.status === 'enabled');
    const same = enabled.filter((sub) => sub.type === wanted.type && sameCondition(sub.condition, wanted.condition));
    if (same.some((sub) => addressOf(sub.transport) === addressOf(wanted.transport)))
      return [409, 'subscription already exists'];
    if (same.length >= this.#limits.maxSame) {
      return [429, 'number of subscriptions with the same type and condition exceeded'];
    }
    const sessions = new Set([...enabled, wanted].map((sub) => addressOf(sub.transport)));
    if (wanted.transport.method === 'websocket' && sessions.size > this.#limits.maxSessions)
      return [429, 'number of websocket transports limit exceeded'];
    if (costOf(enabled) + wanted.cost > this.maxCostOf(wanted)) return [429, 'subscription total cost limit exceeded'];
    return undefined;
  }

  add(subscription: Subscription): void {
    this.#byId.set(subscription.id, subscription);
  }

  /** @returns whether this owner had such a subscription. */
  delete(id: string, { clientId, userId }: Owner): boolean {
    const found = this.#byId.get(id);
    if (found?.clientId !== clientId || found.userId !== userId) return false;
    return this.#byId.delete(id);
  }

  /** Living subscriptions of a type whose condition has all these fields, and maybe more. */
  matching(type: string, condition: Subscription['condition']): readonly Subscription[] {
    const fields = Object.entries(condition);
    return this.enabled(type).filter(
      (sub) => sub.endedAt === undefined && fields.every(([field, value]) => sub.condition[field] === value),
    );
  }

  /** The subscriptions of a conduit go with it. */
  endConduit(conduitId: string): void {
    for (const { id, transport } of this.#byId.values()) {
      if (addressOf(transport) === conduitId) this.#byId.delete(id);
    }
  }

  /** @param type all types when left out. */
  enabled(type?: string): readonly Subscription[] {
    return [...this.#byId.values()].filter(
      (sub) => sub.status === 'enabled' && (type === undefined || sub.type === type),
    );
  }

  endSession(sessionId: string): void {
    for (const sub of this.#byId.values()) {
      if (addressOf(sub.transport) === sessionId && sub.status === 'enabled') sub.endedAt = this.#now();
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

const addressOf = (transport: Transport): string =>
  transport.method === 'websocket' ? transport.sessionId : transport.conduitId;

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
    transport: shapeTransport(sub.transport),
    cost: sub.cost,
  };
}

const shapeTransport = (transport: Transport) =>
  transport.method === 'websocket'
    ? { method: transport.method, session_id: transport.sessionId }
    : { method: transport.method, conduit_id: transport.conduitId };
