/**
 * Helix through twurple, with what it lacks: a time-out on every request, errors without credentials in them, and rows
 * checked one by one. Lists are asked for raw: twurple's batched helpers send no `first`, so of 100 ids only 20 come
 * back and the rest looks offline.
 */
import { ApiClient } from '@twurple/api';
import { HttpStatusCodeError } from '@twurple/api-call';
import { AppTokenAuthProvider } from '@twurple/auth';
import type { z } from 'zod';
import { UpstreamError } from '../../lib/errors.ts';
import { asError, type Service } from '../../lib/lifecycle.ts';
import { redact } from '../../ops/log.ts';
import { type Registry, Tally } from '../../ops/metrics.ts';
import { type HelixBudget, watchRateLimit } from './rate-limit-headers.ts';
import { listWire, type StreamWire, streamWire, type UserWire, userWire } from './wire.ts';

/** Helix takes at most 100 ids in one request. */
export const helixBatchSize = 100;

const defaultTimeoutMs = 10_000;

export interface HelixClientOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly registry: Registry;
  /** 10 s when not given. */
  readonly requestTimeoutMs?: number;
}

export interface HelixClient extends Service {
  /** Those of up to 100 channels that are live. @throws UpstreamError */
  streams(ids: readonly string[]): Promise<readonly StreamWire[]>;
  /** Up to 100 users by login or id. Those that Twitch does not know are missing. @throws UpstreamError */
  users(by: 'login' | 'id', names: readonly string[]): Promise<readonly UserWire[]>;
  /** As of the last answer; undefined before the first. */
  budget(): HelixBudget | undefined;
}

export function createHelixClient(options: HelixClientOptions): HelixClient {
  let budget: HelixBudget | undefined;
  let unwatch: () => void = () => {};
  const answers = new Tally(options.registry, {
    name: 'helix_requests_total',
    help: 'Answers of Helix by HTTP status; `failed` for requests that were given up',
    label: 'status',
  });
  const oddRows = new Tally(options.registry, {
    name: 'helix_rejected_rows_total',
    help: 'Rows of Helix answers that are not of the documented shape',
    label: 'list',
  });
  // twurple spreads this into each request, so the getter gives each its own time-out.
  const fetchOptions: object = {
    get signal() {
      return AbortSignal.timeout(options.requestTimeoutMs ?? defaultTimeoutMs);
    },
  };
  const authProvider = new AppTokenAuthProvider(options.clientId, options.clientSecret);
  const api = new ApiClient({ authProvider, fetchOptions, logger: { minLevel: 'critical' } });
  api.onRequest((report) => answers.add(String(report.httpStatus)));

  async function list<T>(url: string, query: Record<string, string | string[]>, row: z.ZodType<T>): Promise<T[]> {
    let answer: unknown;
    try {
      answer = await api.callApi({ type: 'helix', url, query });
    } catch (thrown) {
      answers.add('failed');
      throw asUpstreamError(url, asError(thrown));
    }
    const envelope = listWire.safeParse(answer);
    if (!envelope.success) throw new UpstreamError(`Helix ${url}: the answer is no list`, { retry: true });
    const rows: T[] = [];
    for (const item of envelope.data.data ?? []) {
      const parsed = row.safeParse(item);
      if (parsed.success) rows.push(parsed.data);
      else oddRows.add(url);
    }
    return rows;
  }

  return {
    name: 'helix client',
    async start() {
      unwatch = watchRateLimit((latest) => {
        budget = latest;
      });
    },
    async stop() {
      unwatch();
    },
    // Without `first` only 20 of the 100 come back.
    streams: (ids) => list('streams', { user_id: [...ids], first: String(helixBatchSize) }, streamWire),
    users: (by, names) => list('users', { [by]: [...names] }, userWire),
    budget: () => budget,
  };
}

function asUpstreamError(url: string, error: Error): UpstreamError {
  // twurple's message holds the whole URL with the credentials, and the cause would carry it along.
  if (error instanceof HttpStatusCodeError) {
    const retry = error.statusCode === 429 || error.statusCode >= 500;
    return new UpstreamError(`Helix ${url}: HTTP ${error.statusCode}`, { retry });
  }
  return new UpstreamError(`Helix ${url}: ${redact(error.message)}`, { retry: true });
}
