/**
 * The channels that are watched. A channel may be wished for by login alone; its id is learnt from Helix or from chat,
 * and from then on the id is what names it, whatever its owner does to the login.
 */
import type { Channel } from '../domain/channel.ts';

export interface WatchedChannel {
  readonly login: string;
  /** undefined until somebody told. */
  readonly id: string | undefined;
  readonly displayName: string | undefined;
  /** ms since the epoch: since when this station watches it, over restarts. */
  readonly trackedSince: number;
  /** Helix knows no such login. */
  readonly isUnknown: boolean;
}

export interface WatchListOptions {
  readonly now: () => number;
  /** A new wish. */
  readonly onAdded: (channel: WatchedChannel) => void;
  /** A channel got its id, or its display name. */
  readonly onLearnt: (channel: WatchedChannel & { readonly id: string }) => void;
  readonly onRenamed: (channel: WatchedChannel & { readonly id: string }, from: string) => void;
}

export class WatchList {
  readonly #options: WatchListOptions;
  readonly #byLogin = new Map<string, WatchedChannel>();
  readonly #loginOf = new Map<string, string>();

  constructor(options: WatchListOptions) {
    this.#options = options;
  }

  add(login: string): void {
    if (this.#byLogin.has(login)) return;
    const channel: WatchedChannel = {
      login,
      id: undefined,
      displayName: undefined,
      trackedSince: this.#options.now(),
      isUnknown: false,
    };
    this.#byLogin.set(login, channel);
    this.#options.onAdded(channel);
  }

  /** What an earlier run of this station knew; called before anything is learnt. @returns whether the channel is still wished for. */
  restore(channel: Channel, trackedSince: number): boolean {
    const known = this.#byLogin.get(channel.login);
    if (known === undefined) return false;
    this.#byLogin.set(known.login, { ...known, id: channel.id, trackedSince });
    this.#loginOf.set(channel.id, known.login);
    return true;
  }

  /** Somebody told who has which id. A known id under another login is a rename. */
  learn(told: Channel & { readonly displayName?: string }): void {
    const knownLogin = this.#loginOf.get(told.id);
    if (knownLogin !== undefined && knownLogin !== told.login) {
      this.#rename(knownLogin, told);
      return;
    }
    const before = this.#byLogin.get(told.login);
    if (before === undefined) return;
    const displayName = told.displayName ?? before.displayName;
    if (before.id === told.id && before.displayName === displayName && !before.isUnknown) return;
    const after = { ...before, id: told.id, displayName, isUnknown: false };
    this.#byLogin.set(told.login, after);
    this.#loginOf.set(told.id, told.login);
    this.#options.onLearnt(after);
  }

  /** Helix has no user of this login: banned, renamed away, or misspelt. */
  markUnknown(login: string): void {
    const channel = this.#byLogin.get(login);
    if (channel !== undefined) this.#byLogin.set(login, { ...channel, isUnknown: true });
  }

  /** @param name a login, or `id:` and a user id. */
  resolve(name: string): WatchedChannel | undefined {
    const login = name.startsWith('id:') ? this.#loginOf.get(name.slice(3)) : name.toLowerCase();
    return login === undefined ? undefined : this.#byLogin.get(login);
  }

  byId(id: string): WatchedChannel | undefined {
    return this.resolve(`id:${id}`);
  }

  all(): readonly WatchedChannel[] {
    return [...this.#byLogin.values()];
  }

  /** Those that Helix can be asked about by id. */
  identified(): readonly Channel[] {
    const channels: Channel[] = [];
    for (const { id, login } of this.#byLogin.values()) if (id !== undefined) channels.push({ id, login });
    return channels;
  }

  #rename(from: string, told: Channel & { readonly displayName?: string }): void {
    const before = this.#byLogin.get(from);
    if (before === undefined) return;
    const after = {
      ...before,
      id: told.id,
      login: told.login,
      displayName: told.displayName ?? before.displayName,
      isUnknown: false,
    };
    this.#byLogin.delete(from);
    this.#byLogin.set(told.login, after);
    this.#loginOf.set(told.id, told.login);
    this.#options.onRenamed(after, from);
  }
}
