/**
 * Chat as a source: every line of the pool's connections is taken apart, understood and handed to `ingest` on the same
 * stack. Each line is counted exactly once: kept by command, control by command, or rejected by reason.
 */
import type { Channel } from '../../domain/channel.ts';
import type { Observation } from '../../domain/fact.ts';
import type { Service } from '../../lib/lifecycle.ts';
import type { Logger } from '../../ops/log.ts';
import { Gauge, type Registry, Tally } from '../../ops/metrics.ts';
import type { ChatConnection, ChatEndpoint } from './connection.ts';
import { type ChatCommand, isChatCommand, observeChat } from './observe.ts';
import { ChatPool, type Deafness, type Seat, type SeatState } from './pool.ts';
import { type ChatTiming, chatTiming } from './timing.ts';
import { parseLine, type WireFault, type WireLine } from './wire.ts';

export interface ChatSourceOptions {
  readonly endpoint: ChatEndpoint;
  /** Seats per connection; Twitch answers reliably below about 100. */
  readonly channelsPerConnection: number;
  /** JOINs in 10 s over all connections. */
  readonly joinsPer10Seconds: number;
  readonly ingest: (observation: Observation) => void;
  /** Twitch told a joined channel's id. Called again only when it differs. */
  readonly onJoined: (channel: Channel) => void;
  readonly log: Logger;
  readonly registry: Registry;
  readonly now?: () => number;
  /** `chatTiming` when not given. */
  readonly timing?: ChatTiming;
}

export interface ChatSource extends Service {
  /** Wishes to hear a channel. Joining is paced; the state shows in `status`. */
  add(login: string): void;
  /** Leaves a channel and forgets it. */
  remove(login: string): void;
  /** Same channel, new login: leaves the old room and joins the new one. */
  rename(from: string, to: string): void;
  status(): ChatStatus;
}

export type SeatStatus = Pick<Seat, 'login' | 'state' | 'problem' | 'lastLineAt' | 'lines'>;

export interface ChatStatus {
  readonly connections: { readonly open: number; readonly wanted: number };
  readonly seats: readonly SeatStatus[];
  /** Lines kept, by command. */
  readonly kept: Readonly<Record<string, number>>;
  /** Lines that are no line of ours to keep, by reason. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Lines of the protocol itself, by command. */
  readonly control: Readonly<Record<string, number>>;
  /** Ends of connections so far. */
  readonly disconnects: number;
  readonly deafness: Deafness;
}

export function createChatSource(options: ChatSourceOptions): ChatSource {
  return new PooledChat(options);
}

/** NOTICE ids that end a JOIN; https://dev.twitch.tv/docs/chat/irc lists them. */
const joinRefusals = new Set([
  'msg_banned',
  'msg_channel_suspended',
  'msg_room_not_found',
  'tos_ban',
  'msg_concurrent_channel_limit_reached',
]);

/** Commands of the protocol itself: they carry nothing to keep. */
const controlCommands = new Set(
  'CAP PING PONG RECONNECT JOIN PART USERSTATE GLOBALUSERSTATE HOSTTARGET WHISPER'.split(' '),
);

type RejectReason = WireFault | 'unknown_command' | 'no_channel';

class PooledChat implements ChatSource {
  readonly name = 'chat';
  readonly #options: ChatSourceOptions;
  readonly #pool: ChatPool;
  readonly #channelIds = new Map<string, string>();
  readonly #kept: Tally;
  readonly #rejected: Tally<RejectReason>;
  readonly #control: Tally;
  readonly #disconnects: Tally;

