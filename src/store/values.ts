/** Single values as ClickHouse takes them. Out of range it would store something else without a word, so the nearest value that fits is sent. */
import type { EmoteUse } from '../domain/chat.ts';
import { isUuid, uuidFrom } from '../domain/uuid.ts';

export type Value = string | number | boolean | readonly Value[] | { readonly [name: string]: string };

/** The id of nothing. */
export const nilUuid = '00000000-0000-0000-0000-000000000000';

/** What DateTime64(3) holds: 1900-01-01 to 2299-12-31. Before the epoch Twitch did not exist. */
const maxInstant = Date.UTC(2299, 11, 31);
const maxUint64 = 2n ** 64n - 1n;

const loneSurrogate = /\p{Surrogate}/gu;

/**
 * JSON of the values. A lone surrogate, as slicing in the middle of an emoji leaves it, is refused by ClickHouse: it becomes U+FFFD.
 * JSON.stringify writes it as an escape, so that only the rare line that has one is looked at twice.
 */
export function jsonLine(values: readonly Value[]): string {
  const line = JSON.stringify(values);
  return line.includes('\\ud') ? JSON.stringify(values.map(wellFormed)) : line;
}

function wellFormed(value: Value): Value {
  if (typeof value === 'string') return value.replace(loneSurrogate, '\ufffd');
  if (typeof value !== 'object') return value;
  if (isList(value)) return value.map(wellFormed);
  const repair = (text: string) => text.replace(loneSurrogate, '\ufffd');
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [repair(name), repair(text)]));
}

/** Array.isArray does not tell readonly arrays from other objects. */
function isList(value: object): value is readonly Value[] {
  return Array.isArray(value);
}

/** ms since the epoch, whole; DateTime64(3) takes an integer for exactly that. */
export function instant(ms: number): number {
  return clamp(ms, 0, maxInstant);
}

/** How much later ours is, in ms. */
export function lag(theirs: number, ours: number): number {
  return int32(ours - theirs);
}

export function int32(value: number): number {
  return clamp(value, -(2 ** 31), 2 ** 31 - 1);
}

export function uint16(value: number): number {
  return clamp(value, 0, 2 ** 16 - 1);
}

export function uint32(value: number): number {
  return clamp(value, 0, 2 ** 32 - 1);
}

function clamp(value: number, min: number, max: number): number {
  return Number.isNaN(value) ? min : Math.trunc(Math.min(max, Math.max(min, value)));
}

/** A Twitch id, as text because JSON's numbers end at 2^53. `'0'` for what is no id. */
export function id64(id: string): string {
  return /^\d{1,20}$/.test(id) && BigInt(id) <= maxUint64 ? id : '0';
}

/** Text that is no UUID gets one that is derived from it, so that a second copy gets the same. The nil UUID stands for none. */
export function uuid(id: string): string {
  if (id === '') return nilUuid;
  return isUuid(id) ? id.toLowerCase() : uuidFrom('id', id);
}

/** One entry for each time that an emote stands in the text; `emotePlaces` goes beside it. */
export function emoteIds(emotes: readonly EmoteUse[]): readonly string[] {
  return emotes.length === 0 ? none : emotes.flatMap(({ id, at }) => at.map(() => id));
}

/** @param end 0 for the first code points, 1 for the last ones */
export function emotePlaces(emotes: readonly EmoteUse[], end: 0 | 1): readonly number[] {
  return emotes.length === 0 ? none : emotes.flatMap(({ at }) => at.map((place) => uint16(place[end])));
}

const none: readonly never[] = [];
