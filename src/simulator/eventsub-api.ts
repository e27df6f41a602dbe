/** `/eventsub/subscriptions`: create, list and delete subscriptions: users' on websocket sessions, applications' on conduits. */
import type { Conduits } from './conduits.ts';
import { readCondition, type SubscriptionType, subscriptionTypes } from './eventsub-types.ts';
import { admit } from './helix-auth.ts';
import { type Answer, isObject, type Request, readObject, refuse } from './http.ts';
import { BadParameter, pageOf, readPage } from './paging.ts';
import type { Random } from './random.ts';
import type { RateLimit } from './rate-limit.ts';
import {
  costOf,
  ownerOf,
  type Subscription,
  type Subscriptions,
  shapeSubscription,
  type Transport,
} from './subscriptions.ts';
import type { Token, Tokens } from './tokens.ts';

/** What the API needs to know of a session. */
export interface Seatable {
  readonly id: string;
  readonly connectedAt: number;
  /** `client/user` of its subscriptions, or the application whose shard it is; `undefined` = nobody's yet. */
  readonly owner: string | undefined;
  use(owner: string): void;
}

export interface Sessions {
  open(sessionId: string): Seatable | undefined;
}

export interface EventSubApiOptions {
  readonly tokens: Tokens;
  readonly rateLimit: RateLimit;
  readonly random: Random;
  readonly now: () => number;
  readonly subscriptions: Subscriptions;
  readonly sessions: Sessions;
  readonly conduits: Conduits;
}

interface Wanted {
  readonly name: string;
  readonly type: SubscriptionType;
  readonly version: string;
  readonly condition: Readonly<Record<string, string>>;
  readonly transport: Transport;
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
        const isDeleted = this.#options.subscriptions.delete(id, ownerOf(token));
        return isDeleted ? { status: 204 } : refuse(404, 'not found');
      }
      default:
        return refuse(405, 'Method Not Allowed');
    }
  }

  #list(query: URLSearchParams, token: Token): Answer {
    const filters = ['status', 'type', 'user_id', 'subscription_id'].filter((name) => query.has(name));
    if (filters.length > 1) throw new BadParameter('Only one filter may be given.');
    const all = this.#options.subscriptions.listed(ownerOf(token));
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
      body: { total: found.length, data, ...this.#costs(all, token), pagination: cursor ? { cursor } : {} },
    };
  }

  #create(body: string, token: Token): Answer {
    const wish = readWanted(body);
    const { name: type, version, condition, transport } = wish;
    const { subscriptions, random, now } = this.#options;
    const session = this.#seat(transport, token);
    if (!this.#isAuthorised(wish, token)) return refuse(403, 'subscription missing proper authorization');
    const cost = this.#costOf(wish, token);
    const wanted = { type, version, condition, transport, ...ownerOf(token), cost } as const;
    const refusal = subscriptions.refusalOf(wanted);
    if (refusal) return refuse(...refusal);
    const id = random.uuid();
    const subscription: Subscription = { ...wanted, id, createdAt: now(), status: 'enabled', endedAt: undefined };
    subscriptions.add(subscription);
    session?.use(sessionOwner(token));
    const all = subscriptions.listed(wanted);
    const data = [shapeSubscription(subscription)];
    return { status: 202, body: { data, total: all.length, ...this.#costs(all, token) } };
  }

  /** @returns the session that will be in use; none for a conduit. @throws BadParameter when this token may not use the transport. */
  #seat(transport: Transport, token: Token): Seatable | undefined {
    const { sessions, conduits } = this.#options;
    const kind = transport.method === 'conduit' ? 'app' : 'user';
    if (token.kind !== kind) throw new BadParameter('invalid transport and auth combination');
    if (transport.method === 'conduit') {
      if (conduits.find(token.clientId, transport.conduitId)) return undefined;
      throw new BadParameter('conduit does not exist');
    }
    const session = sessions.open(transport.sessionId);
    if (!session) throw new BadParameter('websocket transport session does not exist or has already disconnected');
    if (session.owner === undefined || session.owner === sessionOwner(token)) return session;
    throw new BadParameter('websocket transport cannot have subscriptions of different users');
  }

  /** A user's token must have the scope itself; for an application, the user who sees the events must once have granted it. */
  #isAuthorised({ type, condition }: Wanted, token: Token): boolean {
    const { client_id: application, broadcaster_user_id: broadcaster = '', user_id: reader } = condition;
    if (application !== undefined && application !== token.clientId) return false;
    if (type.scopes.length === 0) return true;
    if (token.kind === 'user') return type.scopes.some((scope) => token.scopes.includes(scope));
    const has = (userId: string, scope: string) => this.#options.tokens.hasScope(token.clientId, userId, scope);
    const witness = reader ?? condition.moderator_user_id ?? broadcaster;
    const isWelcome = reader === undefined || (has(reader, 'user:bot') && has(broadcaster, 'channel:bot'));
    return isWelcome && type.scopes.some((scope) => has(witness, scope));
  }

  /** Free when the type needs consent, or when everybody in the condition has authorised the application. */
  #costOf({ type, condition }: Wanted, { clientId }: Token): 0 | 1 {
    if (type.scopes.length > 0 || condition.client_id !== undefined) return 0;
    return Object.values(condition).every((id) => this.#options.tokens.hasConsent(clientId, id)) ? 0 : 1;
  }

  #costs(all: readonly Subscription[], token: Token) {
    return { total_cost: costOf(all), max_total_cost: this.#options.subscriptions.maxCostOf(ownerOf(token)) };
  }
}

const sessionOwner = (token: Token): string =>
  token.kind === 'user' ? `${token.clientId}/${token.userId}` : token.clientId;

function readWanted(body: string): Wanted {
  const fields = readObject(body);
  if (!fields) throw new BadParameter('the request body is not valid JSON');
  const { type: name, version } = fields;
  const type = typeof name === 'string' ? subscriptionTypes.get(name) : undefined;
  if (typeof name !== 'string' || typeof version !== 'string' || !type?.versions.includes(version)) {
    throw new BadParameter('invalid subscription type and version');
  }
  const transport = readTransport(fields.transport);
  const condition = isObject(fields.condition) ? readCondition(type, fields.condition) : undefined;
  if (!condition) throw new BadParameter('missing or invalid condition');
  return { name, type, version, condition, transport };
}

function readTransport(transport: unknown): Transport {
  const { method, session_id: sessionId, conduit_id: conduitId } = isObject(transport) ? transport : {};
  if (method === 'websocket') {
    if (typeof sessionId === 'string') return { method, sessionId };
    throw new BadParameter('missing or invalid session_id in transport');
  }
  if (method !== 'conduit') throw new BadParameter('The value specified in the method field is not valid.');
  if (typeof conduitId === 'string') return { method, conduitId };
  throw new BadParameter('missing or invalid conduit_id in transport');
}
