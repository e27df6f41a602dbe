/**
 * The subscription in the URL, which is all that an overlay author can edit. Everything that is not understood is refused: a
 * misspelt filter that is quietly ignored looks like a broken feed.
 */
import { BadRequest, notSupported } from './bad-request.ts';
import { closeCodes } from './close-codes.ts';
import { type Cursor, parseCursor } from './cursor.ts';
import type { FilterRequest } from './filter.ts';

export interface Subscription {
  readonly filter: FilterRequest;
  readonly wantsSnapshot: boolean;
  readonly since: Cursor | undefined;
}

export interface FeedQuery extends Subscription {
  /** As asked for; `undefined` for the server's own interval. */
  readonly heartbeatMs: number | undefined;
}

const listParameters = ['channels', 'types', 'users', 'not_users', 'roles'] as const;
const scalarParameters = ['since', 'last', 'snapshot', 'batch', 'on_slow', 'hb', 'v', 'token'] as const;
type ScalarParameter = (typeof scalarParameters)[number];

/** @param query the part of the URL behind `?`. @throws BadRequest naming the parameter at fault. */
export function parseQuery(query: string): FeedQuery {
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys()) {
    if (!isParameter(name)) throw new BadRequest('bad_parameter', `unknown parameter "${name}"`, { path: name });
  }
  const scalar = (name: ScalarParameter) => onlyValue(parameters, name);
  checkVersion(scalar('v'));
  refuseUnsupported(scalar);
  const snapshot = scalar('snapshot') ?? '1';
  if (snapshot !== '0' && snapshot !== '1') {
    throw new BadRequest('bad_parameter', 'snapshot must be 0 or 1', { path: 'snapshot' });
  }
  return {
    filter: {
      types: list(parameters, 'types'),
      channels: list(parameters, 'channels'),
      users: list(parameters, 'users'),
      notUsers: list(parameters, 'not_users'),
      roles: list(parameters, 'roles'),
    },
    wantsSnapshot: snapshot === '1',
    since: parseCursor(scalar('since')),
    heartbeatMs: parseHeartbeat(scalar('hb')),
  };
}

/** What the protocol reserves and this version cannot do. The value that means "not at all" is accepted. */
function refuseUnsupported(scalar: (name: ScalarParameter) => string | undefined): void {
  if ((scalar('last') ?? '0') !== '0') throw notSupported('replay of past events (last)', 'last');
  if ((scalar('batch') ?? '0') !== '0') throw notSupported('batching', 'batch');
  const onSlow = scalar('on_slow') ?? 'close';
  if (onSlow !== 'close') throw notSupported(`on_slow other than "close"`, 'on_slow');
  if (scalar('token') !== undefined) throw notSupported('access by token', 'token');
}

function checkVersion(version: string | undefined): void {
  if (version === undefined || /^1(\.[0-9]{1,4})?$/.test(version)) return;
  const options = { path: 'v', close: closeCodes.versionNotSupported };
  throw new BadRequest('version_not_supported', 'this server speaks version 1', options);
}

/** Seconds in the URL: 5 to 60. */
function parseHeartbeat(seconds: string | undefined): number | undefined {
  if (seconds === undefined) return undefined;
  const value = /^[0-9]{1,2}$/.test(seconds) ? Number(seconds) : 0;
  if (value < 5 || value > 60) throw new BadRequest('bad_parameter', 'hb must be 5 to 60 seconds', { path: 'hb' });
  return value * 1000;
}

function onlyValue(parameters: URLSearchParams, name: ScalarParameter): string | undefined {
  const values = parameters.getAll(name);
  if (values.length > 1) throw new BadRequest('bad_parameter', `${name} is given twice`, { path: name });
  return values[0];
}

function list(parameters: URLSearchParams, name: (typeof listParameters)[number]): readonly string[] | undefined {
  const values = parameters.getAll(name);
  if (values.length === 0) return undefined;
  return values.flatMap((value) => value.split(',')).filter((entry) => entry !== '');
}

function isParameter(name: string): boolean {
  return [...listParameters, ...scalarParameters].some((known) => known === name);
}
