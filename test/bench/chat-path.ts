/**
 * Chat throughput of the whole path (websocket in, row committed, frame sent) beside tmi.js alone, in one run:
 * as fast as it goes, and at a steady 5,000 messages a second.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFeed } from '../../src/cli/feed-reader.ts';
import { pause } from '../../src/lib/lifecycle.ts';
import { channelName, inventLines } from './lines.ts';
import { cpuSeconds, residentMb, startContender } from './processes.ts';

const channelCount = 10;
const channels = Array.from({ length: channelCount }, (_, i) => channelName(i)).join(',');
const directory = mkdtempSync(join(tmpdir(), 'streamgauge-bench-'));

type SenderMessage = { kind: 'port'; port: number } | { kind: 'sent' };
type ReceiverMessage =
  | { kind: 'ready'; feed?: string; engine?: number }
  | { kind: 'done'; seconds: number; committedSeconds?: number; loopP99Ms?: number; loopMaxMs?: number };

interface Result {
  readonly name: string;
  readonly receivedPerSecond: number;
  /** Until the last row was committed. */
  readonly committedPerSecond: number | undefined;
  /** CPU seconds for a million messages: of the receiver, and of its ClickHouse. */
  readonly cpuPerMillion: number;
  readonly enginePerMillion: number | undefined;
  readonly loopP99Ms: number | undefined;
  readonly loopMaxMs: number | undefined;
  readonly residentMb: number;
  readonly framesSent: number | undefined;
}

async function measure(name: string, contender: 'tmi' | 'daemon', count: number, rate: string): Promise<Result> {
  const file = join(directory, `${count}.txt`);
  writeFileSync(file, inventLines(count, channelCount).join('\n'));
  const sender = startContender<SenderMessage>('./sender.ts', [file, rate]);
  const { port } = await sender.next('port');
  const dataDir = join(directory, `data-${contender}-${rate}`);
  const receiver = startContender<ReceiverMessage>(`./receiver-${contender}.ts`, [
    String(port),
    channels,
    String(count),
    dataDir,
  ]);
  const ready = await receiver.next('ready');
  const leaving = new AbortController();
  let frames = 0;
  const feed =
    ready.feed === undefined
      ? undefined
      : readFeed({ url: `${ready.feed}?types=chat.*`, signal: leaving.signal, onEvent: () => (frames += 1) });
  const cpuBefore = cpuSeconds(receiver.pid);
  const engineBefore = ready.engine === undefined ? 0 : cpuSeconds(ready.engine);
  sender.send({ kind: 'begin' });
  const done = await receiver.next('done');
  const cpu = cpuSeconds(receiver.pid) - cpuBefore;
  const engine = ready.engine === undefined ? undefined : cpuSeconds(ready.engine) - engineBefore;
  const memory = residentMb(receiver.pid);
  // The last frames may still be on their way to the client.
  for (let i = 0; feed !== undefined && frames < count && i < 100; i += 1) await pause(50);
  leaving.abort();
  await feed;
  await Promise.all([receiver.end(), sender.end()]);
  return {
    name,
    receivedPerSecond: Math.round(count / done.seconds),
    committedPerSecond: done.committedSeconds === undefined ? undefined : Math.round(count / done.committedSeconds),
    cpuPerMillion: (cpu / count) * 1e6,
    enginePerMillion: engine === undefined ? undefined : (engine / count) * 1e6,
    loopP99Ms: done.loopP99Ms,
    loopMaxMs: done.loopMaxMs,
    residentMb: memory,
    framesSent: ready.feed === undefined ? undefined : frames,
  };
}

const show = (value: number | undefined, digits = 1) => (value === undefined ? '–' : value.toFixed(digits));

try {
  const results = [
    await measure('tmi.js alone, flat out', 'tmi', 200_000, 'max'),
    await measure('whole path, flat out', 'daemon', 200_000, 'max'),
    await measure('tmi.js alone, 5,000/s', 'tmi', 75_000, '5000'),
    await measure('whole path, 5,000/s', 'daemon', 75_000, '5000'),
  ];
  const cpu = cpus();
  console.log(
    `\n${cpu.length} × ${cpu[0]?.model ?? 'unknown CPU'}, Node ${process.versions.node}; ${channelCount} channels\n`,
  );
  console.log(
    '| | received/s | committed/s | CPU s/M | + ClickHouse CPU s/M | loop delay p99 ms | max ms | RSS MB | frames sent |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const r of results) {
    const cells = [
      r.receivedPerSecond,
      r.committedPerSecond ?? '–',
      show(r.cpuPerMillion),
      show(r.enginePerMillion),
      show(r.loopP99Ms),
      show(r.loopMaxMs),
    ];
    console.log(`| ${[r.name, ...cells, r.residentMb, r.framesSent ?? '–'].join(' | ')} |`);
  }
} finally {
  rmSync(directory, { recursive: true, force: true });
}
