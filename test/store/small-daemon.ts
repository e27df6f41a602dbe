/** A program of its own for the stop tests: engine and writer under a supervisor, rows as fast as they are taken, until SIGTERM. */
import { createSupervisor } from '../../src/lib/lifecycle.ts';
import { createLog } from '../../src/ops/log.ts';
import { Registry } from '../../src/ops/metrics.ts';
import { createStoreClient } from '../../src/store/client.ts';
import { createEmbeddedEngine } from '../../src/store/engine/embedded-engine.ts';
import { migrate } from '../../src/store/migrate.ts';
import { encodeRow } from '../../src/store/rows.ts';
import { createWriter } from '../../src/store/writer.ts';
import { chatMessage, database } from './support.ts';

const dataDir = process.argv[2]!;
const log = createLog({ level: 'warn' });
const registry = new Registry();
const engine = createEmbeddedEngine({ dataDir, database, log, registry });
const client = createStoreClient({ socketPath: engine.socketPath, database, log });
const writer = createWriter({ client, dataDir, log, registry });
const migrations = {
  name: 'migrations',
  start: async () => void (await migrate({ client, isEmbedded: true, log })),
  stop: () => client.close(),
};

const supervisor = createSupervisor({
  services: [engine, migrations, writer],
  stopTimeoutMs: 10_000,
  onFault: (fault) => log.error(fault),
});
await supervisor.start();

let accepted = 0;
let isSending = true;
process.once('SIGTERM', () => {
  isSending = false;
  console.log(accepted);
  void supervisor.stop();
});
let isTold = false;
while (isSending) {
  if (!isTold && accepted > 20_000) console.log(engine.status().pid);
  isTold = accepted > 20_000;
  for (let burst = 0; burst < 50; burst += 1) accepted += Number(writer.append(encodeRow(chatMessage(accepted))!));
  await new Promise((resolve) => setImmediate(resolve));
}
const faults = await supervisor.closed;
process.exitCode = faults.length;
