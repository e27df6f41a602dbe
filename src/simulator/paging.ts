/** Helix's `first`, `after`, `before`: cursors are opaque to the client and hold an offset here. */

/** The caller's mistake; becomes Twitch's 400 document. */
export class BadParameter extends Error {
  override readonly name = 'BadParameter';
}

export interface PageRequest {
  readonly first: number;
  readonly offset: number;
}

export interface Page<T> {
  readonly rows: readonly T[];
  /** Leads to the next page; none on the last one. */
  readonly cursor: string | undefined;
}

/** All values of a parameter, also in the form `name[]=…` that some clients send. */
export const values = (query: URLSearchParams, name: string): readonly string[] => [
  ...query.getAll(name),
  ...query.getAll(`${name}[]`),
];

/** `first` is 20 by default and 100 at most. */
export function readPage(query: URLSearchParams): PageRequest {
  const first = Number(query.get('first') ?? 20);
  if (!Number.isInteger(first) || first < 1 || first > 100) {
    throw new BadParameter('The parameter "first" was malformed: the value must be between 1 and 100');
  }
  const [after, before] = [query.get('after'), query.get('before')];
  if (after !== null && before !== null) throw new BadParameter('Only one of "after" and "before" may be given.');
  if (after) return { first, offset: readCursor(after) };
  // A cursor points behind its page, so the page before it starts two pages back.
  if (before) return { first, offset: Math.max(0, readCursor(before) - 2 * first) };
  return { first, offset: 0 };
}

/** @param hasEmptyEnd whether a last page that is full leads to an empty one, as it sometimes does at Twitch; asked only there. */
export function pageOf<T>(
  all: readonly T[],
  { first, offset }: PageRequest,
  hasEmptyEnd: () => boolean = () => false,
): Page<T> {
  const end = offset + first;
  const leadsOn = end < all.length || (end === all.length && hasEmptyEnd());
  return { rows: all.slice(offset, end), cursor: leadsOn ? writeCursor(end) : undefined };
}

const writeCursor = (offset: number): string => Buffer.from(JSON.stringify({ s: offset })).toString('base64url');

function readCursor(cursor: string): number {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const offset = /^\{"s":(\d+)\}$/.exec(text)?.[1];
  if (offset === undefined) throw new BadParameter('The parameter "after" or "before" is not a valid cursor.');
  return Number(offset);
}
