/** The wiring of the fake Twitch: every part on one screen, in the order in which they need each other. Nothing runs yet. */
import type { Channel } from '../domain/channel.ts';
import { ChatPump } from './chat-pump.ts';
import { Chatter } from './chatter.ts';
import { Conduits } from './conduits.ts';
import { ConduitsApi } from './conduits-api.ts';
import { EventSub } from './eventsub.ts';
import { EventSubApi } from './eventsub-api.ts';
import { Faults } from './faults.ts';
import { Helix } from './helix.ts';
import { IrcServer } from './irc.ts';
import { IrcRooms } from './irc-rooms.ts';
import { JoinLimit, type JoinLimitOptions } from './join-limit.ts';
import { OAuth } from './oauth.ts';
import { Plot } from './plot.ts';
import { createRandom } from './random.ts';
import { RateLimit } from './rate-limit.ts';
import { Replay, type ReplayOptions } from './replay.ts';
import { channelsOf, type ReplayLine } from './replay-lines.ts';
import { RoomEvents } from './room-events.ts';
import { type SubscriptionLimits, Subscriptions } from './subscriptions.ts';
import { type Application, Tokens } from './tokens.ts';
import { Ledger, type Truth } from './truth.ts';
import { World } from './world.ts';

export interface StageOptions {
  readonly seed?: number | string;
  /** ms since the epoch; `Date.now` when left out. */
  readonly now?: () => number;
  /** How many channels to invent, or exactly these. With `replay` the recording decides. */
  readonly channels?: number | readonly Channel[];
  /** Share of live channels at the start, 0..1. */
  readonly liveShare?: number;
  /** Chat lines a second over all rooms. 0 with `replay`, unless set. */
  readonly messagesPerSecond?: number;
  readonly changesPerMinute?: number;
  /** Least time between two changes of one channel. */
  readonly minChangeSpacingMs?: number;
  readonly replay?: ReplayOptions;
  /** How long one second of Twitch's protocol times (keepalive, 4003, 4004, pings and the wait for pongs) lasts here, ms. */
  readonly secondMs?: number;
  readonly applications?: readonly Application[];
  readonly appTokenSeconds?: number;
  readonly userTokenSeconds?: number;
  readonly helixPointsPerMinute?: number;
  readonly joinLimit?: Partial<JoinLimitOptions>;
  /** Rooms that a named account may be in at once. */
  readonly maxRoomsPerAccount?: number;
  /** How many chat lines may share a websocket frame. */
  readonly linesPerFrame?: number;
  readonly eventSubLimits?: Partial<SubscriptionLimits>;
}

/** What applications use when the options name none. */
export const simulatedApplication: Application = {
  id: 'simulatedstreamgaugeclientid01',
  secret: 'simulatedstreamgaugesecret0001',
};

export type Stage = ReturnType<typeof setStage>;

