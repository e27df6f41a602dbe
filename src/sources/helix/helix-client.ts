/**
 * Helix through twurple, with what it lacks: a time-out on every request, errors without credentials in them, and rows
 * checked one by one. Lists are asked for raw: twurple's batched helpers send no `first`, so of 100 ids only 20 come
 * back and the rest looks offline.
 */
import { ApiClient } from '@twurple/api';
import { HttpStatusCodeError } from '@twurple/api-call';
import { AppTokenAuthProvider } from '@twurple/auth';
import { UpstreamError } from '../../lib/errors.ts';
import { asError, type Service } from '../../lib/lifecycle.ts';
import { withTimeLimit } from '../../lib/time-limit.ts';
import { redact } from '../../ops/log.ts';
import { type Registry, Tally } from '../../ops/metrics.ts';
import { type HelixBudget, watchRateLimit } from './rate-limit-headers.ts';
import { listWire, ownerWire, type StreamWire, streamWire, type UserWire, userWire } from './wire.ts';

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

export interface LiveStreams {
  readonly live: readonly StreamWire[];
  /** Users whose row is not of the documented shape: nothing is known of them, which is not the same as offline. */
  readonly unclear: readonly string[];
}

export interface HelixClient extends Service {
  /** Those of up to 100 channels that are live. @throws UpstreamError */
  streams(ids: readonly string[]): Promise<LiveStreams>;
  /** Up to 100 users by login or id. Those that Twitch does not know are missing. @throws UpstreamError */
  users(by: 'login' | 'id', names: readonly string[]): Promise<readonly UserWire[]>;
  /** As of the last answer; undefined before the first. */
  budget(): HelixBudget | undefined;
}

export function createHelixClient(options: HelixClientOptions): HelixClient {
  let budget: HelixBudget | undefined;
  let unwatch: () => void = () => {};
  let running: AbortSignal | undefined;
  const timeoutMs = options.requestTimeoutMs ?? defaultTimeoutMs;
  const answers = new Tally(options.registry, {
    name: 'helix_requests_total',
    help: 'Calls of Helix by HTTP status of their last answer; `failed` where none came',
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
      const timeout = AbortSignal.timeout(timeoutMs);
      return running === undefined ? timeout : AbortSignal.any([timeout, running]);
    },
  };
  const authProvider = new AppTokenAuthProvider(options.clientId, options.clientSecret);
  const api = new ApiClient({ authProvider, fetchOptions, logger: { minLevel: 'critical' } });

  async function list(url: string, query: Record<string, string | string[]>): Promise<readonly unknown[]> {
    let answer: unknown;
    try {
      // twurple asks for a token without any time-out, and tries a failed request several times.
      answer = await withTimeLimit(api.callApi({ type: 'helix', url, query }), {
        what: `Helix ${url}`,
        ms: 3 * timeoutMs,
        ...(running === undefined ? {} : { signal: running }),
      });
    } catch (thrown) {
      answers.add(thrown instanceof HttpStatusCodeError ? String(thrown.statusCode) : 'failed');
      throw asUpstreamError(url, asError(thrown));
    }
    answers.add('200');
    const envelope = listWire.safeParse(answer);
    if (!envelope.success) throw new UpstreamError(`Helix ${url}: the answer is no list`, { retry: true });
    return envelope.data.data ?? [];
  }

  async function streams(ids: readonly string[]): Promise<LiveStreams> {
    const live: StreamWire[] = [];
    const unclear: string[] = [];
    // Without `first` only 20 of the 100 come back.
    for (const row of await list('streams', { user_id: [...ids], first: String(helixBatchSize) })) {
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

  async function users(by: 'login' | 'id', names: readonly string[]): Promise<readonly UserWire[]> {
    const known: UserWire[] = [];
    for (const row of await list('users', { [by]: [...names] })) {
      const user = userWire.safeParse(row);
      if (user.success) known.push(user.data);
      else oddRows.add('users');
    }
    return known;
  }

  return {
    name: 'helix client',
    async start(signal) {
      running = signal;
      unwatch = watchRateLimit((latest) => {
        budget = latest;
      });
    },
    async stop() {
      unwatch();
    },
    streams,
    users,
    budget: () => budget,
  };
}

function asUpstreamError(url: string, error: Error): UpstreamError {
  // twurple's message holds the whole URL with the credentials, and the cause would carry it along.
  if (error instanceof UpstreamError) return error;
  if (error instanceof HttpStatusCodeError) {
    if (isCredentialFault(error)) {
      return new UpstreamError('Twitch refuses the client id or the secret (TWITCH_CLIENT_ID, TWITCH_CLIENT_SECRET)', {
        retry: false,
      });
    }
    const retry = error.statusCode === 429 || error.statusCode >= 500;
    return new UpstreamError(`Helix ${url}: HTTP ${error.statusCode}`, { retry });
  }
  return new UpstreamError(`Helix ${url}: ${redact(error.message)}`, { retry: true });
}

/** Asking for a token is refused with 400 or 403, not with 401 as a request is. */
function isCredentialFault({ statusCode, url }: HttpStatusCodeError): boolean {
  return [400, 401, 403].includes(statusCode) && /(^|\/)token(\?|$)/.test(url);
}
