/**
 * The ledger of what the simulator really did. Only deeds are entered, when they are done, never plans: a line counts when it was
 * handed to a socket of somebody who had joined its room, once however many had.
 */

import type { Channel } from '../domain/channel.ts';
import type { ChatEventCommand } from '../domain/chat.ts';
import type { WorldChange, WorldRaid } from './world.ts';

/** The commands that tell something about a room; all others are control. */
export const roomCommands = ['PRIVMSG', 'USERNOTICE', 'CLEARCHAT', 'CLEARMSG', 'NOTICE', 'ROOMSTATE'] as const;
export type RoomCommand = ChatEventCommand | 'PRIVMSG';

export type Counts = Readonly<Record<string, number>>;

export interface Truth {
  /** ms since the epoch, by the simulator's clock. */
  readonly startedAt: number;
  readonly askedAt: number;
  readonly chat: {
    /** Lines of the six room commands that reached at least one session that had joined the room. */
    readonly sent: number;
    readonly byCommand: Readonly<Record<RoomCommand, number>>;
    /** Of `sent`: ROOMSTATE lines that answered a JOIN. They have neither id nor time and repeat word for word. */
    readonly joinRoomStates: number;
    /** Of `sent`: lines whose identity (room, kind, time, id; without an id the whole line) had been sent before. Lines without a time never are. */
    readonly duplicates: number;
    /** The same by command. */
    readonly duplicatesByCommand: Counts;
    /** Copies of `sent` over all sessions. */
    readonly deliveries: number;
    /** Lines of rooms in which nobody was; not in `sent`. */
    readonly unjoined: number;
    /** Replay: lines that tell of no room but were sent all the same, by command. */
    readonly control: Counts;
    /** Replay: lines that are no well-formed room command, sent as they are, by reason. */
    readonly malformed: Counts;
    /** Replay: lines that would disturb the protocol and were not sent, by reason. */
    readonly skipped: Counts;
  };
  readonly irc: { readonly sessions: number; readonly joined: number } & Counts;
  /** In order. The broadcasts that were live at the start are in `liveAtStart`, not here. */
  readonly changes: readonly WorldChange[];
  readonly raids: readonly WorldRaid[];
  readonly liveAtStart: readonly { readonly channelId: string; readonly streamId: string }[];
  readonly liveNow: readonly { readonly channelId: string; readonly streamId: string }[];
  readonly channels: readonly Channel[];
  readonly helix: {
    /** `GET /streams 200` → how many. */
    readonly requests: Counts;
    /** Whole answers to GET /streams, and the rows in them. */
    readonly streamAnswers: number;
    readonly streamRows: number;
  };
  readonly eventsub: {
    readonly sessions: number;
    /** Notifications by subscription type; a duplicate on order is not counted here but in `duplicated`. */
    readonly sent: Counts;
    readonly lost: Counts;
    readonly duplicated: Counts;
    /** Sessions that went over to a second socket after `session_reconnect`. */
    readonly moved: number;
    /** Ended sessions and refused moves by close code. */
    readonly closed: Counts;
  };
}

/** Counts by name. Names come from a fixed set of this folder, so the map stays small. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  counts(): Counts {
    return Object.fromEntries([...this.#counts].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }
}

export class Ledger {
  readonly byCommand: Record<RoomCommand, number> = {
    PRIVMSG: 0,
    USERNOTICE: 0,
    CLEARCHAT: 0,
    CLEARMSG: 0,
    NOTICE: 0,
    ROOMSTATE: 0,
  };
  readonly duplicates = new Tally();
  readonly control = new Tally();
  readonly malformed = new Tally();
  readonly skipped = new Tally();
  /** Joins, violations, logins, drops: what happened on the chat connections. */
  readonly irc = new Tally();
  readonly requests = new Tally();
  readonly notified = new Tally();
  readonly unnotified = new Tally();
  readonly repeated = new Tally();
  readonly closed = new Tally();
  readonly changes: WorldChange[] = [];
  readonly raids: WorldRaid[] = [];
  readonly #identities = new Set<string>();
  joinRoomStates = 0;
  deliveries = 0;
  moves = 0;
  unjoined = 0;
  streamAnswers = 0;
  streamRows = 0;

  /**
   * @param copies how many sessions got it; 0 = nobody was in the room.
   * @param identity what makes two lines the same to a receiver; left out for lines with an id that was just drawn.
   */
  line(command: RoomCommand, copies: number, identity?: string): void {
    if (copies === 0) {
      this.unjoined++;
      return;
    }
    this.byCommand[command]++;
    this.deliveries += copies;
    if (identity === undefined) return;
    if (this.#identities.has(identity)) this.duplicates.add(command);
    else this.#identities.add(identity);
  }

  chat(): Truth['chat'] {
    const duplicatesByCommand = this.duplicates.counts();
    return {
      sent: sum(this.byCommand),
      byCommand: { ...this.byCommand },
      joinRoomStates: this.joinRoomStates,
      duplicates: sum(duplicatesByCommand),
      duplicatesByCommand,
      deliveries: this.deliveries,
      unjoined: this.unjoined,
      control: this.control.counts(),
      malformed: this.malformed.counts(),
      skipped: this.skipped.counts(),
    };
  }
}

const sum = (counts: Counts): number => Object.values(counts).reduce((total, count) => total + count, 0);