/** @param recorded the lines of `options.replay`, read before. */
export function setStage(options: StageOptions, recorded: readonly ReplayLine[] | undefined) {
  const now = options.now ?? Date.now;
  const random = createRandom(options.seed ?? 'streamgauge');
  const secondMs = options.secondMs ?? 1_000;
  const liveShare = options.liveShare ?? (recorded ? 1 : 0.6);

  const channels = recorded ? channelsOf(recorded) : (options.channels ?? 12);
  const world = new World({ random: random.fork('world'), now, channels, liveShare });
  const ledger = new Ledger();
  world.listen({
    changed: (_channel, changes) => ledger.changes.push(...changes),
    raided: (raid) => ledger.raids.push(raid),
  });
  const faults = new Faults();

  const tokens = new Tokens({
    random: random.fork('tokens'),
    now,
    applications: options.applications ?? [simulatedApplication],
    appLifetimeSeconds: options.appTokenSeconds ?? 5_184_000,
    userLifetimeSeconds: options.userTokenSeconds ?? 14_400,
  });
  const oauth = new OAuth({ tokens, random: random.fork('oauth'), faults, now });

  const irc = new IrcServer({
    world,
    tokens,
    faults,
    ledger,
    rooms: new IrcRooms(),
    joinLimit: new JoinLimit(now, options.joinLimit),
    linesPerFrame: options.linesPerFrame ?? 1,
    maxRoomsPerAccount: options.maxRoomsPerAccount ?? 100,
    pingMs: 300 * secondMs,
    pongGraceMs: 10 * secondMs,
  });
  const chatter = new Chatter(random.fork('chatter'));
  const pump = new ChatPump({
    world,
    chatter,
    events: new RoomEvents(random.fork('events'), chatter),
    random: random.fork('pump'),
    ledger,
    rooms: irc.rooms,
    messagesPerSecond: options.messagesPerSecond ?? (recorded ? 0 : 50),
  });
  const replay = recorded && options.replay ? new Replay(recorded, options.replay, irc, ledger) : undefined;
  const plot = new Plot(world, random.fork('plot'), {
    changesPerMinute: options.changesPerMinute ?? (recorded ? 0 : 12),
    minChangeSpacingMs: options.minChangeSpacingMs ?? 60_000,
    liveShare,
  });

  const rateLimit = new RateLimit({ now, pointsPerMinute: options.helixPointsPerMinute ?? 800 });
  const helix = new Helix({ world, tokens, faults, rateLimit });
  const limits = {
    maxTotalCost: 10,
    maxAppCost: 10_000,
    maxSessions: 3,
    maxSame: 3,
    ghostMs: 0,
    ...options.eventSubLimits,
  };
  const subscriptions = new Subscriptions(limits, now);
  const conduits = new Conduits({ random: random.fork('conduits'), now });
  const eventsub = new EventSub({
    world,
    subscriptions,
    conduits,
    faults,
    ledger,
    random: random.fork('eventsub'),
    now,
    secondMs,
  });
  const eventsubApi = new EventSubApi({
    tokens,
    rateLimit,
    random: random.fork('subscriptions'),
    now,
    subscriptions,
    sessions: eventsub,
    conduits,
  });
  const conduitsApi = new ConduitsApi({ tokens, rateLimit, conduits, subscriptions, sessions: eventsub });

  const startedAt = now();
  const liveAtStart = liveIn(world);
  const parts = {
    now,
    world,
    ledger,
    faults,
    tokens,
    oauth,
    irc,
    pump,
    replay,
    plot,
    rateLimit,
    helix,
    eventsub,
    eventsubApi,
    conduitsApi,
  };
  return { ...parts, truth: () => truthOf(parts, startedAt, liveAtStart) };
}

type Witnesses = Pick<Stage, 'now' | 'world' | 'ledger' | 'irc' | 'eventsub'>;

function truthOf(
  { now, world, ledger, irc, eventsub }: Witnesses,
  startedAt: number,
  liveAtStart: Truth['liveAtStart'],
): Truth {
  return {
    startedAt,
    askedAt: now(),
    chat: ledger.chat(),
    irc: { ...ledger.irc.counts(), sessions: irc.sessions, joined: irc.rooms.size },
    changes: [...ledger.changes],
    raids: [...ledger.raids],
    liveAtStart,
    liveNow: liveIn(world),
    channels: world.channels.map(({ id, login }) => ({ id, login })),
    helix: {
      requests: ledger.requests.counts(),
      streamAnswers: ledger.streamAnswers,
      streamRows: ledger.streamRows,
    },
    eventsub: {
      sessions: eventsub.sessions,
      sent: ledger.notified.counts(),
      lost: ledger.unnotified.counts(),
      duplicated: ledger.repeated.counts(),
      moved: ledger.moves,
      closed: ledger.closed.counts(),
    },
  };
}

const liveIn = (world: World): Truth['liveAtStart'] =>
  world.live.map(({ id, broadcast }) => ({ channelId: id, streamId: broadcast?.id ?? '' }));
