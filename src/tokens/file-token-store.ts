/**
 * Users' tokens in one JSON file that only its owner may read. It is never written in place: a new file is made durable first and
 * then takes the old one's name, so a kill at any moment leaves either the old records or the new ones.
 * NOTE: each write reads the file again, so that a token added by another command is kept; two writes in the same
 * millisecond by two processes are not guarded against.
 */

import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from '../lib/errors.ts';
import { parseJson } from '../lib/json.ts';
import { type StoredToken, storedToken, type TokenStore } from './token-store.ts';

const fileContent = z.strictObject({ version: z.literal(1), users: z.array(storedToken) });

/** A temporary file this old belongs to a process that was killed. */
const leftoverMs = 60_000;

/** @param path `<state directory>/tokens.json`; its directory is made when missing. @throws ConfigError when it is damaged. */
export function createFileTokenStore(path: string): TokenStore {
  /** The last write; each waits for the one before. */
  let queue: Promise<unknown> = Promise.resolve();

  async function read(): Promise<readonly StoredToken[]> {
    const text = await readIfThere(path);
    if (text === undefined) return [];
    const parsed = fileContent.safeParse(parseJson(text));
    if (parsed.success) return parsed.data.users;
    // What is wrong with it is not said: the words would quote the tokens.
    throw new ConfigError([{ path, message: 'is no file of tokens; move it away and authorise the users again' }]);
  }

  function change(edit: (users: readonly StoredToken[]) => readonly StoredToken[]): Promise<void> {
    const written = queue.then(async () => {
      const users = edit(await read());
      await replace(path, `${JSON.stringify({ version: 1, users }, undefined, 2)}\n`);
    });
    // The next write must not fail for this one's fault, which its own caller hears of.
    queue = written.catch(() => undefined);
    return written;
  }

  return {
    async list() {
      await removeLeftovers(path);
      return read();
    },
    load: async (userId) => (await read()).find((token) => token.userId === userId),
    save: (token) => change((users) => [...users.filter(({ userId }) => userId !== token.userId), token]),
    remove: (gone) => change((users) => users.filter(({ userId }) => userId !== gone)),
    exclusively: (_userId, work) => work(),
  };
}

async function replace(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.tmp`;
  await rm(temporary, { force: true });
  const file = await open(temporary, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  // Without this the new name may be lost with the power, though the new content is not.
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path);
  const names = await ifThere(readdir(folder));
  for (const name of names ?? []) {
    if (!name.startsWith(`${basename(path)}.`) || !name.endsWith('.tmp')) continue;
    const details = await ifThere(stat(join(folder, name)));
    if (details !== undefined && details.mtimeMs < Date.now() - leftoverMs)
      await rm(join(folder, name), { force: true });
  }
}

const readIfThere = (path: string) => ifThere(readFile(path, 'utf8'));

async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}
