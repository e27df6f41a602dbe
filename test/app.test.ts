import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type App, createApp } from '../src/app.ts';
import { loadConfig, pointTwurpleAt } from '../src/config/load.ts';
import type { Config } from '../src/config/schema.ts';
import { createSupervisor, type Supervisor } from '../src/lib/lifecycle.ts';
import { createLog } from '../src/ops/log.ts';
import type { Simulator } from '../src/simulator/simulator.ts';
import { simulatedApplication } from '../src/simulator/stage.ts';
import type { StoreClient } from '../src/store/client.ts';
import { createEmbeddedEngine } from '../src/store/engine/embedded-engine.ts';
import { closeAfterwards, startSimulator, waitUntil } from './simulator/support.ts';

interface Run {
  readonly app: App;
  readonly store: StoreClient;
  /** Sweeps until the daemon has looked so many times more. */
  sweeps(count: number): Promise<void>;
  stop(): Promise<void>;
}

const channels = [1, 2, 3, 4].map((n) => ({ id: String(n), login: `gauge${n}` }));

let dataDir: string;
let running: Supervisor | undefined;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'streamgauge-app-'));
});
afterEach(async () => {
  await running?.stop();
  delete process.env.TWURPLE_MOCK_API_PORT;
  await rm(dataDir, { recursive: true });
});

function configFor(simulator: Simulator, channels: readonly string[], clickhouseUrl?: string): Config {
  const config = loadConfig(
    { channels, dataDir, port: 0, twitchUrl: `http://127.0.0.1:${simulator.port}`, clickhouseUrl },
    {},
  );
  const secrets = {
    twitchClientId: simulatedApplication.id,
    twitchClientSecret: simulatedApplication.secret,
    clickhousePassword: undefined,
  };
  return {
    ...config,
    secrets,
    clickhouse: { ...config.clickhouse, queryPort: 0 },
    helix: { streamsEverySeconds: 1, offlineAfterMisses: 2, offlineAfterSeconds: 0 },
  };
}

async function run(
  simulator: Simulator,
  logins = channels.map(({ login }) => login),
  clickhouseUrl?: string,
): Promise<Run> {
  const config = configFor(simulator, logins, clickhouseUrl);
  pointTwurpleAt(config.twitchUrl ?? '');
  let store: StoreClient | undefined;
  const app = createApp({
    config,
    version: 'test',
    log: createLog({ level: 'silent' }),
    registry: new Registry(),
    besideStore: (client) => {
      store = client;
      return { name: 'test', start: async () => {}, stop: async () => {} };
    },
  });
  const faults: unknown[] = [];
  const supervisor = createSupervisor({
    services: app.services,
    stopTimeoutMs: 10_000,
    onFault: (fault) => faults.push(fault),
  });
  running = supervisor;
  await supervisor.start();
  if (store === undefined) throw new Error('no store');
  const runs = () => app.streams?.status().sweep.runs ?? 0;
  return {
    app,
    store,
    sweeps: async (count) => {
      const until = runs() + count;
      await waitUntil(() => runs() >= until);
    },
    stop: async () => {
      await supervisor.stop();
      expect(faults).toEqual([]);
    },
  };
}

interface StoredChange {
  readonly kind: string;
  readonly channel_id: string;
  readonly is_late: boolean;
  readonly before: string;
  readonly after: string;
}

async function changes({ app, store }: Run): Promise<StoredChange[]> {
  const pending = () => app.writer.status().tables.stream_changes.pendingRows;
  await waitUntil(() => pending() === 0);
  return store.select<StoredChange>(
    `SELECT kind, toString(channel_id) AS channel_id, is_late, before, after FROM ${store.database}.stream_changes ORDER BY detected_at, channel_id, kind`,
  );
}

describe('a daemon that was away', { timeout: 60_000 }, () => {
  it('announces once, late and marked so, what happened meanwhile, and nothing twice', async () => {
    const simulator = await startSimulator({ channels, liveShare: 0 });
    simulator.order({ order: 'go_live', channelId: '1' });
    simulator.order({ order: 'go_live', channelId: '2' });
    const first = await run(simulator);
    await first.sweeps(2);
    // What was on before the first look is the scene, not news.
    expect(await changes(first)).toEqual([]);
    simulator.order({ order: 'describe', channelId: '1', title: 'seen at once' });
    await first.sweeps(2);
    expect(await changes(first)).toMatchObject([{ kind: 'title_changed', after: 'seen at once', is_late: false }]);
    await first.stop();

    simulator.order({ order: 'describe', channelId: '1', title: 'while away' });
    simulator.order({ order: 'go_offline', channelId: '2' });
    simulator.order({ order: 'go_live', channelId: '3' });
    const second = await run(simulator);
    await second.sweeps(4);
    const late = (await changes(second)).slice(1);
    expect(late.toSorted((a, b) => Number(a.channel_id) - Number(b.channel_id))).toMatchObject([
      { kind: 'title_changed', channel_id: '1', before: 'seen at once', after: 'while away', is_late: true },
      { kind: 'stream_offline', channel_id: '2', is_late: true },
      { kind: 'stream_online', channel_id: '3', is_late: true },
    ]);
    await second.stop();

    const third = await run(simulator);
    await third.sweeps(3);
    expect(await changes(third)).toHaveLength(4);
    await third.stop();
  });
});

