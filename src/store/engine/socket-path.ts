/** Where the daemon's socket lies: in the data directory, or, when that path is too long for a socket, in a private directory of ours. */
import { createHash } from 'node:crypto';
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../../lib/errors.ts';

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, one of them for the end (unix(7), unix(4)). */
const maxPathBytes = 103;

export function socketPathFor(dataDir: string): string {
  const path = resolve(dataDir, 'clickhouse.sock');
  if (Buffer.byteLength(path) <= maxPathBytes) return path;
  const name = createHash('sha256').update(path).digest('hex').slice(0, 12);
  return join(tmpdir(), `streamgauge-${userInfo().uid}-${name}`, 'clickhouse.sock');
}

/** Makes the socket's directory. @throws ConfigError when somebody else owns it or could look inside. */
export async function prepareSocketDirectory(socketPath: string, dataDir: string): Promise<void> {
  const directory = dirname(socketPath);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  if (directory === resolve(dataDir)) return;
  const found = await lstat(directory);
  if (!found.isDirectory() || found.uid !== userInfo().uid || (found.mode & 0o077) !== 0) {
    throw new ConfigError([{ path: directory, message: 'must be a directory of our own that nobody else can read' }]);
  }
}
