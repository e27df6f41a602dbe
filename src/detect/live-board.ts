/** The state of every channel, kept in memory: takes Observations, gives Changes, and can be asked who is live. */
import type { Change } from '../domain/change.ts';
import type { Channel } from '../domain/channel.ts';
import type { Observation } from '../domain/fact.ts';
import type { Stream } from '../domain/stream.ts';
import { type ChannelState, createChannelState, type OfflineRule, reduce } from './stream-state.ts';

export interface LiveBoardOptions {
  readonly offlineRule: OfflineRule;
  /** Since when a channel is watched, over restarts, ms since the epoch. */
  readonly watchedSince: (channelId: string) => number;
  /** When this run began, ms since the epoch: what happened before is late news. */
  readonly runStartedAt: number;
}

/** What was stored of a channel by an earlier run. */
export interface LastKnown {
  readonly channel: Channel;
  readonly stream: Stream | undefined;
  /** Whether the end of that stream is stored too. */
  readonly hasEnded: boolean;
  /** Whether an end of it was told before, though it came back. */
  readonly hadEnded: boolean;
  readonly asOf: number;
}

export class LiveBoard {
  readonly #options: LiveBoardOptions;
  readonly #states = new Map<string, ChannelState>();

  constructor(options: LiveBoardOptions) {
    this.#options = options;
  }

  /** Takes up where an earlier run ended, so that nothing is announced twice and nothing is missed. */
  restore(known: LastKnown): void {
    const fresh = this.#fresh(known.channel);
    const isLive = known.stream !== undefined && !known.hasEnded;
    this.#states.set(known.channel.id, {
      ...fresh,
      phase: known.stream === undefined ? 'unknown' : isLive ? 'live' : 'offline',
      stream: isLive ? known.stream : undefined,
      ended: isLive && !known.hadEnded ? undefined : known.stream,
      asOf: known.asOf,
      isRestored: true,
    });
  }

  /** @returns the Changes in the order in which they happened. */
  observe(observation: Observation): readonly Change[] {
    switch (observation.kind) {
      case 'chat_message':
      case 'chat_event':
        return [];
      case 'stream_sample':
      case 'stream_absence': {
        const { id } = observation.channel;
        const before = this.#states.get(id) ?? this.#fresh(observation.channel);
        const { state, changes } = reduce(before, observation, this.#options.offlineRule);
        this.#states.set(id, state);
        return changes;
      }
    }
  }

  state(channelId: string): ChannelState | undefined {
    return this.#states.get(channelId);
  }

  all(): readonly ChannelState[] {
    return [...this.#states.values()];
  }

  #fresh(channel: Channel): ChannelState {
    const watchedSince = this.#options.watchedSince(channel.id);
    return { ...createChannelState(channel, watchedSince), isRestored: watchedSince < this.#options.runStartedAt };
  }
}
