/** What a client may say on an open connection: one JSON object with `op` per text message. */
import { BadRequest, notSupported } from './bad-request.ts';
import type { OperationId } from './control-frames.ts';
import { parseCursor } from './cursor.ts';
import type { FilterRequest } from './filter.ts';
import type { Subscription } from './query.ts';

export type Operation =
  | ({ readonly op: 'sub' } & Subscription)
  | { readonly op: 'add' | 'drop'; readonly channels: readonly string[] }
  | { readonly op: 'ack'; readonly seq: number }
  | { readonly op: 'state' | 'ping' };

type Json = Readonly<Record<string, unknown>>;

/** @returns the message as an object, `undefined` when it is not JSON or no object. */
export function parseMessage(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    // The one way in which JSON.parse tells that a text is not JSON.
    return undefined;
  }
}

/** @returns the client's own mark, to be sent back; anything but a short string or an integer is not echoed. */
export function operationId(message: Json): OperationId {
  const { id } = message;
  if (typeof id === 'string') return id.length <= 64 ? id : undefined;
  return Number.isSafeInteger(id) ? (id as number) : undefined;
}

/** @throws BadRequest when the operation is unknown, malformed, or not built yet. */
export function parseOperation(message: Json): Operation {
  switch (message.op) {
    case 'sub':
      return parseSub(message);
    case 'add':
    case 'drop':
      return { op: message.op, channels: stringList(message.channels, 'channels') ?? [] };
    case 'ack':
      return { op: 'ack', seq: integer(message.seq, 'seq') };
    case 'state':
    case 'ping':
      return { op: message.op };
    case 'auth':
      throw notSupported('access by token', 'op');
    default:
      throw new BadRequest('unknown_op', `unknown op ${JSON.stringify(message.op) ?? '(none)'}`, { path: 'op' });
  }
}

const subFields = new Set(['op', 'id', 'filter', 'since', 'last', 'snapshot']);
const filterFields = new Set(['types', 'channels', 'users', 'not_users', 'roles']);
/** Tree filters of the protocol. */
const treeFields = new Set(['all', 'any', 'not']);

function parseSub(message: Json): Operation {
  refuseUnknown(message, subFields, '');
  const { filter = {}, since, last = 0, snapshot = true } = message;
  if (last !== 0) throw notSupported('replay of past events (last)', 'last');
  if (typeof snapshot !== 'boolean')
    throw new BadRequest('bad_request', 'snapshot must be true or false', { path: 'snapshot' });
  if (since !== undefined && typeof since !== 'string') {
    throw new BadRequest('bad_request', 'since must be a string', { path: 'since' });
  }
  return { op: 'sub', filter: parseFilter(filter), since: parseCursor(since), wantsSnapshot: snapshot };
}

function parseFilter(filter: unknown): FilterRequest {
  if (!isObject(filter)) throw new BadRequest('bad_filter', 'filter must be an object', { path: 'filter' });
  const tree = Object.keys(filter).find((field) => treeFields.has(field));
  if (tree !== undefined) throw notSupported('a filter tree', `filter.${tree}`);
  refuseUnknown(filter, filterFields, 'filter.');
  return {
    types: stringList(filter.types, 'filter.types'),
    channels: stringList(filter.channels, 'filter.channels'),
    users: stringList(filter.users, 'filter.users'),
    notUsers: stringList(filter.not_users, 'filter.not_users'),
    roles: stringList(filter.roles, 'filter.roles'),
  };
}

function refuseUnknown(object: Json, known: ReadonlySet<string>, prefix: string): void {
  const stray = Object.keys(object).find((field) => !known.has(field));
  if (stray !== undefined) {
    throw new BadRequest('bad_request', `unknown field "${prefix}${stray}"`, { path: `${prefix}${stray}` });
  }
}

function stringList(value: unknown, path: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((entry) => typeof entry === 'string')) return value;
  throw new BadRequest('bad_request', `${path} must be a list of strings`, { path });
}

function integer(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new BadRequest('bad_request', `${path} must be a whole number`, { path });
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
