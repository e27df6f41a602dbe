/**
 * The invented world and its rules: which channels exist, who is live, with what. It knows no protocol and no timer.
 * Whatever changes in it changes here, so its listeners see every change exactly once, with what was there before.
 */
import type { Change } from '../domain/change.ts';
import type { Channel } from '../domain/channel.ts';
import type { Random } from './random.ts';
import { type RoomModes, type SimBroadcast, type SimChannel, settle, shuffled } from './settlement.ts';
import { directory } from './vocabulary.ts';

/** One change, in the words of the domain. `before` and `after` are text, a category id, a list of tags or a stream id (`''` = none). */
export interface WorldChange {
  readonly kind: Change['kind'];
  readonly channelId: string;
  /** The session it belongs to; `''` outside of one. */
  readonly streamId: string;
  /** ms since the epoch. */
  readonly at: number;
  readonly before: string | readonly string[];
  readonly after: string | readonly string[];
}

export interface WorldRaid {
  readonly fromId: string;
  readonly toId: string;
  readonly viewers: number;
  readonly at: number;
}

export interface WorldListener {
  /** All changes of one act together: a broadcaster who saves title and category at once makes one call with two changes. */
  changed?(channel: SimChannel, changes: readonly WorldChange[]): void;
  raided?(raid: WorldRaid, from: SimChannel, to: SimChannel): void;
}

export interface WorldOptions {
  readonly random: Random;
  readonly now: () => number;
  /** How many to invent, or exactly these. */
  readonly channels: number | readonly Channel[];
  /** Share of the channels that is live at the start, 0..1. */
  readonly liveShare: number;
  /** Viewers of the largest channel, about. */
  readonly topViewers?: number;
}

export type DescriptionPatch = Partial<Pick<SimChannel, 'title' | 'category' | 'tags' | 'language'>>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** Who is live when the world begins has been so for up to nine hours. */
const maxMinutesLive = 540;

export class World {
  readonly #random: Random;
  readonly #now: () => number;
  readonly #topViewers: number;
  readonly #byId = new Map<string, Mutable<SimChannel>>();
  readonly #byLogin = new Map<string, Mutable<SimChannel>>();
  readonly #listeners: WorldListener[] = [];
  #version = 0;
  #isFrozen = false;

