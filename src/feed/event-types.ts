/** The names of the events on the feed, and how a client's patterns select them. A name's meaning never changes; a new meaning gets a new name. */

export const eventTypes = [
  'chat.message',
  'chat.notification',
  'chat.cleared',
  'chat.deleted',
  'chat.notice',
  'chat.settings',
  'viewers.snapshot',
  'stream.online',
  'stream.offline',
  'stream.update',
  'channel.renamed',
] as const;

export type EventType = (typeof eventTypes)[number];

/** Part of the protocol, but nothing here sends them yet: asking for one is refused, since silence would look like quiet. */
export const reservedTypes: readonly string[] = ['clip.created', 'raid.in', 'feed.source'];

/** What a client gets that names no types: everything but the periodic samples. */
export const defaultTypes: readonly EventType[] = eventTypes.filter((type) => type !== 'viewers.snapshot');

/** @param pattern an exact name, or a prefix with one trailing `*`. @returns the types it selects, none if it is unknown. */
export function typesMatching(pattern: string): readonly EventType[] {
  return eventTypes.filter((type) => patternMatches(pattern, type));
}

/** Whether the pattern selects only types that are promised for later. */
export function isReserved(pattern: string): boolean {
  return typesMatching(pattern).length === 0 && reservedTypes.some((type) => patternMatches(pattern, type));
}

function patternMatches(pattern: string, type: string): boolean {
  return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern;
}
