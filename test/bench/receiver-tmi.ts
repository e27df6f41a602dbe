/** The peer: a plain tmi.js client that counts messages, as any application would use it. */
import { createRequire } from 'node:module';
import type { Client, Options } from 'tmi.js';

const [port = '0', channels = '', expected = '0'] = process.argv.slice(2);
const tmi = createRequire(import.meta.url)('tmi.js') as { Client: new (options: Options) => Client };
const logins = channels.split(',');
const client = new tmi.Client({
  options: { skipMembership: true, joinInterval: 550 },
  connection: { server: '127.0.0.1', port: Number(port), secure: false },
  channels: [...logins],
});

let joined = 0;
let received = 0;
let first = 0;
client.on('roomstate', () => {
  joined += 1;
  if (joined === logins.length) process.send?.({ kind: 'ready' });
});
client.on('message', () => {
  if (received === 0) first = performance.now();
  received += 1;
  if (received === Number(expected)) process.send?.({ kind: 'done', seconds: (performance.now() - first) / 1000 });
});
await client.connect();
process.on('SIGTERM', () => process.exit(0));