  constructor(options: WorldOptions) {
    this.#random = options.random;
    this.#now = options.now;
    this.#topViewers = options.topViewers ?? 24_000;
    for (const channel of settle(options.channels, options.random)) this.#add(channel);
    const live = Math.round(this.#byId.size * options.liveShare);
    // Who is live is drawn, not taken from the top, and told to nobody: it is how the world begins.
    for (const channel of shuffled([...this.#byId.values()], options.random).slice(0, live)) {
      this.#begin(channel, this.#now() - options.random.between(5, maxMinutesLive) * 60_000);
    }
  }

  listen(listener: WorldListener): void {
    this.#listeners.push(listener);
  }

  get channels(): readonly SimChannel[] {
    return [...this.#byId.values()];
  }

  get live(): readonly SimChannel[] {
    return this.channels.filter((channel) => channel.broadcast !== undefined);
  }

  /** Counts up whenever somebody goes live, offline or changes name; lets others keep derived tables. */
  get version(): number {
    return this.#version;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  /** From now on nothing happens by itself any more; forced changes still do. */
  freeze(): void {
    this.#isFrozen = true;
  }

  byId(id: string): SimChannel | undefined {
    return this.#byId.get(id);
  }

  byLogin(login: string): SimChannel | undefined {
    return this.#byLogin.get(login.toLowerCase());
  }

  /** Starts a broadcast. Does nothing when the channel is live already. */
  goLive(id: string): void {
    const channel = this.#channel(id);
    if (channel.broadcast) return;
    const broadcast = this.#begin(channel);
    this.#tell(channel, [{ kind: 'stream_online', before: '', after: broadcast.id }]);
  }

  /** Ends the broadcast. Does nothing when the channel is offline already. */
  goOffline(id: string): void {
    const channel = this.#channel(id);
    const { broadcast } = channel;
    if (!broadcast) return;
    channel.broadcast = undefined;
    channel.viewers = 0;
    this.#version++;
    this.#tell(channel, [{ kind: 'stream_offline', before: broadcast.id, after: '' }], broadcast.id);
  }

  /** Saves several fields in one act, as a broadcaster's dashboard does. Values equal to the present ones are no change. */
  describe(id: string, patch: DescriptionPatch): void {
    const channel = this.#channel(id);
    const changes: Pick<WorldChange, 'kind' | 'before' | 'after'>[] = [];
    if (patch.title !== undefined && patch.title !== channel.title) {
      changes.push({ kind: 'title_changed', before: channel.title, after: patch.title });
      channel.title = patch.title;
    }
    if (patch.category !== undefined && patch.category.id !== channel.category.id) {
      changes.push({ kind: 'category_changed', before: channel.category.id, after: patch.category.id });
      channel.category = patch.category;
    }
    if (patch.tags !== undefined && patch.tags.join('\n') !== channel.tags.join('\n')) {
      changes.push({ kind: 'tags_changed', before: channel.tags, after: patch.tags });
      channel.tags = patch.tags;
    }
    if (patch.language !== undefined && patch.language !== channel.language) {
      changes.push({ kind: 'language_changed', before: channel.language, after: patch.language });
      channel.language = patch.language;
    }
    this.#tell(channel, changes);
  }

  setTitle(id: string, title: string): void {
    this.describe(id, { title });
  }

  /** @param categoryId one of the directory's, or `''` for none. */
  setCategory(id: string, categoryId: string): void {
    const category = directory.find((entry) => entry.id === categoryId);
    if (!category && categoryId !== '') throw new RangeError(`no category ${categoryId} in the directory`);
    this.describe(id, { category: category ?? { id: '', name: '', igdbId: '' } });
  }

  setViewers(id: string, viewers: number): void {
    const channel = this.#channel(id);
    if (channel.broadcast) channel.viewers = Math.max(0, Math.round(viewers));
  }

  /** Same id, new login. Whoever had joined the old chat room hears nothing any more. */
  rename(id: string, login: string): void {
    const channel = this.#channel(id);
    const before = channel.login;
    const after = login.toLowerCase();
    if (before === after) return;
    if (this.#byLogin.has(after)) throw new RangeError(`login ${after} is taken`);
    this.#byLogin.delete(before);
    this.#byLogin.set(after, channel);
    channel.login = after;
    channel.displayName = login;
    this.#version++;
    this.#tell(channel, [{ kind: 'channel_renamed', before, after }]);
  }

  suspend(id: string): void {
    const channel = this.#channel(id);
    this.goOffline(id);
    channel.isSuspended = true;
  }

  /** Sends the viewers of one live channel to another; the raiding broadcast ends. */
  raid(fromId: string, toId: string): void {
    const from = this.#channel(fromId);
    const to = this.#channel(toId);
    const raid: WorldRaid = { fromId, toId, viewers: from.viewers, at: this.#now() };
    if (to.broadcast) to.viewers += raid.viewers;
    for (const listener of this.#listeners) listener.raided?.(raid, from, to);
    this.goOffline(fromId);
  }

  setRoomMode(id: string, mode: keyof RoomModes, value: number): void {
    const channel = this.#channel(id);
    channel.room = { ...channel.room, [mode]: value };
  }

  /** One step of the random walk of all live channels' viewers: a pull towards their size and a few per cent of noise. */
  driftViewers(): void {
    for (const channel of this.#byId.values()) {
      if (!channel.broadcast) continue;
      const pull = (this.#usualViewers(channel) - channel.viewers) * 0.04;
      const noise = (this.#random.next() - 0.5) * 0.1 * Math.max(20, channel.viewers);
      channel.viewers = Math.max(0, Math.round(channel.viewers + pull + noise));
    }
  }

  #channel(id: string): Mutable<SimChannel> {
    const channel = this.#byId.get(id);
    if (!channel) throw new RangeError(`no channel ${id} in this world`);
    return channel;
  }

  #add(channel: SimChannel): void {
    const { id, login } = channel;
    if (this.#byId.has(id) || this.#byLogin.has(login)) throw new RangeError(`channel ${id} ${login} is listed twice`);
    this.#byId.set(id, channel);
    this.#byLogin.set(login, channel);
  }

  #begin(channel: Mutable<SimChannel>, startedAt = this.#now()): SimBroadcast {
    const broadcast = {
      id: String(40_000_000_000 + this.#random.int(9_000_000_000)),
      startedAt: Math.floor(startedAt / 1_000) * 1_000,
    };
    channel.broadcast = broadcast;
    channel.viewers = Math.round(this.#usualViewers(channel) * (0.6 + this.#random.next() * 0.8));
    this.#version++;
    return broadcast;
  }

  #usualViewers(channel: SimChannel): number {
    return Math.max(3, this.#topViewers * channel.weight);
  }

  #tell(
    channel: SimChannel,
    changes: readonly Pick<WorldChange, 'kind' | 'before' | 'after'>[],
    streamId = channel.broadcast?.id ?? '',
  ): void {
    if (changes.length === 0) return;
    const at = this.#now();
    const told = changes.map((change) => ({ ...change, channelId: channel.id, streamId, at }));
    for (const listener of this.#listeners) listener.changed?.(channel, told);
  }
}
