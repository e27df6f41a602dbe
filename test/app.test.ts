import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type App, createApp } from '../src/app.ts';
import { loadConfig, pointTwurpleAt } from '../src/config/load.ts';
import type { Config } from '../src/config/schema.ts';
import { createSupervisor, type Supervisor } from '../src/lib/lifecycle.ts';
import { createLog } from '../src/ops/log.ts';
import type { Simulator } from '../src/simulator/simulator.ts';
import { simulatedApplication } from '../src/simulator/stage.ts';
import type { StoreClient } from '../src/store/client.ts';
import { startSimulator, waitUntil } from './simulator/support.ts';

interface Run {
  readonly app: App;
  readonly store: StoreClient;
  /** Sweeps until the daemon has looked so many times more. */
  sweeps(count: number): Promise<void>;
  stop(): Promise<void>;
}

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

function configFor(simulator: Simulator): Config {
  const channels = simulator.world.channels.map(({ login }) => login);
  const config = loadConfig({ channels, dataDir, port: 0, twitchUrl: `http://127.0.0.1:${simulator.port}` }, {});
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

async function run(simulator: Simulator): Promise<Run> {
  const config = configFor(simulator);
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

const channels = [1, 2, 3, 4].map((n) => ({ id: String(n), login: `gauge${n}` }));

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
  });
});