  constructor(options: ChatSourceOptions) {
    this.#options = options;
    const { registry } = options;
    const tally = <K extends string>(name: string, help: string, label: string) =>
      new Tally<K>(registry, { name, help, label });
    this.#kept = tally('chat_lines_total', 'Chat lines kept', 'command');
    this.#rejected = tally('chat_rejected_lines_total', 'Chat lines that could not be kept', 'reason');
    this.#control = tally('chat_control_lines_total', 'Lines of the chat protocol itself', 'command');
    this.#disconnects = tally('chat_disconnects_total', 'Chat connections that ended', 'phase');
    this.#pool = new ChatPool({
      ...options,
      now: options.now ?? Date.now,
      timing: options.timing ?? chatTiming,
      onLine: (line, receivedAt, from) => this.#take(line, receivedAt, from),
      onDisconnect: (phase) => this.#disconnects.add(phase),
    });
    registerGauges(registry, this.#pool);
  }

  start(): Promise<void> {
    this.#pool.start();
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.#pool.stop();
    return Promise.resolve();
  }

  add(login: string): void {
    this.#pool.add(login);
  }

  remove(login: string): void {
    this.#pool.remove(login);
    this.#channelIds.delete(login);
  }

  rename(from: string, to: string): void {
    if (this.#pool.seat(from) === undefined) return;
    this.remove(from);
    this.add(to);
  }

  status(): ChatStatus {
    return {
      connections: this.#pool.connections,
      seats: Array.from(this.#pool.seats(), ({ login, state, problem, lastLineAt, lines }) => ({
        login,
        state,
        problem,
        lastLineAt,
        lines,
      })),
      kept: this.#kept.toJSON(),
      rejected: this.#rejected.toJSON(),
      control: this.#control.toJSON(),
      disconnects: this.#disconnects.total,
      deafness: this.#pool.deafness,
    };
  }

  #take(line: string, receivedAt: number, from: ChatConnection): void {
    const wire = parseLine(line);
    if (typeof wire === 'string') this.#reject(wire, line);
    else if (!isChatCommand(wire.command)) this.#obey(wire, line, from);
    else if (!isRoom(wire.target) && wire.command !== 'NOTICE') this.#reject('no_channel', line);
    else this.#keep(wire, wire.command, { receivedAt, from });
  }

  #keep(
    wire: WireLine,
    command: ChatCommand,
    { receivedAt, from }: { receivedAt: number; from: ChatConnection },
  ): void {
    const observation = observeChat(wire, command, { receivedAt, channelIdOf: (login) => this.#channelIds.get(login) });
    this.#kept.add(command);
    const seat = this.#pool.seat(observation.channel.login);
    if (seat !== undefined) {
      seat.lastLineAt = receivedAt;
      seat.lines += 1;
      if (command === 'ROOMSTATE') this.#joined(seat, observation.channel, from);
      else if (command === 'NOTICE' && joinRefusals.has(observation.type)) this.#pool.refused(seat, observation.type);
    }
    this.#options.ingest(observation);
  }

  #obey(wire: WireLine, line: string, from: ChatConnection): void {
    const isNumeric = /^\d/.test(wire.command);
    if (!isNumeric && !controlCommands.has(wire.command)) {
      this.#reject('unknown_command', line);
      return;
    }
    this.#control.add(isNumeric ? 'numeric' : wire.command);
    // Without the membership capability Twitch echoes only our own joins.
    const seat = wire.command === 'JOIN' ? this.#pool.seat(wire.target.slice(1)) : undefined;
    if (seat !== undefined) this.#pool.joined(seat, from);
  }

  #joined(seat: Seat, channel: Channel, from: ChatConnection): void {
    this.#pool.joined(seat, from);
    if (channel.id === '0' || this.#channelIds.get(channel.login) === channel.id) return;
    this.#channelIds.set(channel.login, channel.id);
    this.#options.onJoined(channel);
  }

  #reject(reason: RejectReason, line: string): void {
    this.#rejected.add(reason);
    this.#options.log.trace({ reason, line }, 'chat line rejected');
  }
}

function isRoom(target: string): boolean {
  return target.length > 1 && target.startsWith('#');
}

function registerGauges(registry: Registry, pool: ChatPool): void {
  new Gauge({
    name: 'chat_deaf_channel_seconds',
    help: 'Time in which joined channels were not heard, summed over channels',
    registers: [registry],
    collect() {
      this.set(pool.deafness.totalMs / 1000);
    },
  });
  new Gauge({
    name: 'chat_channels',
    help: 'Channels by state of their seat',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const states: readonly SeatState[] = ['queued', 'joining', 'joined', 'failed'];
      for (const state of states) this.set({ state }, 0);
      for (const seat of pool.seats()) this.inc({ state: seat.state });
    },
  });
}
