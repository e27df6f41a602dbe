/** Contenders run in processes of their own, so that the CPU time of each is its own. They talk over IPC in small objects. */
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface Contender<Message> {
  readonly pid: number;
  /** The next message of this kind. */
  next<K extends string>(kind: K): Promise<Extract<Message, { kind: K }>>;
  send(message: object): void;
  end(): Promise<void>;
}

export function startContender<Message extends { readonly kind: string }>(
  file: string,
  args: readonly string[],
): Contender<Message> {
  const child = fork(new URL(file, import.meta.url), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const waiting = new Map<string, (message: Message) => void>();
  const early = new Map<string, Message[]>();
  child.on('message', (message: Message) => {
    const take = waiting.get(message.kind);
    waiting.delete(message.kind);
    if (take !== undefined) take(message);
    else early.set(message.kind, [...(early.get(message.kind) ?? []), message]);
  });
  return {
    pid: child.pid ?? 0,
    next: <K extends string>(kind: K) =>
      new Promise<Extract<Message, { kind: K }>>((resolve, reject) => {
        const message = early.get(kind)?.shift();
        if (message !== undefined) resolve(message as Extract<Message, { kind: K }>);
        else waiting.set(kind, (later) => resolve(later as Extract<Message, { kind: K }>));
        child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
      }),
    send: (message) => void child.send(message),
    end: () => ended(child),
  };
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGTERM');
  });
}

/** CPU seconds of a process so far, user and system, from proc(5); 100 ticks a second. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory in MB. */
export function residentMb(pid: number): number {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Math.round(Number(kilobytes ?? 0) / 1024);
}
