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
  readonly log: Logger;
}

const everySeconds = 60;
const refreshMs = 3_600_000;

export function createUsersPoller(options: UsersPollerOptions): Service {
  const schedule = createSchedule({
    name: 'helix users',
    everySeconds,
    run: () => lookUpAll(),
    onFault: (error) => options.log.warn({ err: error }, 'users could not be looked up'),
  });

  let refreshAt = 0;

  async function lookUpAll(): Promise<void> {
    const channels = options.channels();
    const isDue = performance.now() >= refreshAt;
    if (isDue) {
      await lookUp(
        'id',
        channels.flatMap((channel) => channel.id ?? []),
      );
    }
    const missing = await lookUp(
      'login',
      channels.flatMap((channel) => (channel.id === undefined && (isDue || !channel.isUnknown) ? channel.login : [])),
    );
    for (const login of missing) options.onUnknown(login);
    if (isDue) refreshAt = performance.now() + refreshMs;
    if (missing.length > 0) options.log.warn({ logins: missing }, 'Twitch knows no such channels');
  }

  /** @returns the names that Twitch did not answer for. */
  async function lookUp(by: 'id' | 'login', names: readonly string[]): Promise<readonly string[]> {
    const missing = new Set(names);
    for (let at = 0; at < names.length; at += helixBatchSize) {
      for (const user of await options.client.users(by, names.slice(at, at + helixBatchSize))) {
        missing.delete(user[by]);
        options.onUser({ id: user.id, login: user.login, displayName: user.display_name });
      }
    }
    return [...missing];
  }

  return {
    name: schedule.name,
    async start(signal, fail) {
      await schedule.start(signal, fail);
      // Sweeps ask by id, so the ids come first. A failure here is retried with the next run and shows in the log.
      await schedule.runNow();
    },
    stop: (deadline) => schedule.stop(deadline),
  };
}
