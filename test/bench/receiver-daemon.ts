/** The whole daemon, embedded ClickHouse and feed included. Says when every line is a committed row. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createSupervisor } from '../../src/lib/lifecycle.ts';
import { createLog } from '../../src/ops/log.ts';
import { createRegistry } from '../../src/ops/metrics.ts';

const [port = '0', channels = '', expected = '0', dataDir = '.'] = process.argv.slice(2);
const config = loadConfig(
  { channels: channels.split(','), dataDir, port: 0, logLevel: 'warn', twitchUrl: `http://127.0.0.1:${port}` },
  {},
);
const log = createLog({ level: config.logLevel });
const app = createApp({ config, version: 'bench', log, registry: createRegistry() });
const supervisor = createSupervisor({
  services: app.services,
  stopTimeoutMs: 10_000,
  onFault: ({ service, error }) => log.error({ service, err: error }, 'service failed'),
});
await supervisor.start();

const delay = monitorEventLoopDelay({ resolution: 10 });
let first = 0;
let receivedAt = 0;
let isReady = false;
const timer = setInterval(() => {
  const status = app.chat?.status();
  if (status === undefined) return;
  if (!isReady && status.seats.every((seat) => seat.state === 'joined')) {
    isReady = true;
    const address = app.server.address();
    process.send?.({
      kind: 'ready',
      feed: `ws://${address.host}:${address.port}/v1/feed`,
      engine: app.engine?.status().pid,
    });
  }
  if (first === 0 && (status.kept.PRIVMSG ?? 0) > 0) {
    first = performance.now();
    delay.enable();
  }
  if (receivedAt === 0 && (status.kept.PRIVMSG ?? 0) >= Number(expected)) receivedAt = performance.now();
  const { chat_messages: table } = app.writer.status().tables;
  if (table.insertedRows < Number(expected)) return;
  clearInterval(timer);
  delay.disable();
  const p99 = Math.max(0, delay.percentile(99) / 1e6 - 10);
  process.send?.({
    kind: 'done',
    seconds: (receivedAt - first) / 1000,
    committedSeconds: (performance.now() - first) / 1000,
    loopP99Ms: p99,
    loopMaxMs: delay.max / 1e6 - 10,
  });
}, 10);
process.on('SIGTERM', () => void supervisor.stop().then(() => process.exit(0)));
