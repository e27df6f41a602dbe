/**
 * Who is live, as one pure reducer per channel: the state before and one Observation give the state after and the Changes
 * that lie between. It has no clock and no I/O; all times come with the Observation.
 *
 * A channel is unknown, then offline or live. The first look at a channel that was never seen only sets the scene, unless
 * its broadcast began while we were watching. Live becomes offline after several sweeps without it, over a minimum of time
 * (Twitch's caches flap for about a minute), or when another stream id takes its place. An ended stream id that comes
 * back reopens the same session.
 */
import type { Change } from '../domain/change.ts';
import type { Channel } from '../domain/channel.ts';
import type { Stream, StreamAbsence, StreamSample } from '../domain/stream.ts';
import { uuidFrom } from '../domain/uuid.ts';
import { compareStreams } from './compare-streams.ts';

export interface OfflineRule {
  /** Sweeps in a row without the channel. */
  readonly misses: number;
  /** From the first of them to the last, milliseconds. */
  readonly afterMs: number;
}

export interface ChannelState {
  readonly channel: Channel;
  /** ms since the epoch: a broadcast that began after this is news, one that began before is the scene we came into. */
  readonly watchedSince: number;
  /** `unknown` until the first Observation. */
  readonly phase: 'unknown' | 'offline' | 'live';
  /** The broadcast while live, as last seen. */
  readonly stream: Stream | undefined;
  /** The broadcast that ended last. */
  readonly ended: Stream | undefined;
  /** Scheduled instant of the last sweep that counted, ms since the epoch; 0 before the first. */
  readonly asOf: number;
  /** Comes from an earlier run and was not confirmed yet: what differs happened while nobody watched. */
  readonly isRestored: boolean;
  readonly misses: number;
  readonly missedSince: number;
}

/** Sweeps do not overtake each other by this much: what is further behind comes from a clock that was set back. */
const clockJumpMs = 300_000;

export interface Step {
  readonly state: ChannelState;
  readonly changes: readonly Change[];
}

export function createChannelState(channel: Channel, watchedSince: number): ChannelState {
  return {
    channel,
    watchedSince,
    phase: 'unknown',
    stream: undefined,
    ended: undefined,
    asOf: 0,
    isRestored: false,
    misses: 0,
    missedSince: 0,
  };
}

/** @returns the same state when the Observation is a little older than what is known. */
export function reduce(before: ChannelState, seen: StreamSample | StreamAbsence, rule: OfflineRule): Step {
  const behindMs = before.asOf - seen.sweptAt;
  if (behindMs >= 0 && behindMs < clockJumpMs) return { state: before, changes: [] };
  const renamed = renameOf(before, seen);
  const state = { ...before, channel: seen.channel, asOf: seen.sweptAt };
  const step = seen.kind === 'stream_sample' ? reduceSample(state, seen) : reduceAbsence(state, seen, rule);
  // An absence alone does not confirm what was restored: it may be the first of those that make it offline.
  const isConfirmed = seen.kind === 'stream_sample' || step.state.phase !== 'live';
  const isRestored = before.isRestored && !isConfirmed;
  return { state: { ...step.state, isRestored }, changes: [...renamed, ...step.changes] };
}

function reduceSample(before: ChannelState, seen: StreamSample): Step {
  const { stream } = seen;
  const live: ChannelState = { ...before, phase: 'live', stream, misses: 0, missedSince: 0 };
  switch (before.phase) {
    case 'unknown':
      return { state: live, changes: stream.startedAt > before.watchedSince ? [online(before, seen)] : [] };
    case 'offline':
      return { state: live, changes: [online(before, seen)] };
    case 'live':
      return before.stream === undefined ? { state: live, changes: [] } : reduceLive(before, before.stream, live, seen);
  }
}

function reduceLive(before: ChannelState, known: Stream, live: ChannelState, seen: StreamSample): Step {
  const { stream } = seen;
  if (stream.id === known.id) {
    return {
      state: live,
      changes: compareStreams(known, stream).map((difference) => changed(before, seen, difference)),
    };
  }
  // A cache that still shows the session before this one.
  if (stream.startedAt < known.startedAt) return { state: before, changes: [] };
  const endedAt = Math.min(before.missedSince || stream.startedAt, stream.startedAt);
  return {
    state: { ...live, ended: known },
    changes: [offline(before, known, endedAt, seen), online(before, seen)],
  };
}

function reduceAbsence(before: ChannelState, seen: StreamAbsence, rule: OfflineRule): Step {
  if (before.phase === 'unknown') return { state: { ...before, phase: 'offline' }, changes: [] };
  if (before.phase === 'offline' || before.stream === undefined) return { state: before, changes: [] };
  const misses = before.misses + 1;
  const missedSince = before.misses === 0 ? seen.sweptAt : before.missedSince;
  const state = { ...before, misses, missedSince };
  if (misses < rule.misses || seen.sweptAt - missedSince < rule.afterMs) return { state, changes: [] };
  return {
    state: { ...state, phase: 'offline', stream: undefined, ended: before.stream, misses: 0, missedSince: 0 },
    changes: [offline(before, before.stream, missedSince, seen)],
  };
}

function renameOf(before: ChannelState, seen: StreamSample | StreamAbsence): readonly Change[] {
  const { channel } = seen;
  if (before.channel.login === channel.login || before.channel.login === '') return [];
  const difference = { kind: 'channel_renamed', before: before.channel.login, after: channel.login } as const;
  const id = uuidFrom('channel_renamed', channel.id, difference.before, difference.after);
  return [{ ...difference, ...common(before, seen, seen.sweptAt), id, streamId: before.stream?.id ?? '' }];
}

function online(before: ChannelState, seen: StreamSample): Change {
  const { stream } = seen;
  // A session that comes back after its end was told is told again, as what it is: something new at this instant.
  const isReopened = before.ended?.id === stream.id;
  const id = isReopened ? uuidFrom('stream_online', stream.id, seen.sweptAt) : uuidFrom('stream_online', stream.id);
  const occurredAt = isReopened ? seen.sweptAt : stream.startedAt;
  return { kind: 'stream_online', ...common(before, seen, occurredAt), id, streamId: stream.id, stream };
}

function offline(before: ChannelState, stream: Stream, endedAt: number, seen: StreamSample | StreamAbsence): Change {
  const id = uuidFrom('stream_offline', stream.id, before.ended?.id === stream.id ? endedAt : '');
  return { kind: 'stream_offline', ...common(before, seen, endedAt), id, streamId: stream.id, stream };
}

function changed(
  before: ChannelState,
  seen: StreamSample,
  difference: ReturnType<typeof compareStreams>[number],
): Change {
  const { kind } = difference;
  const id = uuidFrom(
    kind,
    seen.stream.id,
    JSON.stringify(difference.before),
    JSON.stringify(difference.after),
    seen.sweptAt,
  );
  return { ...difference, ...common(before, seen, seen.sweptAt), id, streamId: seen.stream.id };
}

function common(before: ChannelState, seen: StreamSample | StreamAbsence, occurredAt: number) {
  return {
    channel: seen.channel,
    occurredAt,
    detectedAt: seen.receivedAt,
    source: 'helix' as const,
    isLate: before.isRestored,
  };
}
