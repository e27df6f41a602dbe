/**
 * Which requests a local daemon may answer at all. Any web page may open `ws://127.0.0.1`, and with DNS rebinding its own name
 * may lead here, so both headers are held against lists: `Host` must be a name of ours, `Origin`, where a browser sends one, a
 * page of ours. Whole names are compared, after parsing; prefixes and suffixes prove nothing.
 */
import { ConfigError } from '../lib/errors.ts';
import type { Refusal } from './refusal.ts';

export interface AccessOptions {
  /** The address we listen on; counts as a name of ours unless it stands for all addresses. */
  readonly host: string;
  /** Further names under which we are reached, without port. */
  readonly allowedHosts: readonly string[];
  /** Further pages that may connect, as origins: `https://overlay.example`. */
  readonly allowedOrigins: readonly string[];
}

export interface AccessHead {
  readonly host: string | undefined;
  readonly origin: string | undefined;
}

/** @returns why the request is refused, `undefined` when it may pass. */
export type CheckAccess = (head: AccessHead) => Refusal | undefined;

const loopbackNames = ['localhost', '127.0.0.1', '[::1]'];
const allAddresses = new Set(['0.0.0.0', '::', '[::]']);

/** @throws ConfigError naming every host or origin that is none. */
export function createAccessCheck({ host, allowedHosts, allowedOrigins }: AccessOptions): CheckAccess {
  const own = allAddresses.has(host) ? [] : [host.includes(':') ? `[${host}]` : host];
  const names = new Set([...loopbackNames, ...[...own, ...allowedHosts].map(canonicalName)]);
  const pages = new Set(allowedOrigins.map(canonicalOrigin));
  return (head) => {
    const target = parseAuthority(head.host);
    if (target === undefined || !names.has(target.hostname)) return hostNotAllowed;
    if (head.origin === undefined) return undefined;
    const page = parseOrigin(head.origin);
    if (page === undefined) return originNotAllowed;
    // The port of the Host header, not ours: behind a published or forwarded port the two differ.
    const isOwn = names.has(page.hostname) && page.port === target.port;
    return isOwn || pages.has(page.origin) ? undefined : originNotAllowed;
  };
}

const hostNotAllowed: Refusal = {
  status: 403,
  code: 'host_not_allowed',
  detail: 'the Host header is no name of this server; add the name to the allowed hosts',
};

const originNotAllowed: Refusal = {
  status: 403,
  code: 'origin_not_allowed',
  detail: 'pages of this origin may not connect; add it to the allowed origins',
};

/** RFC 3986 §3.2 without user information: `URL` alone would find the host of `somebody@localhost`. */
const authorityPattern = /^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?$/i;

/**
 * A Host header as a URL has it: `127.1` and `[0:0:0:0:0:0:0:1]:8080` in their common forms. @returns `undefined` when it can be no
 * Host at all (RFC 9112 §3.2 asks for a 400 then), whoever it names.
 */
export function canonicalAuthority(host: string): string | undefined {
  return parseAuthority(host)?.host;
}

function parseAuthority(authority: string | undefined): URL | undefined {
  return authority !== undefined && authorityPattern.test(authority) ? parseUrl(`http://${authority}`) : undefined;
}

/** A browser's Origin is scheme, host and port and nothing else; `null`, of a page from a file, is none. */
function parseOrigin(origin: string): URL | undefined {
  const authority = /^https?:\/\/(.*)$/i.exec(origin)?.[1];
  return authority !== undefined && authorityPattern.test(authority) ? parseUrl(origin) : undefined;
}

function parseUrl(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function canonicalName(name: string): string {
  const url = parseAuthority(name);
  if (url !== undefined && url.port === '') return url.hostname;
  throw new ConfigError([{ path: 'allowed hosts', message: `"${name}" is no host name without port` }]);
}

function canonicalOrigin(origin: string): string {
  const url = parseOrigin(origin);
  if (url !== undefined) return url.origin;
  throw new ConfigError([
    { path: 'allowed origins', message: `"${origin}" is no origin like https://overlay.example` },
  ]);
}
