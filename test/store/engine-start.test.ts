import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/lib/errors.ts';
import { Registry } from '../../src/ops/metrics.ts';
import { createEmbeddedEngine } from '../../src/store/engine/embedded-engine.ts';
import { platformProblem } from '../../src/store/engine/platform.ts';
import { socketPathFor } from '../../src/store/engine/socket-path.ts';
import { database, log, startStore, type TestStore } from './support.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.close());

describe('the embedded engine', () => {
  it('keeps its socket and its data for the owner alone', async () => {
    const mode = async (path: string) => (await stat(path)).mode & 0o777;
    expect((await mode(store.engine.socketPath)) & 0o077).toBe(0);
    expect((await mode(join(store.dataDir, 'clickhouse'))) & 0o077).toBe(0);
  });

  it('refuses a second daemon on the same directory, and says so', async () => {
    const { dataDir } = store;
    const second = createEmbeddedEngine({ dataDir, database, lockWaitMs: 0, log, registry: new Registry() });
    const error = await second.start(new AbortController().signal, () => {}).catch((thrown: unknown) => thrown);
    await second.stop(AbortSignal.timeout(1_000));
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems[0]).toMatchObject({
      path: 'dataDir',
      message: expect.stringContaining('in use'),
    });
    expect(await store.client.ping()).toBe(true);
  });
});

describe('a data directory with a long path', () => {
  it('gets its socket in a private directory', async () => {
    const base = await mkdtemp(join(tmpdir(), 'gauge-'));
    const dataDir = join(base, 'deep'.repeat(30));
    await mkdir(dataDir);
    const path = socketPathFor(dataDir);
    expect(Buffer.byteLength(path)).toBeLessThan(104);
    expect(path).not.toBe(socketPathFor(`${dataDir}2`));
    expect(socketPathFor('/var/lib/gauge')).toBe('/var/lib/gauge/clickhouse.sock');
    const engine = createEmbeddedEngine({ dataDir, database, log, registry: new Registry() });
    await engine.start(new AbortController().signal, () => {});
    expect((await stat(dirname(path))).mode & 0o777).toBe(0o700);
    await engine.stop(AbortSignal.timeout(10_000));
    await rm(base, { recursive: true });
    await rm(dirname(path), { recursive: true, force: true });
  });
});

describe('the analysts’ password', () => {
  it('is drawn once and kept', async () => {
    const other = await startStore({ reader: { port: 0 } });
    const kept = await readFile(join(other.dataDir, 'clickhouse-password'), 'utf8');
    const passwordFile = join(other.dataDir, 'clickhouse-password');
    expect(other.engine.queryCredentials).toEqual({ user: 'analyst', password: kept.trim(), passwordFile });
    expect((await stat(join(other.dataDir, 'clickhouse-password'))).mode & 0o777).toBe(0o600);
    await other.close();
  });
});

describe('a port for queries that is taken', () => {
  it('keeps the daemon from its first start, and names the setting', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const dataDir = await mkdtemp(join(tmpdir(), 'gauge-'));
    const options = { dataDir, database, log, reader: { port, password: 'given' } };
    const engine = createEmbeddedEngine({ ...options, registry: new Registry() });
    const error = await engine.start(new AbortController().signal, () => {}).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).problems).toEqual([
      { path: 'clickhouse.queryPort', message: `port ${port} is in use; choose another or null` },
    ]);
    expect(engine.status()).toMatchObject({ state: 'stopped', pid: undefined });
    await engine.stop(AbortSignal.timeout(1_000));
    taken.close();
    await once(taken, 'close');
    const again = await startStore({ ...options, lockWaitMs: 0 });
    expect(again.engine.queryCredentials).toEqual({ user: 'analyst', password: 'given', passwordFile: undefined });
    await again.close();
  });
});

describe('an engine that does not open in time', () => {
  it('is killed', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'gauge-'));
    const engine = createEmbeddedEngine({ dataDir, database, openTimeoutMs: 1, log, registry: new Registry() });
    const started = engine.start(new AbortController().signal, () => {});
    await expect(started).rejects.toThrow('did not open within 1 ms');
    expect(engine.status()).toMatchObject({ state: 'stopped', pid: undefined });
    await engine.stop(AbortSignal.timeout(1_000));
    await rm(dataDir, { recursive: true });
  });
});

describe('platformProblem', () => {
  const good = { os: 'linux', arch: 'x64', cpuFlags: ['sse2', 'avx2'], isGlibc: true } as const;
  it.each([
    [good, undefined],
    [{ ...good, cpuFlags: undefined }, undefined],
    [{ ...good, arch: 'arm64', cpuFlags: [] }, undefined],
    [{ ...good, os: 'darwin', cpuFlags: undefined, isGlibc: false }, undefined],
    [{ ...good, cpuFlags: ['sse2'] }, /AVX2/],
    [{ ...good, isGlibc: false }, /glibc/],
    [{ ...good, os: 'win32' }, /win32/],
    [{ ...good, arch: 'riscv64' }, /riscv64/],
  ] as const)('of %j', (platform, expected) => {
    const problem = platformProblem(platform);
    if (expected === undefined) expect(problem).toBeUndefined();
    else expect(problem).toMatch(expected);
  });
});
