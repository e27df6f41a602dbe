/** Why a server could not listen, in words for the operator. Who else has the port may give it up; the rest is a wrong setting. */
import { ConfigError, UpstreamError } from '../lib/errors.ts';
import type { Address } from './transport.ts';

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not listen on that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is not known',
};

/** @param cause the engine's error, where it tells one. */
export function listenFault({ host, port }: Address, cause: NodeJS.ErrnoException | undefined): Error {
  const path = `listen ${host}:${port}`;
  const taken = `${path}: the port is already in use`;
  if (cause?.code === 'EADDRINUSE') return new UpstreamError(taken, { retry: true, cause });
  if (cause === undefined) return new UpstreamError(`${taken}, or the address is not ours`, { retry: true });
  return new ConfigError([{ path, message: reasons[cause.code ?? ''] ?? cause.message }], { cause });
}
