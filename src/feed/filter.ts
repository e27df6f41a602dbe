/**
 * Which events a connection wants. A filter is resolved once, against the channels watched at that moment; filters that select
 * the same events have the same `key`, whatever their spelling, and their clients share every byte.
 */
import type { Channel } from '../domain/channel.ts';
import type { ChatUser } from '../domain/chat.ts';
import { BadRequest } from './bad-request.ts';
import type { FilterFields } from './control-frames.ts';
import { defaultTypes, type EventType, eventTypes, isReserved, typesMatching } from './event-types.ts';
import { type FedFact, type Role, roleFlags } from './frames.ts';
import type { ResolveChannel } from './state-view.ts';

/** The most entries one list of a filter may have. */
export const maxFilterEntries = 64;

/** A filter in the client's words, each list as it was given. */
export interface FilterRequest {
  readonly types?: readonly string[] | undefined;
  readonly channels?: readonly string[] | undefined;
  readonly users?: readonly string[] | undefined;
  readonly notUsers?: readonly string[] | undefined;
  readonly roles?: readonly string[] | undefined;
}

export interface Filter {
  readonly key: string;
  readonly types: ReadonlySet<EventType>;
  /** `undefined` for all channels. */
  readonly channels: readonly Channel[] | undefined;
  /** Logins, or `id:` and the user id; empty for everybody. */
  readonly users: ReadonlySet<string>;
  readonly notUsers: ReadonlySet<string>;
  /** Bits of `chatFlags` of which an author must have one; 0 for everybody. */
  readonly roleMask: number;
  /** As `sub` shows it. */
  readonly effective: FilterFields;
}

/** @throws BadRequest naming the first entry that is unknown, malformed or one too many. */
export function resolveFilter(request: FilterRequest, resolveChannel: ResolveChannel): Filter {
  const patterns = sorted(checkedList(request.types, 'types'));
  const types = patterns === undefined ? new Set(defaultTypes) : expandTypes(patterns);
  const channels = findChannels(checkedList(request.channels, 'channels'), resolveChannel);
  const users = checkedUsers(request.users, 'users');
  const notUsers = checkedUsers(request.notUsers, 'not_users');
  const roles = checkedRoles(request.roles);
  const channelNames = channels?.map(channelToken) ?? ['*'];
  const effective = {
    types: patterns ?? defaultTypes,
    channels: channelNames,
    ...(users && { users }),
    ...(notUsers && { not_users: notUsers }),
    ...(roles && { roles }),
  };
  const orderedTypes = eventTypes.filter((type) => types.has(type));
  return {
    key: JSON.stringify([orderedTypes, channelNames, users ?? [], notUsers ?? [], roles ?? []]),
    types,
    channels,
    users: new Set(users),
    notUsers: new Set(notUsers),
    roleMask: (roles ?? []).reduce((mask, role) => mask | roleFlags[role], 0),
    effective,
  };
}

/** Whether the author passes. Only chat lines that people write have one; every other event is let through. */
export function passesAuthor(filter: Filter, fact: FedFact): boolean {
  if (filter.roleMask === 0 && filter.users.size === 0 && filter.notUsers.size === 0) return true;
  const written = fact.kind === 'chat_message' || (fact.kind === 'chat_event' && fact.command === 'USERNOTICE');
  if (!written) return true;
  if (filter.roleMask !== 0 && (fact.flags & filter.roleMask) === 0) return false;
  if (filter.users.size > 0 && !names(filter.users, fact.user)) return false;
  return filter.notUsers.size === 0 || !names(filter.notUsers, fact.user);
}

/** Whether two sightings of a channel are one: by id where both know it, else by login. */
export function isSameChannel(one: Channel, other: Channel): boolean {
  return isIdKnown(one) && isIdKnown(other) ? one.id === other.id : one.login === other.login;
}

export function isIdKnown(channel: Channel): boolean {
  return channel.id !== '0';
}

/** How a channel is named in keys and in `sub`: by id, or `#login` as long as the id is not known. */
function channelToken(channel: Channel): string {
  return isIdKnown(channel) ? channel.id : `#${channel.login}`;
}

function names(users: ReadonlySet<string>, user: ChatUser): boolean {
  return users.has(user.login) || users.has(`id:${user.id}`);
}

function expandTypes(patterns: readonly string[]): ReadonlySet<EventType> {
  const types = new Set<EventType>();
  for (const [index, pattern] of patterns.entries()) {
    const path = `types[${index}]`;
    if (isReserved(pattern))
      throw new BadRequest('not_supported', `"${pattern}" is not sent by this version`, { path });
    const matching = typesMatching(pattern);
    if (matching.length === 0) throw new BadRequest('bad_filter', `unknown type "${pattern}"`, { path });
    for (const type of matching) types.add(type);
  }
  return types;
}

/** A Twitch login (4–25 characters today, shorter ones exist), or `id:` and a decimal user id. */
const namePattern = /^(?:[a-z0-9_]{1,25}|id:[0-9]{1,20})$/;

function findChannels(asked: readonly string[] | undefined, resolve: ResolveChannel): readonly Channel[] | undefined {
  if (asked === undefined || (asked.length === 1 && asked[0] === '*')) return undefined;
  const found = new Map<string, Channel>();
  for (const [index, entry] of asked.entries()) {
    const path = `channels[${index}]`;
    const name = entry.toLowerCase();
    if (!namePattern.test(name))
      throw new BadRequest('bad_filter', `"${entry}" is no login and no id:<number>`, { path });
    const channel = resolve(name);
    if (!channel) throw new BadRequest('unknown_channel', `channel "${entry}" is not watched here`, { path });
    found.set(channelToken(channel), channel);
  }
  return [...found.keys()].toSorted().flatMap((token) => found.get(token) ?? []);
}

function checkedUsers(asked: readonly string[] | undefined, path: string): readonly string[] | undefined {
  const users = checkedList(asked, path)?.map((entry) => entry.toLowerCase());
  for (const [index, user] of users?.entries() ?? []) {
    if (!namePattern.test(user)) {
      throw new BadRequest('bad_filter', `"${user}" is no login and no id:<number>`, { path: `${path}[${index}]` });
    }
  }
  return sorted(users);
}

function checkedRoles(asked: readonly string[] | undefined): readonly Role[] | undefined {
  const roles = checkedList(asked, 'roles')?.map((entry, index) => {
    if (isRole(entry)) return entry;
    const known = Object.keys(roleFlags).join(', ');
    throw new BadRequest('bad_filter', `unknown role "${entry}"; there are ${known}`, { path: `roles[${index}]` });
  });
  return sorted(roles);
}

function isRole(name: string): name is Role {
  return Object.hasOwn(roleFlags, name);
}

function checkedList(list: readonly string[] | undefined, path: string): readonly string[] | undefined {
  if (list === undefined) return undefined;
  if (list.length === 0) throw new BadRequest('bad_filter', `${path} is empty; leave it out to get all`, { path });
  if (list.length > maxFilterEntries) {
    throw new BadRequest('bad_filter', `${path} has ${list.length} entries; the limit is ${maxFilterEntries}`, {
      path,
    });
  }
  return list;
}

function sorted<T extends string>(list: readonly T[] | undefined): readonly T[] | undefined {
  return list && [...new Set(list)].toSorted();
}
