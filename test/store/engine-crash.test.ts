import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Registry } from '../../src/ops/metrics.ts';
import { encodeRow } from '../../src/store/rows.ts';
import { createWriter } from '../../src/store/writer.ts';
import { capturingLog, chatMessage, log, messageCounts, startStore, type TestStore, until } from './support.ts';

let store: TestStore;
beforeAll(async () => {
  store = await startStore();
});
afterAll(() => store.close());

const isAlive = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe('when the engine is killed while rows come in', () => {
  it('is started again, and every row is stored once', async () => {
    const before = await messageCounts(store.client);
    const registry = new Registry();
    const writer = createWriter({
      client: store.client,
      dataDir: store.dataDir,
      log,
      registry,
      flushMs: 20,
      batch: { rows: 200, bytes: 1_000_000 },
    });
    await writer.start(new AbortController().signal, () => {});
    const kills = 3;
    let sent = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      const { pid, restarts } = store.engine.status();
      const goal = sent + 3_000;
      while (sent < goal) {
        for (let burst = 0; burst < 100; burst += 1) writer.append(encodeRow(chatMessage(10_000 + sent++))!);
        await new Promise((resolve) => setImmediate(resolve));
        if (sent === goal - 1_500) process.kill(pid!, 'SIGKILL');
      }
      await until(() => store.engine.status().restarts > restarts && store.engine.status().state === 'open');
    }
    await writer.stop(AbortSignal.timeout(15_000));
    expect(writer.status().droppedRows).toBe(0);
    expect(writer.status().tables.chat_messages.retries).toBeGreaterThan(0);
    const after = await messageCounts(store.client);
    expect(after.distinct - before.distinct).toBe(sent);
    expect(after.stored - before.stored).toBe(sent);
  });
});

describe('an engine that dies again and again', () => {
  it('is started again ever more slowly, though it opens each time', async () => {
    const { entries, log } = capturingLog();
    const other = await startStore({ log });
    try {
      for (let death = 1; death <= 4; death += 1) {
        process.kill(other.engine.status().pid!, 'SIGKILL');
        await until(() => other.engine.status().restarts === death && other.engine.status().state === 'open');
      }
      const deaths = entries.filter(({ msg }) => msg === 'embedded clickhouse died, starting it again');
      expect(deaths.map(({ failures }) => failures)).toEqual([0, 1, 2, 3]);
      expect(deaths[3]!.waitMs).toBeGreaterThanOrEqual(800);
    } finally {
      await other.close();
    }
  });
});

describe('when the port for queries is taken while the engine is away', () => {
  it('the daemon is served all the same, and the port is opened when it is free', async () => {
    const other = await startStore({ reader: { port: 0 } });
    const url = other.engine.queryUrl!;
    const thief = createServer();
    try {
      process.kill(other.engine.status().pid!, 'SIGKILL');
      await until(() => other.engine.status().state !== 'open');
      await once(thief.listen(Number(new URL(url).port), '127.0.0.1'), 'listening');
      await until(() => other.engine.status().state === 'open');
      expect(other.engine.status().readerError).toContain('EADDRINUSE');
      expect(await messageCounts(other.client)).toEqual({ distinct: 0, stored: 0 });
      thief.close();
      await until(() => other.engine.status().readerError === undefined);
      expect(other.engine.queryUrl).toBe(url);
      expect(await (await fetch(`${url}/ping`)).text()).toBe('Ok.\n');
    } finally {
      thief.close();
      await other.close();
    }
  });
});

describe('a daemon that is told to stop', () => {
  it('has stored everything it accepted when it is gone, and its engine with it', async () => {
    const { daemon, dataDir } = await startDaemon();
    const [first] = await once(createInterface({ input: daemon.stdout! }), 'line');
    const enginePid = Number(first);
    const accepted = once(createInterface({ input: daemon.stdout! }), 'line');
    daemon.kill('SIGTERM');
    process.kill(enginePid, 'SIGTERM');
    const [count] = await accepted;
    const [code] = await once(daemon, 'exit');
    expect(code).toBe(0);
    expect(isAlive(enginePid)).toBe(false);
    const again = await startStore({ dataDir });
    const stored = await messageCounts(again.client);
    await again.close();
    expect(stored).toEqual({ distinct: Number(count), stored: Number(count) });
    expect(Number(count)).toBeGreaterThan(20_000);
  });

  it('takes the engine with it when it dies without a word', async () => {
    const { daemon } = await startDaemon();
    const [first] = await once(createInterface({ input: daemon.stdout! }), 'line');
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    await until(() => !isAlive(Number(first)));
  });
});

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

/** Gone after the test, however that ends: it writes at full load. */
async function startDaemon(): Promise<{ daemon: ChildProcess; dataDir: string }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'gauge-daemon-'));
  const script = fileURLToPath(new URL('./small-daemon.ts', import.meta.url));
  const daemon = spawn(process.execPath, ['--import', 'tsx', script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  undo.push(async () => {
    if (daemon.exitCode === null && daemon.signalCode === null) {
      daemon.kill('SIGKILL');
      await once(daemon, 'exit');
    }
    // Its engine ends by itself, a moment later.
    await rm(dataDir, { recursive: true, force: true, maxRetries: 20 });
  });
  return { daemon, dataDir };
}
