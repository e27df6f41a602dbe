/** `/api/v1/status`: what runs, what is connected, what is behind, and what a person should look at. */
import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { HelixStatus, Status, StatusView, StoreStatus, TimedMessage } from '../deps.ts';
import { instant, toInstant, toInstantOrNull } from '../schemas.ts';
import { findWarnings, warningLevels } from '../warnings.ts';

const count = z.int();
const timedMessage = z.object({ at: instant, message: z.string() });

const helixSchema = z.object({
  lastSweepAt: instant.nullable(),
  nextSweepAt: instant.nullable(),
  lastError: timedMessage.nullable(),
  budget: z.object({ left: count, limit: count }).nullable().openapi({ description: 'Rate-limit bucket, in points' }),
});

const storeSchema = z.object({
  engine: z.enum(['embedded', 'server']),
  pendingRows: count.openapi({ description: 'Accepted, not yet in ClickHouse' }),
  pendingBytes: count,
  maxPendingBytes: count,
  insertedRows: count,
  lastInsertAt: instant.nullable(),
  lastError: timedMessage.nullable(),
  queryPortError: z.string().nullable(),
});

const statusSchema = z
  .object({
    version: z.string(),
    startedAt: instant,
    uptimeMs: count,
    warnings: z
      .array(z.object({ level: z.enum(warningLevels), code: z.string(), message: z.string() }))
      .openapi({ description: 'Worst first' }),
    credentials: z.object({ state: z.enum(['present', 'absent']), reason: z.string().nullable() }),
    chat: z.object({
      connections: z.object({ open: count, wanted: count }),
      joined: count,
      pending: count,
      failed: count,
      received: count.openapi({ description: 'Lines since the start' }),
    }),
    helix: helixSchema.nullable().openapi({ description: 'null: chat only' }),
    store: storeSchema,
    feed: z.object({ engine: z.enum(['uws', 'ws']), connections: count, headSeq: count }),
    eventLoop: z
      .object({ delayP50Ms: z.number(), delayP99Ms: z.number(), delayMaxMs: z.number() })
      .openapi({ description: 'How late timers fire, over the last measuring interval' }),
    drops: z
      .array(z.object({ part: z.string(), reason: z.string(), count }))
      .openapi({ description: 'Thrown away since the start' }),
    gaps: z
      .array(z.object({ source: z.string(), reason: z.string(), count, totalMs: z.number() }))
      .openapi({ description: 'When we were deaf, since the start' }),
  })
  .openapi('Status');

const read = createRoute({
  method: 'get',
  path: '/api/v1/status',
  tags: ['status'],
  summary: 'What runs, what is connected, what is behind',
  responses: { 200: { description: 'The status', content: { 'application/json': { schema: statusSchema } } } },
});

export function mountStatus(app: OpenAPIHono, status: StatusView, version: string): void {
  app.openapi(read, (c) => c.json(toJson(status.read(), version, Date.now()), 200));
}

function toJson(status: Status, version: string, now: number): z.infer<typeof statusSchema> {
  const { credentials, startedAt } = status;
  return {
    version,
    startedAt: toInstant(startedAt),
    uptimeMs: now - startedAt,
    warnings: [...findWarnings(status, now)],
    credentials: {
      state: credentials.state,
      reason: credentials.state === 'absent' ? credentials.reason : null,
    },
    chat: status.chat,
    helix: status.helix === undefined ? null : helixToJson(status.helix),
    store: storeToJson(status.store),
    feed: status.feed,
    eventLoop: status.eventLoop,
    drops: [...status.drops],
    gaps: [...status.gaps],
  };
}

function helixToJson(helix: HelixStatus): z.infer<typeof helixSchema> {
  return {
    lastSweepAt: toInstantOrNull(helix.lastSweepAt),
    nextSweepAt: toInstantOrNull(helix.nextSweepAt),
    lastError: messageToJson(helix.lastError),
    budget: helix.budget ?? null,
  };
}

function storeToJson(store: StoreStatus): z.infer<typeof storeSchema> {
  return {
    ...store,
    lastInsertAt: toInstantOrNull(store.lastInsertAt),
    lastError: messageToJson(store.lastError),
    queryPortError: store.queryPortError ?? null,
  };
}

function messageToJson(message: TimedMessage | undefined): z.infer<typeof timedMessage> | null {
  return message === undefined ? null : { at: toInstant(message.at), message: message.message };
}
