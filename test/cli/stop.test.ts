import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pause } from '../../src/lib/lifecycle.ts';
import { createSimulator, type Simulator } from '../../src/simulator/simulator.ts';
import { channelName, inventLines } from '../bench/lines.ts';
import { type RunningCli, runCli, startCli } from './run-cli.ts';

let directory: string;
let simulator: Simulator;
let daemon: RunningCli | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamgauge-stop-test-'));
  const file = join(directory, 'lines.txt');
  await writeFile(file, inventLines(40_000, 3).join('\n'));
  simulator = createSimulator({ replay: { file, rate: 4_000 }, changesPerMinute: 0 });
  await simulator.start(new AbortController().signal, (error) => {
    throw error;
  });
});
afterEach(async () => {
  daemon?.process.kill('SIGKILL');
  await daemon?.result;
  await simulator.stop(AbortSignal.abort());
  await rm(directory, { recursive: true });
});

async function receivedLines(base: string): Promise<number> {
  const status = (await (await fetch(`${base}api/v1/status`)).json()) as { chat: { received: number } };
  return status.chat.received;
}

describe('SIGTERM under load', { timeout: 60_000 }, () => {
  it('stores everything that was taken in before, without a hole, within 10 seconds', async () => {
    const dataDir = join(directory, 'data');
    const config = join(directory, 'streamgauge.yaml');
    await writeFile(config, `dataDir: ${dataDir}\nclickhouse: { queryPort: 0 }\nhttp: { port: 0 }\n`);
    const channels = [0, 1, 2].map(channelName).join(',');
    const twitch = `http://127.0.0.1:${simulator.port}`;
    daemon = startCli([
      'run',
      '--config',
      config,
      '--channels',
      channels,
      '--twitch-url',
      twitch,
      '--log-level',
      'warn',
    ]);
    const base = (await daemon.saw(/dashboard {2}(http:\S+)/))[1] ?? '';
    let received = 0;
    while (received < 8_000) {
      received = await receivedLines(base);
      await pause(20);
    }
    const signalledAt = performance.now();
    daemon.process.kill('SIGTERM');
    const { code } = await daemon.result;
    expect(performance.now() - signalledAt).toBeLessThan(10_000);
    expect(code).toBe(0);

    // The recording numbers its lines in the last twelve digits of their ids, so a hole shows as a count below the highest number.
    const query =
      'SELECT count(), uniqExact(message_id), max(reinterpretAsUInt64(reverse(unhex(right(toString(message_id), 12))))) FROM chat_messages FORMAT TSV';
    const { out } = await runCli(['sql', query, '--config', config]);
    const [rows, distinct, highest] = out.trim().split('\t').map(Number);
    expect(rows).toBeGreaterThanOrEqual(received - 3);
    expect(rows).toBeLessThan(40_000);
    expect([rows, highest]).toEqual([distinct, distinct]);
  });
});
