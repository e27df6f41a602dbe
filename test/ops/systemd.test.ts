import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLog } from '../../src/ops/log.ts';
import { createSystemd, readNotifySettings } from '../../src/ops/systemd.ts';

const log = createLog({ level: 'silent' });
const never = new AbortController().signal;
const failTest = (error: Error) => {
  throw error;
};

describe('what the environment asks for', () => {
  test.each([
    [{}, undefined],
    [{ NOTIFY_SOCKET: '' }, undefined],
    [{ WATCHDOG_USEC: '30000000' }, undefined],
    [{ NOTIFY_SOCKET: '/run/n' }, { socket: '/run/n', watchdogMs: undefined }],
    [
      { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '30000000' },
      { socket: '@n', watchdogMs: 30_000 },
    ],
    [
      { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' },
      { socket: '@n', watchdogMs: 30_000 },
    ],
    [
      { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: '30000000', WATCHDOG_PID: '43' },
      { socket: '@n', watchdogMs: undefined },
    ],
    [
      { NOTIFY_SOCKET: '@n', WATCHDOG_USEC: 'soon' },
      { socket: '@n', watchdogMs: undefined },
    ],
  ])('%o', (env, expected) => {
    expect(readNotifySettings(env, 42)).toEqual(expected);
  });
});

test('without a socket nothing is run, and start and stop are harmless', async () => {
  const describe = vi.fn(() => 'unused');
  const service = createSystemd({ settings: undefined, isHealthy: () => true, describe, log, command: '/nonexistent' });
  await service.start(never, failTest);
  await service.stop(never);
  expect(describe).not.toHaveBeenCalled();
});

test('a READY that cannot be sent fails the start and names the program', async () => {
  const settings = { socket: '/nonexistent', watchdogMs: undefined };
  const service = createSystemd({ settings, isHealthy: () => true, describe: () => '', log, command: '/no/such' });
  await expect(service.start(never, failTest)).rejects.toThrow('/no/such could not deliver READY=1');
  await service.stop(never);
});

/** A unix datagram socket as systemd holds one; Node cannot make it, so Python does, and prints a line per message. */
const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    data, ancillary, _, _ = s.recvmsg(4096, 1024)
    for level, kind, raw in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            import array, os
            fds = array.array("i"); fds.frombytes(raw)
            for fd in fds: os.close(fd)
    print(data.decode().replace("\\n", "|"), flush=True)
`;

function has(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const canReceive = has('python3') && has('systemd-notify');
if (!canReceive) console.warn('skipped: the socket tests need python3 and systemd-notify');

describe.skipIf(!canReceive)('on a real socket', () => {
  let folder: string;
  let python: ChildProcess;
  let messages: string[];
  let socket: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'notify-'));
    socket = join(folder, 'socket');
    messages = [];
    python = spawn('python3', ['-c', receiver, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (python.stdout === null) throw new Error('python has no output');
    createInterface(python.stdout).on('line', (line) => messages.push(line));
    await vi.waitUntil(() => messages[0] === 'bound', { timeout: 10_000 });
  });

  afterEach(async () => {
    const exited = once(python, 'exit');
    python.kill();
    await exited;
    rmSync(folder, { recursive: true });
  });

  test('it says ready with a status, pings, and says that it stops, once', async () => {
    const settings = { socket, watchdogMs: 100 };
    const service = createSystemd({ settings, isHealthy: () => true, describe: () => '3 channels\njoined', log });
    await service.start(never, failTest);
    await vi.waitUntil(() => messages.filter((line) => line.includes('WATCHDOG=1')).length >= 2, { timeout: 10_000 });
    await Promise.all([service.stop(never), service.stop(never)]);
    await vi.waitUntil(() => messages.some((line) => line.startsWith('STOPPING=1')));
    const told = messages.slice(1).filter((line) => !line.startsWith('BARRIER'));
    expect(told[0]).toMatch(/^READY=1\|STATUS=3 channels joined/);
    expect(told.filter((line) => line.startsWith('STOPPING=1'))).toHaveLength(1);
    expect(told.at(-1)).toMatch(/^STOPPING=1/);
  });

  test('pings stop while the health check says no, and the status still tells why', async () => {
    let looks = 0;
    const isHealthy = () => {
      looks += 1;
      return false;
    };
    const settings = { socket, watchdogMs: 100 };
    const service = createSystemd({ settings, isHealthy, describe: () => `look ${looks}`, log });
    await service.start(never, failTest);
    await vi.waitUntil(() => messages.some((line) => line.startsWith('STATUS=look 3')), { timeout: 10_000 });
    await service.stop(never);
    expect(messages.filter((line) => line.includes('WATCHDOG=1'))).toEqual([]);
  });
});
