/**
 * Conduits: an application's subscriptions served by several websocket sessions, its shards. A channel belongs to one shard by hash;
 * what a shard without a session misses is tried on one other shard and then lost.
 * @see https://dev.twitch.tv/docs/eventsub/handling-conduit-events/
 */
import type { Random } from './random.ts';

export interface Shard {
  readonly id: string;
  readonly sessionId: string;
  readonly connectedAt: number;
  /** `enabled`, or why it is not. */
  status: string;
  disconnectedAt: number | undefined;
}

export interface Conduit {
  readonly id: string;
  readonly clientId: string;
  shardCount: number;
  /** Those that ever had a session; the others exist only as numbers below the count. */
  readonly shards: Map<string, Shard>;
}

export interface ConduitsOptions {
  readonly random: Random;
  readonly now: () => number;
}

const statusByCloseCode: Readonly<Record<number, string>> = {
  4000: 'websocket_internal_error',
  4001: 'websocket_received_inbound_traffic',
  4002: 'websocket_failed_ping_pong',
  4003: 'websocket_connection_unused',
  4004: 'websocket_failed_to_reconnect',
  4005: 'websocket_network_timeout',
  4006: 'websocket_network_error',
  4007: 'websocket_failed_to_reconnect',
};

export class Conduits {
  readonly #options: ConduitsOptions;
  readonly #byId = new Map<string, Conduit>();

  constructor(options: ConduitsOptions) {
    this.#options = options;
  }

  of(clientId: string): readonly Conduit[] {
    return [...this.#byId.values()].filter((conduit) => conduit.clientId === clientId);
  }

  find(clientId: string, id: unknown): Conduit | undefined {
    return this.of(clientId).find((conduit) => conduit.id === id);
  }

  create(clientId: string, shardCount: number): Conduit {
    const conduit: Conduit = { id: this.#options.random.uuid(), clientId, shardCount, shards: new Map() };
    this.#byId.set(conduit.id, conduit);
    return conduit;
  }

  /** Fewer shards take away those with the highest numbers. */
  resize(conduit: Conduit, shardCount: number): void {
    conduit.shardCount = shardCount;
    for (const id of conduit.shards.keys()) if (Number(id) >= shardCount) conduit.shards.delete(id);
  }

  delete(conduit: Conduit): void {
    this.#byId.delete(conduit.id);
  }

  attach(conduit: Conduit, id: string, session: { readonly id: string; readonly connectedAt: number }): void {
    const { id: sessionId, connectedAt } = session;
    conduit.shards.set(id, { id, sessionId, connectedAt, status: 'enabled', disconnectedAt: undefined });
  }

  /** @returns the shards that the end of the session leaves disabled. */
  detach(sessionId: string, closeCode: number): readonly { readonly conduit: Conduit; readonly shard: Shard }[] {
    const disabled = [...this.#byId.values()].flatMap((conduit) =>
      [...conduit.shards.values()]
        .filter((shard) => shard.sessionId === sessionId && shard.status === 'enabled')
        .map((shard) => ({ conduit, shard })),
    );
    for (const { shard } of disabled) {
      shard.status = statusByCloseCode[closeCode] ?? 'websocket_disconnected';
      shard.disconnectedAt = this.#options.now();
    }
    return disabled;
  }

  /** @param key what the event is about, as a channel's id. @returns the session that gets it, `undefined` when it is lost. */
  route(conduitId: string, key: string): string | undefined {
    const conduit = this.#byId.get(conduitId);
    if (!conduit) return undefined;
    const home = shardOf(key, conduit.shardCount);
    const tried = [home, (home + 1) % conduit.shardCount].map((number) => conduit.shards.get(String(number)));
    return tried.find((shard) => shard?.status === 'enabled')?.sessionId;
  }
}

/** Which shard a channel belongs to: the same one as long as the count stays. */
export function shardOf(key: string, shardCount: number): number {
  let hash = 0;
  for (const character of key) hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0;
  return hash % shardCount;
}
