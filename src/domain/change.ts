/** What differs from before. A Change is emitted once, whichever source saw it first; its id is derived from what happened. */
import type { Channel, Source } from './channel.ts';
import type { Category, Stream } from './stream.ts';

interface ChangeBase {
  /** Deterministic UUID: the same happening seen again, by another source or daemon, has the same id. */
  readonly id: string;
  readonly channel: Channel;
  /** The session it belongs to; `''` outside of one. */
  readonly streamId: string;
  /** Twitch's time where it tells one, else the scheduled instant of the sweep that showed it. ms since the epoch. */
  readonly occurredAt: number;
  /** Our clock, ms since the epoch. */
  readonly detectedAt: number;
  readonly source: Source;
  /** Happened while we were not watching; told now, once. */
  readonly isLate: boolean;
}

export interface StreamOnline extends ChangeBase {
  readonly kind: 'stream_online';
  readonly stream: Stream;
}

export interface StreamOffline extends ChangeBase {
  readonly kind: 'stream_offline';
  /** The last that was known of the broadcast that ended. */
  readonly stream: Stream;
}

export interface TitleChanged extends ChangeBase {
  readonly kind: 'title_changed';
  readonly before: string;
  readonly after: string;
}

export interface CategoryChanged extends ChangeBase {
  readonly kind: 'category_changed';
  readonly before: Category;
  readonly after: Category;
}

export interface TagsChanged extends ChangeBase {
  readonly kind: 'tags_changed';
  readonly before: readonly string[];
  readonly after: readonly string[];
}

export interface LanguageChanged extends ChangeBase {
  readonly kind: 'language_changed';
  readonly before: string;
  readonly after: string;
}

/** Same user id, new login. `channel.login` is the new one. */
export interface ChannelRenamed extends ChangeBase {
  readonly kind: 'channel_renamed';
  readonly before: string;
  readonly after: string;
}

export type Change =
  | StreamOnline
  | StreamOffline
  | TitleChanged
  | CategoryChanged
  | TagsChanged
  | LanguageChanged
  | ChannelRenamed;
