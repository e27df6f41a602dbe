import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/lib/errors.ts';
import { createFileTokenStore } from '../../src/tokens/file-token-store.ts';
import type { StoredToken } from '../../src/tokens/token-store.ts';
import { waitUntil } from '../simulator/support.ts';
import { makeFolder } from './support.ts';

const token = (userId: string, generation = 0): StoredToken => ({
  userId,
  login: `login_${userId}`,
  clientId: 'client',
  accessToken: `access-${generation}`,
  refreshToken: `refresh-${generation}`,
  scopes: ['bits:read'],
  obtainedAt: 1,
  expiresAt: 2,
});

describe('the file of tokens', () => {
  it('keeps what was saved, for its owner only', async () => {
    const path = join(makeFolder(), 'state', 'tokens.json');
    const store = createFileTokenStore(path);
    expect(await store.list()).toEqual([]);
    await store.save(token('1'));
    await store.save(token('2'));
    await store.save(token('1', 7));
    await store.remove('2');
    const again = createFileTokenStore(path);
    expect(await again.list()).toEqual([token('1', 7)]);
    expect(await again.load('1')).toEqual(token('1', 7));
    expect(await again.load('2')).toBeUndefined();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
  });

  it('keeps all of many that are saved at the same time', async () => {
    const path = join(makeFolder(), 'tokens.json');
    const store = createFileTokenStore(path);
    const all = Array.from({ length: 20 }, (_, i) => token(String(i)));
    await Promise.all(all.map((one) => store.save(one)));
    expect(await store.list()).toEqual(all);
    expect(readdirSync(join(path, '..'))).toEqual(['tokens.json']);
  });

  it('keeps what another process has added meanwhile', async () => {
    const path = join(makeFolder(), 'tokens.json');
    const [daemon, command] = [createFileTokenStore(path), createFileTokenStore(path)];
    await daemon.save(token('1'));
    await command.save(token('2'));
    await daemon.save(token('1', 2));
    expect(await daemon.list()).toEqual([token('2'), token('1', 2)]);
  });

  it.each(['', '{', '{"version":1,"users":[{"userId":"1","accessToken":"s3cret"}]}', '[]'])(
    'does not start over from a damaged file: %s',
    async (text) => {
      const path = join(makeFolder(), 'tokens.json');
      writeFileSync(path, text);
      const store = createFileTokenStore(path);
      const error = await store.list().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConfigError);
      expect(String(error)).toContain(path);
      expect(String(error)).not.toContain('s3cret');
      await expect(store.save(token('1'))).rejects.toBeInstanceOf(ConfigError);
      expect(readFileSync(path, 'utf8')).toBe(text);
    },
  );

  it('goes on after a write that failed', async () => {
    const path = join(makeFolder(), 'tokens.json');
    writeFileSync(path, '{');
    const store = createFileTokenStore(path);
    await expect(store.save(token('1'))).rejects.toBeInstanceOf(ConfigError);
    writeFileSync(path, '{"version":1,"users":[]}');
    await store.save(token('1'));
    expect(await store.list()).toEqual([token('1')]);
  });

  it('clears away what killed processes have left, and only that', async () => {
    const path = join(makeFolder(), 'tokens.json');
    for (const name of ['4711', '4712']) writeFileSync(`${path}.${name}.tmp`, 'half a fi');
    utimesSync(`${path}.4711.tmp`, 1, 1);
    await createFileTokenStore(path).list();
    expect(readdirSync(join(path, '..'))).toEqual(['tokens.json.4712.tmp']);
  });

  it('holds a whole pair after a kill at any moment', async () => {
    const folder = makeFolder();
    const path = join(folder, 'tokens.json');
    const script = fileURLToPath(new URL('save-for-ever.ts', import.meta.url));
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, ['--import', 'tsx', script, path], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      let saved = 0;
      child.stdout.on('data', (text: Buffer) => {
        saved = Number(String(text).trim().split('\n').at(-1));
      });
      await waitUntil(() => saved > 20 + round * 7);
      child.kill('SIGKILL');
      await exited;
      const stored = await createFileTokenStore(path).load('1');
      const generation = Number(stored?.accessToken.slice('access-'.length));
      expect(stored?.refreshToken).toBe(`refresh-${generation}`);
      // What the child said was saved is there; it may have got one further without saying so.
      expect(generation).toBeGreaterThanOrEqual(saved);
    }
  });
});
