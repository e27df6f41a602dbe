/** Learns who the watched channels are: ids of new ones within a minute, display names and renames of all once an hour. */
import type { Channel } from '../../domain/channel.ts';
import type { Service } from '../../lib/lifecycle.ts';
import { createSchedule } from '../../lib/schedule.ts';
import type { Logger } from '../../ops/log.ts';
import { type HelixClient, helixBatchSize } from './helix-client.ts';

export interface UsersPollerOptions {
  readonly client: HelixClient;
  /** The wish-list: those with an id are asked for by id, so that a rename shows. */
  readonly channels: () => readonly {
    readonly login: string;
    readonly id: string | undefined;
    readonly isUnknown: boolean;
  }[];
  readonly onUser: (user: Channel & { readonly displayName: string }) => void;
  readonly onUnknown: (login: string) => void;
  /** After the first look-up: the channels that sweeps can ask about are known now. */
  readonly onLookedUp: () => void;
  readonly log: Logger;
}

const everySeconds = 60;
const refreshMs = 3_600_000;

export function createUsersPoller(options: UsersPollerOptions): Service {
  const schedule = createSchedule({
    name: 'helix users',
    everySeconds,
    run: (_, signal) => lookUpAll(signal),
    onFault: (error) => options.log.warn({ reason: error.message }, 'users could not be looked up'),
  });

  let refreshAt = 0;

  async function lookUpAll(signal: AbortSignal): Promise<void> {
    const channels = options.channels();
    const isDue = performance.now() >= refreshAt;
    if (isDue) {
      const gone = await lookUp(
        'id',
        channels.flatMap((channel) => channel.id ?? []),
        signal,
      );
      if (gone.length > 0) options.log.warn({ ids: gone }, 'Twitch knows these users no more');
    }
    const missing = await lookUp(
      'login',
      channels.flatMap((channel) => (channel.id === undefined && (isDue || !channel.isUnknown) ? channel.login : [])),
      signal,
    );
    for (const login of missing) options.onUnknown(login);
    if (isDue) refreshAt = performance.now() + refreshMs;
    if (missing.length > 0) options.log.warn({ logins: missing }, 'Twitch knows no such channels');
  }

  /** Each batch stands for itself: one that fails does not keep the others from being asked for. @returns the names that Twitch does not know. */
  async function lookUp(by: 'id' | 'login', names: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const missing = new Set(names);
    const faults: unknown[] = [];
    for (let at = 0; at < names.length; at += helixBatchSize) {
      const batch = names.slice(at, at + helixBatchSize);
      try {
        for (const user of await options.client.users(by, batch, signal)) {
          missing.delete(user[by]);
          options.onUser({ id: user.id, login: user.login, displayName: user.display_name });
        }
      } catch (thrown) {
        faults.push(thrown);
        for (const name of batch) missing.delete(name);
      }
    }
    if (faults.length > 0) throw faults[0];
    return [...missing];
  }

  return {
    name: schedule.name,
    async start(signal, fail) {
      await schedule.start(signal, fail);
      // Nothing waits for it: a Twitch that does not answer must not hold up the start.
      void schedule.runNow().then(options.onLookedUp);
    },
    stop: (deadline) => schedule.stop(deadline),
  };
}
