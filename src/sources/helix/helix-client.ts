/**
 * The Helix lists that sweeps ask for, rows checked one by one. The lists are asked for as they are, with `first`: twurple's
 * batched helpers send none, so of 100 ids only 20 come back and the rest looks offline.
 */
import { UpstreamError } from '../../lib/errors.ts';
import { type Registry, Tally } from '../../ops/metrics.ts';
import { listWire, ownerWire, type StreamWire, streamWire, type UserWire, userWire } from './wire.ts';

/** Helix takes at most 100 ids in one request. */
export const helixBatchSize = 100;

/** Asks Helix within its budget, with time-outs and repeats of its own. */
export interface HelixRequests {
  /** @returns the whole answer, unchecked. @throws UpstreamError */
  get(
    path: string,
    query: Readonly<Record<string, string | readonly string[]>>,
    options: {
      readonly purpose: string;
      readonly priority: 'state' | 'users';
      readonly signal?: AbortSignal;
      readonly deadlineMs?: number;
    },
  ): Promise<unknown>;
  budget(): HelixBudget;
}

export interface HelixBudget {
  /** Points a minute. */
  readonly limit: number;
  /** Points that may be spent now. */
  readonly left: number;
}

export interface LiveStreams {
  readonly live: readonly StreamWire[];
  /** Users whose row is not of the documented shape: nothing is known of them, which is not the same as offline. */
  readonly unclear: readonly string[];
}

export interface HelixClient {
  /** Those of up to 100 channels that are live. @throws UpstreamError */
  streams(ids: readonly string[], signal?: AbortSignal): Promise<LiveStreams>;
  /** Up to 100 users by login or id. Those that Twitch does not know are missing. @throws UpstreamError */
  users(by: 'login' | 'id', names: readonly string[], signal?: AbortSignal): Promise<readonly UserWire[]>;
  budget(): HelixBudget;
}

/** A sweep that takes longer says nothing about the present any more. */
const sweepDeadlineMs = 25_000;

export function createHelixClient({ api, registry }: { api: HelixRequests; registry: Registry }): HelixClient {
  const oddRows = new Tally(registry, {
    name: 'helix_rejected_rows_total',
    help: 'Rows of Helix answers that are not of the documented shape',
    label: 'list',
  });

  async function streams(ids: readonly string[], signal?: AbortSignal): Promise<LiveStreams> {
    const answer = await api.get(
      'streams',
      { user_id: ids, first: String(helixBatchSize) },
      {
        purpose: 'streams',
        priority: 'state',
        deadlineMs: sweepDeadlineMs,
        ...(signal === undefined ? {} : { signal }),
      },
    );
    const live: StreamWire[] = [];
    const unclear: string[] = [];
    for (const row of rowsOf('streams', answer)) {
      const stream = streamWire.safeParse(row);
      if (stream.success) {
        live.push(stream.data);
        continue;
      }
      oddRows.add('streams');
      const owner = ownerWire.safeParse(row);
      // A row that does not even say whose it is could be anybody's: then nothing of this answer can be trusted.
      if (!owner.success) throw new UpstreamError('Helix streams: a row without a user id', { retry: true });
      unclear.push(owner.data.user_id);
    }
    return { live, unclear };
  }

  async function users(
    by: 'login' | 'id',
    names: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly UserWire[]> {
    const options = { purpose: 'users', priority: 'users', ...(signal === undefined ? {} : { signal }) } as const;
    const known: UserWire[] = [];
    for (const row of rowsOf('users', await api.get('users', { [by]: names }, options))) {
      const user = userWire.safeParse(row);
      if (user.success) known.push(user.data);
      else oddRows.add('users');
    }
    return known;
  }

  return { streams, users, budget: () => api.budget() };
}

function rowsOf(list: string, answer: unknown): readonly unknown[] {
  const envelope = listWire.safeParse(answer);
  if (!envelope.success) throw new UpstreamError(`Helix ${list}: the answer is no list`, { retry: true });
  return envelope.data.data ?? [];
}
