/** The present, as the feed's snapshots tell it. */
import type { WatchedChannel } from '../channels/watch-list.ts';
import type { StateView } from '../feed/state-view.ts';
import type { ViewedParts } from './viewed-parts.ts';

export function createStateView({ watchList, board }: Pick<ViewedParts, 'watchList' | 'board'>): StateView {
  const stateOf = (channel: WatchedChannel) => {
    const { id = '0', login } = channel;
    const state = board.state(id);
    return { channel: { id, login }, stream: state?.stream, asOf: state?.asOf ?? 0 };
  };
  return {
    snapshot: (ids) =>
      ids === undefined
        ? watchList.all().map(stateOf)
        : ids.flatMap((id) => {
            const channel = watchList.byId(id);
            return channel === undefined ? [] : [stateOf(channel)];
          }),
  };
}
