/** What a test, a demo or another process may order: happenings in the world, and misbehaviour. The schema is the reference. */
import { z } from 'zod';
import { subscriptionTypes } from './eventsub-types.ts';
import { waitingFaults } from './faults.ts';

const channelId = z.string();
const times = z.int().positive().default(1);
const path = z.string().default('/');

export const orderSchema = z.discriminatedUnion('order', [
  // The world.
  z.strictObject({ order: z.literal('go_live'), channelId }),
  z.strictObject({ order: z.literal('go_offline'), channelId }),
  z.strictObject({
    order: z.literal('describe'),
    channelId,
    title: z.string().optional(),
    categoryId: z.string().optional(),
    tags: z.array(z.string()).optional(),
    language: z.string().optional(),
  }),
  z.strictObject({ order: z.literal('set_viewers'), channelId, viewers: z.int().nonnegative() }),
  z.strictObject({ order: z.literal('rename'), channelId, login: z.string().regex(/^[A-Za-z0-9_]{1,25}$/) }),
  z.strictObject({ order: z.literal('suspend'), channelId }),
  z.strictObject({ order: z.literal('raid'), fromId: channelId, toId: channelId }),
  /** So many lines of chat now. */
  z.strictObject({ order: z.literal('speak'), lines: z.int().positive() }),
  /** No more chat, no more replay, no more changes. */
  z.strictObject({ order: z.literal('freeze') }),
  z.strictObject({ order: z.literal('begin_replay') }),
  // Chat connections, the oldest first.
  z.strictObject({
    order: z.literal('disturb_irc'),
    how: z.enum(['drop', 'half_open', 'reconnect']),
    sessions: z.int().positive().default(1_000_000),
    closeAfterMs: z.int().nonnegative().default(1_000),
  }),
  z.strictObject({ order: z.literal('lines_per_frame'), lines: z.int().positive() }),
  // Faults that wait for their occasion.
  z.strictObject({ order: z.literal('lay_fault'), fault: z.enum(waitingFaults), times }),
  /** Live channels that GET /streams leaves out so many times. */
  z.strictObject({ order: z.literal('hide_stream'), channelId, times }),
  z.strictObject({ order: z.literal('http_status'), status: z.int().min(400).max(599), path, times }),
  z.strictObject({ order: z.literal('http_slow'), delayMs: z.int().positive(), path, times }),
  z.strictObject({ order: z.literal('http_hang'), path, times }),
  z.strictObject({ order: z.literal('http_truncate'), path, times }),
  /** Forgets all faults that have not struck yet. */
  z.strictObject({ order: z.literal('behave') }),
  // EventSub, those who subscribed to the type with these fields in the condition.
  z.strictObject({
    order: z.literal('emit_eventsub'),
    type: z.string().refine((type) => subscriptionTypes.has(type), 'no subscription type of this Twitch'),
    condition: z.record(z.string(), z.string()),
    event: z.record(z.string(), z.unknown()),
  }),
  // EventSub, all sessions.
  z.strictObject({ order: z.literal('reconnect_eventsub') }),
  z.strictObject({ order: z.literal('close_eventsub'), code: z.int().min(4000).max(4007) }),
  z.strictObject({ order: z.literal('disturb_eventsub'), how: z.enum(['drop', 'half_open']) }),
  z.strictObject({
    order: z.literal('revoke_eventsub'),
    status: z.string().default('authorization_revoked'),
    type: z.string().optional(),
  }),
  // Tokens.
  z.strictObject({ order: z.literal('expire_tokens') }),
  z.strictObject({ order: z.literal('grant'), login: z.string(), scopes: z.array(z.string()).default([]) }),
  z.strictObject({ order: z.literal('approve_device'), userCode: z.string(), login: z.string() }),
]);

/** An order as it is given; times and paths may be left out. */
export type Order = z.input<typeof orderSchema>;
export type CompleteOrder = z.output<typeof orderSchema>;
