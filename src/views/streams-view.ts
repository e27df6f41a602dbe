/** Who of the watched channels is live. */
import type { StreamsView } from '../http/deps.ts';
import type { ViewedParts } from './viewed-parts.ts';

export function createStreamsView({ watchList, board, streams }: ViewedParts): StreamsView {
  return {
    live: () =>
      watchList.identified().flatMap((channel) => {
        const state = board.state(channel.id);
        if (state?.phase !== 'live' || state.stream === undefined) return [];
        return [{ channel, displayName: watchList.byId(channel.id)?.displayName, stream: state.stream }];
      }),
    asOf: () => streams?.status().sweep.lastSuccessAt,
  };
}
