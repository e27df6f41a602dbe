/** From one row of a sweep, or the lack of one, to what it means to us. */
import type { Channel } from '../../domain/channel.ts';
import type { StreamAbsence, StreamSample } from '../../domain/stream.ts';
import type { StreamWire } from './wire.ts';

/** @returns undefined for a row that says nothing: Twitch marks its own errors with an empty type. */
export function observeStream(
  channel: Channel,
  wire: StreamWire | undefined,
  at: { readonly sweptAt: number; readonly receivedAt: number },
): StreamSample | StreamAbsence | undefined {
  if (wire === undefined) return { kind: 'stream_absence', channel, ...at };
  const startedAt = Date.parse(wire.started_at);
  if (wire.type !== 'live' || Number.isNaN(startedAt)) return undefined;
  return {
    kind: 'stream_sample',
    // The row's login is fresher than ours after a rename.
    channel: { id: channel.id, login: wire.user_login || channel.login },
    stream: {
      id: wire.id,
      title: wire.title,
      category: { id: wire.game_id, name: wire.game_name },
      viewers: Math.max(0, Math.trunc(wire.viewer_count)),
      startedAt,
      language: wire.language ?? '',
      tags: wire.tags ?? [],
      isMature: wire.is_mature ?? false,
      thumbnailUrl: wire.thumbnail_url ?? '',
    },
    ...at,
  };
}
