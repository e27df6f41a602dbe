/** What one look at a channel's broadcast told us. */
import type { Channel } from './channel.ts';

export interface Category {
  /** Twitch's game id; `''` when the broadcaster chose none. */
  readonly id: string;
  readonly name: string;
}

/** A live broadcast as Twitch describes it. The stream id names the session. */
export interface Stream {
  readonly id: string;
  readonly title: string;
  readonly category: Category;
  readonly viewers: number;
  /** ms since the epoch, Twitch's clock. */
  readonly startedAt: number;
  readonly language: string;
  readonly tags: readonly string[];
  readonly isMature: boolean;
  readonly thumbnailUrl: string;
}

/** One live channel in one finished sweep. */
export interface StreamSample {
  readonly kind: 'stream_sample';
  readonly channel: Channel;
  readonly stream: Stream;
  /** The scheduled instant of the sweep, so that two daemons' samples collapse. ms since the epoch. */
  readonly sweptAt: number;
  readonly receivedAt: number;
}

/** A watched channel that a finished sweep did not list. Says nothing by itself: Twitch's caches flap. */
export interface StreamAbsence {
  readonly kind: 'stream_absence';
  readonly channel: Channel;
  readonly sweptAt: number;
  readonly receivedAt: number;
}
