/** What the feed must know about the present: handed in by whoever keeps the state, read synchronously when a client joins. */
import type { Channel } from '../domain/channel.ts';
import type { Stream } from '../domain/stream.ts';

export interface ChannelState {
  readonly channel: Channel;
  /** The broadcast that is on now; `undefined` when the channel is offline. */
  readonly stream: Stream | undefined;
  /** When this was last confirmed, ms since the epoch. 0 when nothing has been seen yet. */
  readonly asOf: number;
}

export interface StateView {
  /**
   * The state of the named channels, or of all watched ones. Must not wait: the snapshot and the first live event
   * join without a hole only because both happen in one turn of the loop.
   * @param channelIds Twitch user ids; ids that are not watched are left out of the answer.
   */
  snapshot(channelIds: readonly string[] | undefined): readonly ChannelState[];
}

/**
 * Finds a watched channel.
 * @param channel as the client wrote it: a lower-case login, or `id:` and the Twitch user id.
 */
export type ResolveChannel = (channel: string) => Channel | undefined;
