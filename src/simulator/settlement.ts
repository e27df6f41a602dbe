/** The channels that the world begins with, and what a channel is. */
import type { Channel } from '../domain/channel.ts';
import type { Random } from './random.ts';
import { type DirectoryEntry, directory, inventLanguage, inventName, inventTags, inventTitle } from './vocabulary.ts';

/** Chat modes as ROOMSTATE names them; `followers-only` in minutes (-1 off), `slow` in seconds. */
export interface RoomModes {
  'emote-only': number;
  'followers-only': number;
  r9k: number;
  slow: number;
  'subs-only': number;
}

export interface SimBroadcast {
  readonly id: string;
  /** ms since the epoch, whole seconds as Twitch tells them. */
  readonly startedAt: number;
}

export interface SimChannel {
  readonly id: string;
  readonly login: string;
  readonly displayName: string;
  readonly createdAt: number;
  readonly broadcasterType: '' | 'affiliate' | 'partner';
  /** Share of the audience, Zipf-like: the first channel is the largest. */
  readonly weight: number;
  readonly title: string;
  readonly category: DirectoryEntry;
  readonly tags: readonly string[];
  readonly language: string;
  readonly viewers: number;
  readonly broadcast: SimBroadcast | undefined;
  readonly isSuspended: boolean;
  readonly room: Readonly<RoomModes>;
}

/** @param channels how many to invent, or exactly these. All are offline. */
export function settle(channels: number | readonly Channel[], random: Random): readonly SimChannel[] {
  const names = typeof channels === 'number' ? inventNames(channels, random) : channels;
  return names.map(({ id, login }, rank) => ({
    id,
    login,
    displayName: random.chance(0.1) ? inventName(random).displayName : login.slice(0, 1).toUpperCase() + login.slice(1),
    createdAt: Date.UTC(2012 + random.int(12), random.int(12), 1 + random.int(28), random.int(24)),
    broadcasterType: random.pick<SimChannel['broadcasterType']>(['', 'affiliate', 'affiliate', 'partner']),
    weight: 1 / (rank + 1) ** 0.9,
    title: inventTitle(random),
    category: random.pick(directory),
    tags: inventTags(random),
    language: inventLanguage(random),
    viewers: 0,
    broadcast: undefined,
    isSuspended: false,
    room: { 'emote-only': 0, 'followers-only': -1, r9k: 0, slow: 0, 'subs-only': 0 },
  }));
}

function inventNames(count: number, random: Random): readonly Channel[] {
  const logins = new Set<string>();
  while (logins.size < count) logins.add(inventName(random).login);
  return [...logins].map((login, rank) => ({ id: String(100_000_000 + rank * 7_919 + random.int(7_000)), login }));
}

/** Fisher and Yates; changes the array it is given. */
export function shuffled<T>(items: T[], random: Random): T[] {
  for (let at = items.length - 1; at > 0; at--) {
    const other = random.int(at + 1);
    const [here, there] = [items[at], items[other]];
    if (here === undefined || there === undefined) continue;
    items[at] = there;
    items[other] = here;
  }
  return items;
}
