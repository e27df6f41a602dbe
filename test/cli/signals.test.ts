import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { simulatedApplication } from '../../src/simulator/stage.ts';
import { startSimulator } from '../simulator/support.ts';
import { type RunningCli, startCli } from './run-cli.ts';

let directory: string;
let simulator: Simulator;
let daemon: RunningCli | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamgauge-signals-'));
  simulator = await startSimulator({ channels: [{ id: '1', login: 'gaugetown' }], liveShare: 1 });
});
afterEach(async () => {
  daemon?.process.kill('SIGKILL');
  await daemon?.result;
  await rm(directory, { recursive: true });
});

async function start(args: readonly string[] = []): Promise<RunningCli> {
  const config = join(directory, 'streamgauge.yaml');
  const http =
    'http: { port: 0 }\nclickhouse: { queryPort: 0 }\nstopTimeoutSeconds: 4\nhelix: { streamsEverySeconds: 1 }\n';
  await writeFile(config, `dataDir: ${join(directory, 'data')}\n${http}`);
  const secrets = { TWITCH_CLIENT_ID: simulatedApplication.id, TWITCH_CLIENT_SECRET: simulatedApplication.secret };
  const twitch = `http://127.0.0.1:${simulator.port}`;
  daemon = startCli(['run', '--config', config, '--channels', 'gaugetown', '--twitch-url', twitch, ...args], secrets);
  return daemon;
}

async function endsWithin(ms: number, cli: RunningCli): Promise<number | null> {
  const began = performance.now();
  const { code } = await cli.result;
  expect(performance.now() - began).toBeLessThan(ms);
  return code;
}

describe('a running daemon', { timeout: 60_000 }, () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('stops in order on %s', async (signal) => {
    const cli = await start();
    await cli.saw(/dashboard/);
    cli.process.kill(signal);
    expect(await endsWithin(4_000, cli)).toBe(0);
  });

  it('stops on a signal that comes while it starts, and leaves nothing behind', async () => {
    for (const service of ['embedded ClickHouse', 'writer', 'feed', 'chat', 'helix users']) {
      const cli = await start(['--log-level', 'debug']);
      await cli.saw(new RegExp(`"service":"${service}","phase":"starting"`));
      cli.process.kill('SIGTERM');
      expect(await endsWithin(4_000, cli), service).toBe(0);
    }
  });

  it('does not wait for a Helix that never answers', async () => {
    simulator.order({ order: 'http_hang', path: '/mock', times: 100 });
    const cli = await start();
    await cli.saw(/dashboard/);
    cli.process.kill('SIGTERM');
    expect(await endsWithin(6_000, cli)).toBe(0);
  });

  it('starts though no token can be had, and stops', async () => {
    simulator.order({ order: 'http_hang', path: '/auth/token', times: 100 });
    const cli = await start();
    await cli.saw(/dashboard/);
    cli.process.kill('SIGTERM');
    expect(await endsWithin(6_000, cli)).toBe(0);
  });

  it('works on when nobody reads its log any more, and still stops', async () => {
    const cli = await start(['--log-level', 'trace']);
    const base = (await cli.saw(/dashboard {2}(http:\S+)/))[1] ?? '';
    cli.process.stderr.destroy();
    cli.process.stdout.destroy();
    simulator.order({ order: 'speak', lines: 500 });
    expect((await fetch(`${base}livez`)).status).toBe(200);
    cli.process.kill('SIGTERM');
    expect(await endsWithin(6_000, cli)).toBe(0);
  });
});
