/** The Helix answers we read, in Twitch's own shape. https://dev.twitch.tv/docs/api/reference; `data` may be null. */
import { z } from 'zod';

export const streamWire = z.object({
  id: z.string().min(1),
  user_id: z.string().min(1),
  user_login: z.string(),
  user_name: z.string(),
  game_id: z.string(),
  game_name: z.string(),
  /** `live`; `''` when Twitch's own back end failed, and then the row means nothing. */
  type: z.string(),
  title: z.string(),
  tags: z.array(z.string()).nullish(),
  viewer_count: z.number(),
  started_at: z.string(),
  language: z.string().nullish(),
  thumbnail_url: z.string().nullish(),
  is_mature: z.boolean().nullish(),
});
/** All that a stream's row must say to be somebody's. */
export const ownerWire = z.object({ user_id: z.string().min(1) });

export type StreamWire = z.infer<typeof streamWire>;

export const userWire = z.object({ id: z.string().min(1), login: z.string().min(1), display_name: z.string() });
export type UserWire = z.infer<typeof userWire>;

/** The envelope of every list; rows are checked one by one, so that one odd row does not hide the others. */
export const listWire = z.object({ data: z.array(z.unknown()).nullish() });
