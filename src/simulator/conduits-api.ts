/** `/eventsub/conduits` and `/eventsub/conduits/shards`: an application makes, resizes and deletes conduits and seats its sessions in them. */
import { z } from 'zod';
import type { Conduit, Conduits, Shard } from './conduits.ts';
import type { Sessions } from './eventsub-api.ts';
import { nanoTime } from './eventsub-session.ts';
import { admit } from './helix-auth.ts';
import { type Answer, type Request, readObject, refuse } from './http.ts';
import { BadParameter, pageOf, readPage } from './paging.ts';
import type { RateLimit } from './rate-limit.ts';
import type { Subscriptions } from './subscriptions.ts';
import type { Tokens } from './tokens.ts';

export interface ConduitsApiOptions {
  readonly tokens: Tokens;
  readonly rateLimit: RateLimit;
  readonly conduits: Conduits;
  readonly subscriptions: Subscriptions;
  readonly sessions: Sessions;
}

/** Twitch: per application. */
const maxConduits = 5;
const shardCount = z.int().min(1).max(20_000);
const creation = z.object({ shard_count: shardCount });
const resizing = z.object({ id: z.string(), shard_count: shardCount });
const seating = z.object({
  conduit_id: z.string(),
  shards: z.array(
    z.object({ id: z.string(), transport: z.object({ method: z.string(), session_id: z.string().optional() }) }),
  ),
});
type Seat = z.infer<typeof seating>['shards'][number];

export class ConduitsApi {
  readonly #options: ConduitsApiOptions;

  constructor(options: ConduitsApiOptions) {
    this.#options = options;
  }

  /** @param isAboutShards whether the path ends in `/shards`. */
  answer(request: Request, isAboutShards: boolean): Answer {
    const admission = admit(request, this.#options.tokens, this.#options.rateLimit);
    if ('refusal' in admission) return admission.refusal;
    const { token, headers } = admission;
    if (token.kind !== 'app') return refuse(401, 'an app access token is required', headers);
    try {
      const answer = isAboutShards ? this.#shards(request, token.clientId) : this.#conduits(request, token.clientId);
      return { ...answer, headers };
    } catch (thrown) {
      if (thrown instanceof BadParameter) return refuse(400, thrown.message, headers);
      throw thrown;
    }
  }

  #conduits({ method, query, body }: Request, clientId: string): Answer {
    const { conduits, subscriptions } = this.#options;
    switch (method) {
      case 'GET':
        return { status: 200, body: { data: conduits.of(clientId).map(shapeConduit) } };
      case 'POST': {
        const wanted = read(creation, body);
        if (conduits.of(clientId).length >= maxConduits) return refuse(429, 'conduit limit exceeded');
        return { status: 200, body: { data: [shapeConduit(conduits.create(clientId, wanted.shard_count))] } };
      }
      case 'PATCH': {
        const wanted = read(resizing, body);
        const conduit = conduits.find(clientId, wanted.id);
        if (!conduit) return refuse(404, 'conduit not found');
        conduits.resize(conduit, wanted.shard_count);
        return { status: 200, body: { data: [shapeConduit(conduit)] } };
      }
      case 'DELETE': {
        const conduit = conduits.find(clientId, query.get('id'));
        if (!conduit) return refuse(404, 'conduit not found');
        conduits.delete(conduit);
        subscriptions.endConduit(conduit.id);
        return { status: 204 };
      }
      default:
        return refuse(405, 'Method Not Allowed');
    }
  }

  #shards({ method, query, body }: Request, clientId: string): Answer {
    if (method === 'PATCH') return this.#seat(read(seating, body), clientId);
    if (method !== 'GET') return refuse(405, 'Method Not Allowed');
    const conduit = this.#options.conduits.find(clientId, query.get('conduit_id'));
    if (!conduit) return refuse(404, 'conduit not found');
    const status = query.get('status');
    const found = [...conduit.shards.values()].filter((shard) => status === null || shard.status === status);
    const { rows, cursor } = pageOf(found, { ...readPage(query), first: 100 });
    return { status: 200, body: { data: rows.map(shapeShard), pagination: cursor ? { cursor } : {} } };
  }

  /** 202 whatever became of the single shards: those that failed stand in `errors`. */
  #seat({ conduit_id, shards }: z.infer<typeof seating>, clientId: string): Answer {
    const { conduits, sessions } = this.#options;
    const conduit = conduits.find(clientId, conduit_id);
    if (!conduit) return refuse(404, 'conduit not found');
    const data: object[] = [];
    const errors: object[] = [];
    for (const { id, transport } of shards) {
      const session = sessions.open(transport.session_id ?? '');
      const message = faultOf({ id, transport }, conduit, session && (session.owner ?? clientId) === clientId);
      if (message !== undefined || session === undefined) {
        errors.push({ id, message, code: 'invalid_parameter' });
        continue;
      }
      session.use(clientId);
      conduits.attach(conduit, id, session);
      const shard = conduit.shards.get(id);
      if (shard) data.push(shapeShard(shard));
    }
    return { status: 202, body: { data, errors } };
  }
}

function faultOf({ id, transport }: Seat, { shardCount: count }: Conduit, isSessionGood = false): string | undefined {
  if (!/^(0|[1-9][0-9]{0,4})$/.test(id) || Number(id) >= count) return "The shard id is outside the conduit's range";
  if (transport.method !== 'websocket') return 'The value specified in the method field is not valid.';
  return isSessionGood ? undefined : 'websocket transport session does not exist or has already disconnected';
}

function read<T>(schema: z.ZodType<T>, body: string): T {
  const { success, data, error } = schema.safeParse(readObject(body));
  if (success) return data;
  throw new BadParameter(z.prettifyError(error));
}

const shapeConduit = ({ id, shardCount: count }: Conduit) => ({ id, shard_count: count });

const shapeShard = (shard: Shard) => ({ id: shard.id, status: shard.status, transport: shapeShardTransport(shard) });

/** As the API and `conduit.shard.disabled` show it. */
export const shapeShardTransport = ({ sessionId, connectedAt, disconnectedAt }: Shard) => ({
  method: 'websocket',
  session_id: sessionId,
  connected_at: nanoTime(connectedAt),
  disconnected_at: disconnectedAt === undefined ? null : nanoTime(disconnectedAt),
});
