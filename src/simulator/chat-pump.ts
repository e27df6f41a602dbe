/**
 * Keeps chat flowing at a set rate over all rooms: large rooms talk most, offline rooms hardly.
 * When a receiver is slow the pump waits instead of queueing: what is not sent was never said.
 */
import type { Chatter } from './chatter.ts';
import type { Random } from './random.ts';
import type { RoomEvents } from './room-events.ts';
import type { RoomModes, SimChannel } from './settlement.ts';
import type { Ledger, RoomCommand } from './truth.ts';
import type { World } from './world.ts';

/** Where lines go. Implemented by the IRC server. */
export interface Rooms {
  isHeard(login: string): boolean;
  /** @returns how many sessions got it. */
  deliver(login: string, command: RoomCommand, line: string): number;
  flush(): void;
  /** Bytes that wait in the fullest socket. */
  readonly bufferedBytes: number;
}

export interface ChatPumpOptions {
  readonly world: World;
  readonly chatter: Chatter;
  readonly events: RoomEvents;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly rooms: Rooms;
  /** Lines a second over all rooms. */
  readonly messagesPerSecond: number;
}

const maxBufferedBytes = 4 * 1024 * 1024;
/** A stall longer than this is not made up for. */
const maxCatchUpMs = 1_000;
const offlineShare = 0.01;
/** The value of each mode when it is off, and those it is switched to. */
type ModeValues = readonly [mode: keyof RoomModes, values: readonly [off: number, ...on: number[]]];
const modeValues: readonly [ModeValues, ...ModeValues[]] = [
  ['slow', [0, 3, 30]],
  ['followers-only', [-1, 0, 10]],
  ['emote-only', [0, 1]],
  ['subs-only', [0, 1]],
];

export class ChatPump {
  readonly #options: ChatPumpOptions;
  #lastAt: number | undefined;
  #owed = 0;
  #table:
    | { readonly channels: readonly SimChannel[]; readonly upTo: Float64Array; readonly version: number }
    | undefined;

  constructor(options: ChatPumpOptions) {
    this.#options = options;
    options.world.listen({
      raided: (raid, from, to) => {
        const { command, line } = options.events.raid(raid, from, to);
        this.#say(to, command, line);
      },
    });
  }

  /** Says what is due at `now` (ms since the epoch). */
  step(now: number): void {
    const { world, rooms, messagesPerSecond } = this.#options;
    const elapsed = Math.min(now - (this.#lastAt ?? now), maxCatchUpMs);
    this.#lastAt = now;
    if (world.isFrozen || messagesPerSecond <= 0 || rooms.bufferedBytes > maxBufferedBytes) return;
    this.#owed += (elapsed * messagesPerSecond) / 1_000;
    const due = Math.floor(this.#owed);
    if (due === 0) return;
    this.#owed -= due;
    this.speakLines(due, now);
  }

  /** Says at least so many lines now; a gift bomb is said to its end. @returns how many it were; 0 when there is no room at all. */
  speakLines(wanted: number, now: number): number {
    let said = 0;
    while (said < wanted) {
      const count = this.#speak(now);
      if (count === 0) break;
      said += count;
    }
    this.#options.rooms.flush();
    return said;
  }

  /** One happening in one room. @returns how many lines it was; 0 when there is no room at all. */
  #speak(now: number): number {
    const { random, events, ledger, rooms } = this.#options;
    const channel = this.#drawChannel();
    if (!channel) return 0;
    if (!rooms.isHeard(channel.login)) {
      ledger.unjoined++;
      return 1;
    }
    const roll = random.next();
    if (roll < 0.97) return this.#message(channel, now);
    const lines = roll < 0.999 ? events.draw(channel, now) : this.#modeChange(channel);
    for (const { command, line } of lines) this.#say(channel, command, line);
    return Math.max(1, lines.length);
  }

  #message(channel: SimChannel, now: number): number {
    const { chatter, random } = this.#options;
    const talk = chatter.talk(channel, now);
    const partner = random.chance(0.005) ? this.#drawChannel() : undefined;
    if (!partner || partner.id === channel.id) {
      this.#say(channel, 'PRIVMSG', chatter.write(channel, talk));
      return 1;
    }
    // Shared chat: the native line names itself as its source, the copy has an id of its own.
    const origin = { roomId: channel.id, messageId: talk.id };
    this.#say(channel, 'PRIVMSG', chatter.write(channel, { ...talk, origin }));
    this.#say(partner, 'PRIVMSG', chatter.write(partner, { ...talk, origin, id: random.uuid() }));
    return 2;
  }

  #modeChange(channel: SimChannel) {
    const { random, events, world } = this.#options;
    const [mode, values] = random.pick(modeValues);
    const [off, ...on] = values;
    const value = channel.room[mode] === off ? (on[random.int(on.length)] ?? off) : off;
    world.setRoomMode(channel.id, mode, value);
    return events.modeChange(channel, mode, value);
  }

  #say(channel: SimChannel, command: RoomCommand, line: string): void {
    const copies = this.#options.rooms.deliver(channel.login, command, line);
    // These two carry no id but a time, so the same words are the same line.
    const isNameless = command === 'CLEARCHAT' || command === 'CLEARMSG';
    this.#options.ledger.line(command, copies, isNameless ? line : undefined);
  }

  #drawChannel(): SimChannel | undefined {
    const { world, random } = this.#options;
    if (this.#table?.version !== world.version) this.#table = weigh(world);
    const { channels, upTo } = this.#table;
    const roll = random.next() * (upTo.at(-1) ?? 0);
    let low = 0;
    let high = channels.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((upTo[middle] ?? 0) > roll) high = middle;
      else low = middle + 1;
    }
    return channels[low];
  }
}

/** The running sums of the rooms' weights, for drawing by binary search. */
function weigh(world: World) {
  const channels = world.channels.filter((channel) => !channel.isSuspended);
  const upTo = new Float64Array(channels.length);
  let sum = 0;
  for (const [index, channel] of channels.entries()) {
    sum += channel.weight * (channel.broadcast ? 1 : offlineShare);
    upTo[index] = sum;
  }
  return { channels, upTo, version: world.version };
}