describe('a channel that is renamed', { timeout: 60_000 }, () => {
  it('goes on under the same id: the change is told, the old room is left, the new one joined', async () => {
    const simulator = await startSimulator({ channels, liveShare: 1 });
    const daemon = await run(simulator);
    await waitUntil(() => daemon.app.chat?.status().seats.every((seat) => seat.state === 'joined'));
    await daemon.sweeps(1);
    simulator.order({ order: 'rename', channelId: '4', login: 'headwater' });
    await daemon.sweeps(2);
    await waitUntil(
      () => daemon.app.chat?.status().seats.find((seat) => seat.login === 'headwater')?.state === 'joined',
    );
    expect(daemon.app.watchList.byId('4')).toMatchObject({ login: 'headwater' });
    expect(daemon.app.chat?.status().seats.map((seat) => seat.login)).not.toContain('gauge4');
    expect(await changes(daemon)).toMatchObject([{ kind: 'channel_renamed', before: 'gauge4', after: 'headwater' }]);
    await daemon.stop();

    // The operator's file still holds the old login.
    const again = await run(simulator);
    await waitUntil(() => again.app.chat?.status().seats.every((seat) => seat.state === 'joined'));
    expect(again.app.chat?.status().seats.map((seat) => seat.login)).toContain('headwater');
    await again.sweeps(1);
    expect(again.app.board.state('4')?.phase).toBe('live');
    expect(await changes(again)).toHaveLength(1);
    await again.stop();
  });
});

describe('after a restart', { timeout: 60_000 }, () => {
  it('does not announce again a session that had flapped, and shows nothing of channels nobody watches', async () => {
    const simulator = await startSimulator({ channels, liveShare: 1 });
    const first = await run(simulator);
    await first.sweeps(1);
    simulator.order({ order: 'hide_stream', channelId: '1', times: 3 });
    await waitUntil(() => first.app.board.state('1')?.phase === 'offline');
    await waitUntil(() => first.app.board.state('1')?.phase === 'live');
    const told = await changes(first);
    expect(told).toMatchObject([{ kind: 'stream_offline' }, { kind: 'stream_online' }]);
    await first.sweeps(1);
    await first.stop();

    const second = await run(simulator, ['gauge1', 'gauge2']);
    await second.sweeps(2);
    expect(await changes(second)).toHaveLength(2);
    const base = second.app.server.address();
    const answer = await fetch(`http://127.0.0.1:${base.port}/api/v1/streams`);
    expect(await answer.json()).toMatchObject({ total: 2 });
    const tracked = () =>
      second.store.select<{ login: string }>(
        `SELECT login FROM ${second.store.database}.channels FINAL WHERE is_tracked ORDER BY login`,
      );
    await waitUntil(() => second.app.writer.status().tables.channels.pendingRows === 0);
    expect((await tracked()).map(({ login }) => login)).toEqual(['gauge1', 'gauge2']);
    await second.stop();
  });
});

/** A ClickHouse server by URL: the embedded engine behind a TCP port. */
async function startServer(port: number): Promise<void> {
  const engine = createEmbeddedEngine({
    dataDir: join(dataDir, 'server'),
    database: 'streamgauge',
    log: createLog({ level: 'silent' }),
    registry: new Registry(),
  });
  await engine.start(new AbortController().signal, () => {});
  const server = createServer((socket) => {
    const upstream = connect(engine.socketPath);
    socket.on('error', () => upstream.destroy()).pipe(upstream);
    upstream.on('error', () => socket.destroy()).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  closeAfterwards(() => engine.stop(AbortSignal.timeout(2_000)));
  closeAfterwards(() => server.close());
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('a ClickHouse server that is away', { timeout: 60_000 }, () => {
  it('does not keep the daemon from listening: rows wait and are stored when it is there', async () => {
    const simulator = await startSimulator({ channels, liveShare: 1 });
    const port = await freePort();
    const daemon = await run(simulator, undefined, `http://127.0.0.1:${port}`);
    await waitUntil(() => daemon.app.chat?.status().seats.every((seat) => seat.state === 'joined'));
    const base = `http://127.0.0.1:${daemon.app.server.address().port}`;
    const readiness = await fetch(`${base}/readyz?verbose=1`);
    expect([readiness.status, await readiness.text()]).toEqual([
      503,
      expect.stringContaining('waiting for ClickHouse'),
    ]);
    simulator.order({ order: 'speak', lines: 300 });
    const { sent } = simulator.truth().chat;
    await waitUntil(() => Object.values(daemon.app.chat?.status().kept ?? {}).reduce((a, b) => a + b, 0) === sent);

    await startServer(port);
    const { chat_messages: messages, chat_events: events } = daemon.app.writer.status().tables;
    expect(messages.insertedRows + events.insertedRows).toBe(0);
    const stored = () => {
      const { tables } = daemon.app.writer.status();
      return tables.chat_messages.insertedRows + tables.chat_events.insertedRows;
    };
    // Setup and writer both wait longer and longer between their tries.
    await vi.waitUntil(() => stored() === sent, { timeout: 40_000, interval: 50 });
    await vi.waitUntil(async () => (await fetch(`${base}/readyz`)).status === 200, { timeout: 40_000, interval: 100 });
    await daemon.stop();
  });
});
