/** Which channels are watched, and whether chat of each really arrives. */
import type { WatchedChannel } from '../channels/watch-list.ts';
import type { ChannelsView, JoinState, TrackedChannel } from '../http/deps.ts';
import type { SeatStatus } from '../sources/chat/chat-source.ts';
import type { ViewedParts } from './viewed-parts.ts';

export function createChannelsView({ watchList, board, chat }: ViewedParts): ChannelsView {
  const describe = (channel: WatchedChannel, seat: SeatStatus | undefined): TrackedChannel => {
    const phase = channel.id === undefined ? 'unknown' : board.state(channel.id)?.phase;
    return {
      channel: { id: channel.id ?? '0', login: channel.login },
      displayName: channel.displayName,
      chat: { state: joinState(seat), reason: joinReason(channel, seat, chat !== undefined) },
      isLive: phase === 'live' || phase === 'offline' ? phase === 'live' : undefined,
      trackedSince: channel.trackedSince,
    };
  };
  return {
    list: () => {
      const seats = new Map(chat?.status().seats.map((seat) => [seat.login, seat]));
      return watchList.all().map((channel) => describe(channel, seats.get(channel.login)));
    },
    find: (id) => {
      const channel = watchList.byId(id);
      if (channel === undefined) return undefined;
      return describe(
        channel,
        chat?.status().seats.find((seat) => seat.login === channel.login),
      );
    },
  };
}

function joinState(seat: SeatStatus | undefined): JoinState {
  if (seat === undefined || seat.state === 'queued' || seat.state === 'joining') return 'pending';
  return seat.state;
}

function joinReason(channel: WatchedChannel, seat: SeatStatus | undefined, isChatOn: boolean): string | undefined {
  if (!isChatOn) return 'chat is switched off';
  if (channel.isUnknown) return 'Twitch knows no channel of this login';
  if (seat?.state === 'queued') return 'waits for its turn to join';
  return seat?.problem;
}
