/** Why a server could not listen, in words for the operator. */
import { ConfigError } from '../lib/errors.ts';
import type { Address } from './transport.ts';

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is already in use',
  EACCES: 'this user may not listen on that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'the host name is not known',
};

/** @param cause the engine's error, where it tells one. */
export function listenFault({ host, port }: Address, cause: NodeJS.ErrnoException | undefined): ConfigError {
  const reason = cause
    ? (reasons[cause.code ?? ''] ?? cause.message)
    : 'the port is in use, or the address is not ours';
  return new ConfigError([{ path: `listen ${host}:${port}`, message: reason }], { cause });
}
