/** A simulator on a free port and small clients for it; everything is closed after each test. */
import { once } from 'node:events';
import { afterEach, expect, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/simulator.ts';
import { simulatedApplication } from '../../src/simulator/stage.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** Calls `close` when the test is over, newest first. */
export function closeAfterwards(close: () => unknown): void {
  closers.push(close);
}

/** Nothing happens by itself unless the options say so. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = createSimulator({ isPlaying: false, ...options });
  const faults: Error[] = [];
  await simulator.start(new AbortController().signal, (error) => faults.push(error));
  closeAfterwards(async () => {
    await simulator.stop(AbortSignal.timeout(1_000));
    expect(faults).toEqual([]);
  });
  return simulator;
}

export const waitUntil = (check: () => unknown): Promise<unknown> =>
  vi.waitUntil(check, { timeout: 8_000, interval: 5 });

export interface ChatClient {
  readonly ws: WebSocket;
  /** All lines so far. */
  readonly lines: string[];
  /** The frames they came in. */
  readonly frames: string[];
  say(line: string): void;
  join(...logins: string[]): Promise<void>;
}

/** A bare chat connection; logs in anonymously with tags and commands unless told otherwise. */
export async function connectChat(
  simulator: Simulator,
  login: readonly string[] = ['CAP REQ :twitch.tv/tags twitch.tv/commands', 'NICK justinfan7'],
): Promise<ChatClient> {
  const ws = new WebSocket(`ws://127.0.0.1:${simulator.port}/`, 'irc');
  closeAfterwards(() => ws.terminate());
  const frames: string[] = [];
  const lines: string[] = [];
  ws.on('message', (data) => {
    frames.push(String(data));
    lines.push(
      ...String(data)
        .split('\r\n')
        .filter((line) => line !== ''),
    );
  });
  await once(ws, 'open');
  for (const line of login) ws.send(line);
  if (login.length > 0) await waitUntil(() => lines.some((line) => / (376|NOTICE) /.test(line)));
  const join = async (...logins: string[]): Promise<void> => {
    ws.send(`JOIN ${logins.map((name) => `#${name}`).join(',')}`);
    await waitUntil(() => logins.every((name) => lines.some((line) => line.endsWith(`ROOMSTATE #${name}`))));
  };
  return { ws, lines, frames, join, say: (line) => ws.send(line) };
}

export async function appToken(simulator: Simulator): Promise<string> {
  const { id, secret } = simulatedApplication;
  const query = new URLSearchParams({ client_id: id, client_secret: secret, grant_type: 'client_credentials' });
  const response = await fetch(`http://127.0.0.1:${simulator.port}/auth/token?${query}`, { method: 'POST' });
  return ((await response.json()) as { access_token: string }).access_token;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the documents of a foreign API
  readonly body: any;
}

/** A call with the simulated application's id; `path` with its query. */
export async function call(simulator: Simulator, token: string, path: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(`http://127.0.0.1:${simulator.port}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}`, 'client-id': simulatedApplication.id, ...init.headers },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

// biome-ignore lint/suspicious/noExplicitAny: a test reads the documents of a foreign API
export type Message = any;

/** An EventSub session that has been welcomed, with all it heard. */
export async function connectEventSub(simulator: Simulator, address = `ws://127.0.0.1:${simulator.port}/ws`) {
  const ws = new WebSocket(address);
  closeAfterwards(() => ws.terminate());
  const messages: Message[] = [];
  ws.on('message', (data) => messages.push(JSON.parse(String(data))));
  const closed = once(ws, 'close').then(([code]) => code as number);
  await waitUntil(() => messages.length > 0);
  const ofType = (type: string) => messages.filter(({ metadata }) => metadata.message_type === type);
  return { ws, messages, closed, ofType, session: messages[0].payload.session };
}
