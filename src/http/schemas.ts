/** The shapes that more than one route uses. In JSON an instant is an RFC 3339 string, and what is not known is null. */
import { z } from '@hono/zod-openapi';
import type { Channel } from '../domain/channel.ts';

export const instant = z.iso.datetime().openapi({ example: '2026-11-22T00:41:31.123Z' });

export function toInstant(ms: number): string {
  return new Date(ms).toISOString();
}

export function toInstantOrNull(ms: number | undefined): string | null {
  return ms === undefined ? null : toInstant(ms);
}

export const channelId = z
  .string()
  .regex(/^\d{1,20}$/, 'must be a Twitch user id: digits only')
  .openapi({ description: "Twitch's user id; never changes", example: '12826' });

export const channelShape = {
  id: channelId,
  login: z.string().openapi({ description: 'Lower-case login; its owner may change it', example: 'twitch' }),
  displayName: z.string().nullable().openapi({ example: 'Twitch' }),
};

export function toChannel(channel: Channel, displayName: string | undefined) {
  return { id: channel.id, login: channel.login, displayName: displayName ?? null };
}

/** A whole number out of a query string: no signs, no spaces, no fractions, no empty text. */
function wholeNumber(options: { readonly min: number; readonly max: number; readonly preset: number }) {
  const { min, max, preset } = options;
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d+$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .default(preset)
    .openapi({ type: 'integer', minimum: min, maximum: max, default: preset });
}

export const pageQuery = {
  limit: wholeNumber({ min: 1, max: 1000, preset: 100 }),
  offset: wholeNumber({ min: 0, max: 1_000_000, preset: 0 }),
};

/** A list with the place of this page in the whole. */
export function pageOf<T extends z.ZodType>(item: T) {
  return {
    items: z.array(item),
    total: z.int().openapi({ description: 'How many match, on all pages' }),
    limit: z.int(),
    offset: z.int(),
  };
}

export function toPage<T>(all: readonly T[], { limit, offset }: { readonly limit: number; readonly offset: number }) {
  return { items: all.slice(offset, offset + limit), total: all.length, limit, offset };
}
