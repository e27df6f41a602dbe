/** A real embedded engine in a directory of its own, migrated, for one test file; and Facts to fill it with. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Change } from '../../src/domain/change.ts';
import type { ChatEvent, ChatMessage } from '../../src/domain/chat.ts';
import type { Stream, StreamSample } from '../../src/domain/stream.ts';
import { uuidFrom } from '../../src/domain/uuid.ts';
import { createLog, type Logger } from '../../src/ops/log.ts';
import { Registry } from '../../src/ops/metrics.ts';
import { createStoreClient, type StoreClient } from '../../src/store/client.ts';
import {
  createEmbeddedEngine,
  type EmbeddedEngine,
  type EmbeddedEngineOptions,
} from '../../src/store/engine/embedded-engine.ts';
import { migrate } from '../../src/store/migrate.ts';
import { countRows } from '../../src/store/queries.ts';

export const log = createLog({ level: 'silent' });
export const database = 'gauge_test';

/** A logger whose lines can be looked at. */
export function capturingLog(): { entries: Record<string, unknown>[]; log: Logger } {
  const entries: Record<string, unknown>[] = [];
  const destination = { write: (line: string) => void entries.push(JSON.parse(line)) };
  return { entries, log: createLog({ level: 'debug', destination }) };
}

export interface TestStore {
  readonly dataDir: string;
  readonly engine: EmbeddedEngine;
  readonly client: StoreClient;
  close(): Promise<void>;
}

export async function startStore(options: Partial<EmbeddedEngineOptions> = {}): Promise<TestStore> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'gauge-')));
  const engine = createEmbeddedEngine({ database, log, registry: new Registry(), ...options, dataDir });
  await engine.start(new AbortController().signal, () => {});
  const client = createStoreClient({ socketPath: engine.socketPath, database, log });
  const store = {
    dataDir,
    engine,
    client,
    close: async () => {
      await client.close();
      await engine.stop(AbortSignal.timeout(10_000));
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  await migrate({ client, isEmbedded: true, log }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  return store;
}

export interface Answer {
  readonly status: number;
  readonly code: string | null;
  readonly text: string;
}

/** What the analysts' port says; with the right password unless other headers are given. */
export async function askAsAnalyst(
  { engine }: TestStore,
  sql: string,
  query = '',
  init: RequestInit = {},
): Promise<Answer> {
  const { user, password } = engine.queryCredentials!;
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const url = `${engine.queryUrl}/?${query}`;
  const response = await fetch(url, { method: 'POST', body: sql, headers: { authorization }, ...init });
  const text = await response.text();
  return { status: response.status, code: response.headers.get('x-clickhouse-exception-code'), text: text.trim() };
}

/** What lies in the table, and how much of it is different. */
export async function messageCounts(client: StoreClient): Promise<{ distinct: number; stored: number }> {
  const counts = await countRows(client);
  const { distinct, stored } = counts.find(({ table }) => table === 'chat_messages') ?? { distinct: 0, stored: 0 };
  return { distinct, stored };
}

/** Polls until the condition holds; the test's own time limit is the limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20));
}

export const channel = { id: '12345', login: 'river' };
export const startOfTime = Date.UTC(2026, 0, 5, 12);

export function chatMessage(number: number, changes: Partial<ChatMessage> = {}): ChatMessage {
  return {
    kind: 'chat_message',
    id: uuidFrom('test', number),
    channel,
    sentAt: startOfTime + number,
    receivedAt: startOfTime + number + 40,
    text: `message ${number}`,
    flags: 0,
    badges: [],
    emotes: [],
    origin: undefined,
    extra: {},
    user: { id: '777', login: 'viewer', displayName: 'Viewer', color: '#1E90FF' },
    type: '',
    subscriberMonths: 0,
    bits: 0,
    reply: undefined,
    ...changes,
  };
}

export function chatEvent(number: number, changes: Partial<ChatEvent> = {}): ChatEvent {
  const { id, sentAt, receivedAt, text, flags, badges, emotes, origin, extra, user } = chatMessage(number);
  return {
    kind: 'chat_event',
    id,
    channel,
    sentAt,
    receivedAt,
    text,
    flags,
    badges,
    emotes,
    origin,
    extra,
    user,
    command: 'USERNOTICE',
    type: 'sub',
    target: { userId: '0', login: '', messageId: '' },
    systemText: 'viewer subscribed',
    tier: '1000',
    months: 3,
    amount: 0,
    durationSeconds: 0,
    ...changes,
  };
}

export function stream(changes: Partial<Stream> = {}): Stream {
  return {
    id: '40001',
    title: 'Spring flood 🌊',
    category: { id: '509658', name: 'Just Chatting' },
    viewers: 1234,
    startedAt: startOfTime,
    language: 'en',
    tags: ['English', 'Nature'],
    isMature: false,
    thumbnailUrl: 'https://example.invalid/{width}x{height}.jpg',
    ...changes,
  };
}

export function sample(sweptAt: number, changes: Partial<Stream> = {}, of = channel): StreamSample {
  return { kind: 'stream_sample', channel: of, stream: stream(changes), sweptAt, receivedAt: sweptAt + 120 };
}

export function changeBase(name: string, at = startOfTime) {
  return {
    id: uuidFrom('change', name),
    channel,
    streamId: '40001',
    occurredAt: at,
    detectedAt: at + 1_000,
    source: 'helix' as const,
    isLate: false,
  };
}

/** One Change of each kind. */
export const changes: readonly Change[] = [
  { ...changeBase('on'), kind: 'stream_online', stream: stream() },
  { ...changeBase('off'), kind: 'stream_offline', stream: stream({ viewers: 9 }) },
  { ...changeBase('title'), kind: 'title_changed', before: 'a', after: 'b' },
  {
    ...changeBase('category'),
    kind: 'category_changed',
    before: { id: '1', name: 'One' },
    after: { id: '2', name: 'Two' },
  },
  { ...changeBase('tags'), kind: 'tags_changed', before: ['x'], after: ['x', 'y'] },
  { ...changeBase('language'), kind: 'language_changed', before: 'en', after: 'de' },
  { ...changeBase('rename'), kind: 'channel_renamed', before: 'brook', after: 'river' },
];
