/** Why the embedded engine could not be started, in words that name the way out. */
import { ConfigError, UpstreamError } from '../../lib/errors.ts';
import type { FailReason } from './messages.ts';

/** @param problem why it cannot run on this machine. */
export function cannotEmbed(problem: string): ConfigError {
  const wayOut = 'set clickhouse.url to the address of a ClickHouse server';
  return new ConfigError([{ path: 'clickhouse.url', message: `${problem}; ${wayOut}` }]);
}

export function cannotOpen(failed: { reason: FailReason; message: string }, dataDir: string): Error {
  if (failed.reason === 'missing') return cannotEmbed('the optional package chdb is not installed');
  if (failed.reason === 'locked') {
    return new ConfigError([{ path: 'dataDir', message: `${dataDir} is in use by another running daemon` }]);
  }
  return new UpstreamError(`the embedded ClickHouse does not start: ${failed.message}`, { retry: false });
}

export function cannotListen(failed: { error: string; code: string | undefined }, port: number): ConfigError {
  const problem = failed.code === 'EADDRINUSE' ? `port ${port} is in use` : failed.error;
  return new ConfigError([{ path: 'clickhouse.queryPort', message: `${problem}; choose another or null` }]);
}
