/** `/eventsub/subscriptions`: create, list and delete subscriptions of websocket sessions. */
import { type SubscriptionType, subscriptionTypes } from './eventsub-types.ts';
import { admit } from './helix-auth.ts';
import { type Answer, isObject, type Request, readObject, refuse } from './http.ts';
import { BadParameter, pageOf, readPage } from './paging.ts';
import type { Random } from './random.ts';
import type { RateLimit } from './rate-limit.ts';
import { costOf, type Subscription, type Subscriptions, shapeSubscription } from './subscriptions.ts';
import type { Token, Tokens, UserToken } from './tokens.ts';

/** What the API needs to know of the sessions. */
export interface Sessions {
  /** @returns whose session it is (`undefined` = nobody's yet), or `false` when there is no such open session. */
  ownerOf(sessionId: string): string | undefined | false;
  use(sessionId: string, owner: string): void;
}

export interface EventSubApiOptions {
  readonly tokens: Tokens;
  readonly rateLimit: RateLimit;
  readonly random: Random;
  readonly now: () => number;
  readonly subscriptions: Subscriptions;
  readonly sessions: Sessions;
}

interface Wanted {
  readonly name: string;
  readonly type: SubscriptionType;
  readonly condition: Readonly<Record<string, string>>;
  readonly sessionId: string;
}

export class EventSubApi {
  readonly #options: EventSubApiOptions;

  constructor(options: EventSubApiOptions) {
    this.#options = options;
  }

  answer(request: Request): Answer {
    const admission = admit(request, this.#options.tokens, this.#options.rateLimit);
    if ('refusal' in admission) return admission.refusal;
    try {
      return { ...this.#route(request, admission.token), headers: admission.headers };
    } catch (thrown) {
      if (thrown instanceof BadParameter) return refuse(400, thrown.message, admission.headers);
      throw thrown;
    }
  }

  #route(request: Request, token: Token): Answer {
    switch (request.method) {
      case 'GET':
        return this.#list(request.query, token);
      case 'POST':
        return this.#create(request.body, token);
      case 'DELETE': {
        const id = request.query.get('id');
        if (!id) throw new BadParameter('Missing required parameter "id"');
        const isDeleted = token.kind === 'user' && this.#options.subscriptions.delete(id, token);
        return isDeleted ? { status: 204 } : refuse(404, 'not found');
      }
      default:
        return refuse(405, 'Method Not Allowed');
    }
  }

  #list(query: URLSearchParams, token: Token): Answer {
    const filters = ['status', 'type', 'user_id', 'subscription_id'].filter((name) => query.has(name));
    if (filters.length > 1) throw new BadParameter('Only one filter may be given.');
    // An application's own subscriptions are those of webhooks and conduits, which do not exist here yet.
    const all = token.kind === 'user' ? this.#options.subscriptions.listed(token) : [];
    const wanted = (name: string) => query.get(name);
    const found = all
      .filter((sub) => !query.has('status') || sub.status === wanted('status'))
      .filter((sub) => !query.has('type') || sub.type === wanted('type'))
      .filter((sub) => !query.has('subscription_id') || sub.id === wanted('subscription_id'))
      .filter((sub) => !query.has('user_id') || Object.values(sub.condition).some((id) => id === wanted('user_id')));
    const { rows, cursor } = pageOf(found, query.has('first') ? readPage(query) : { ...readPage(query), first: 100 });
    const data = rows.map(shapeSubscription);
    return {
      status: 200,
      body: { total: found.length, data, ...this.#costs(all), pagination: cursor ? { cursor } : {} },
    };
  }

  #create(body: string, token: Token): Answer {
    const { name, type, condition, sessionId } = readWanted(body);
    if (token.kind !== 'user') throw new BadParameter('invalid transport and auth combination');
    const { sessions, subscriptions, random, now } = this.#options;
    const owner = `${token.clientId}/${token.userId}`;
    const present = sessions.ownerOf(sessionId);
    if (present === false)
      throw new BadParameter('websocket transport session does not exist or has already disconnected');
    if (present !== undefined && present !== owner)
      throw new BadParameter('websocket transport cannot have subscriptions of different users');
    if (type.scopes.length > 0 && !type.scopes.some((scope) => token.scopes.includes(scope))) {
      return refuse(403, 'subscription missing proper authorization');
    }
    const wanted = {
      type: name,
      version: type.version,
      condition,
      transport: { method: 'websocket', sessionId },
      clientId: token.clientId,
      userId: token.userId,
      cost: this.#costOf(type, condition, token),
    } as const;
    const refusal = subscriptions.refusalOf(wanted);
    if (refusal) return refuse(...refusal);
    const subscription: Subscription = {
      ...wanted,
      id: random.uuid(),
      createdAt: now(),
      status: 'enabled',
      endedAt: undefined,
    };
    subscriptions.add(subscription);
    sessions.use(sessionId, owner);
    const all = subscriptions.listed(token);
    return { status: 202, body: { data: [shapeSubscription(subscription)], total: all.length, ...this.#costs(all) } };
  }

  /** Free when the type needs consent, or when everybody in the condition has authorised the application. */
  #costOf(type: SubscriptionType, condition: Wanted['condition'], token: UserToken): 0 | 1 {
    if (type.scopes.length > 0) return 0;
    return Object.values(condition).every((id) => this.#options.tokens.hasConsent(token.clientId, id)) ? 0 : 1;
  }

  #costs(all: readonly Subscription[]) {
    return { total_cost: costOf(all), max_total_cost: this.#options.subscriptions.maxTotalCost };
  }
}

function readWanted(body: string): Wanted {
  const fields = readObject(body);
  if (!fields) throw new BadParameter('the request body is not valid JSON');
  const { type: name, version, condition, transport } = fields;
  const type = typeof name === 'string' && Object.hasOwn(subscriptionTypes, name) ? subscriptionTypes[name] : undefined;
  if (typeof name !== 'string' || !type || version !== type.version) {
    throw new BadParameter('invalid subscription type and version');
  }
  if (!isObject(transport) || transport.method !== 'websocket') {
    throw new BadParameter('The value specified in the method field is not valid.');
  }
  if (typeof transport.session_id !== 'string') throw new BadParameter('missing or invalid session_id in transport');
  const strings = isObject(condition)
    ? Object.entries(condition).flatMap(([key, value]) =>
        typeof value === 'string' && value !== '' ? [[key, value] as const] : [],
      )
    : [];
  if (!strings.some(([key]) => type.condition.includes(key))) throw new BadParameter('missing or invalid condition');
  return { name, type, condition: Object.fromEntries(strings), sessionId: transport.session_id };
}
