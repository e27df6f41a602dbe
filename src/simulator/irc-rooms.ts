/**
 * Who hears which room, and the way of a line to them. Lines are written out together at the end of the turn (or by `flush`).
 * A session that did not ask for tags gets its lines without them; one that did not ask for commands gets messages only.
 */
import type { Rooms } from './chat-pump.ts';
import type { IrcSession } from './irc-session.ts';
import type { RoomCommand } from './truth.ts';

export class IrcRooms implements Rooms {
  /** Login of a room → who hears it. */
  readonly #byLogin = new Map<string, Set<IrcSession>>();
  readonly #dirty = new Set<IrcSession>();
  #isFlushPlanned = false;

  /** Rooms with at least one session that hears them. */
  get size(): number {
    return this.#byLogin.size;
  }

  isHeard(login: string): boolean {
    return this.#byLogin.has(login);
  }

  deliver(login: string, command: RoomCommand, line: string): number {
    let copies = 0;
    for (const session of this.#byLogin.get(login) ?? []) {
      if (!session.isReachable || (command !== 'PRIVMSG' && !session.capabilities.has('twitch.tv/commands'))) continue;
      this.send(session, line);
      copies++;
    }
    return copies;
  }

  /** Sends a line that belongs to no room to one session that is in some room. @returns whether there was one. */
  deliverAnywhere(line: string): boolean {
    for (const room of this.#byLogin.values()) {
      for (const session of room) {
        if (!session.isReachable) continue;
        this.send(session, line);
        return true;
      }
    }
    return false;
  }

  get bufferedBytes(): number {
    let most = 0;
    for (const room of this.#byLogin.values()) {
      for (const session of room) most = Math.max(most, session.bufferedBytes);
    }
    return most;
  }

  /** One line to one session. */
  send(session: IrcSession, line: string): void {
    const hasTags = line.charCodeAt(0) === 64;
    session.send(hasTags && !session.capabilities.has('twitch.tv/tags') ? line.slice(line.indexOf(' ') + 1) : line);
    this.#dirty.add(session);
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    setImmediate(() => {
      this.#isFlushPlanned = false;
      this.flush();
    });
  }

  flush(): void {
    for (const session of this.#dirty) session.flush();
    this.#dirty.clear();
  }

  enter(session: IrcSession, login: string): void {
    session.rooms.add(login);
    this.#byLogin.set(login, (this.#byLogin.get(login) ?? new Set()).add(session));
  }

  /** @returns whether the session was in the room. */
  leave(session: IrcSession, login: string): boolean {
    const room = this.#byLogin.get(login);
    if (room?.delete(session) && room.size === 0) this.#byLogin.delete(login);
    return session.rooms.delete(login);
  }

  leaveAll(session: IrcSession): void {
    for (const login of [...session.rooms]) this.leave(session, login);
  }

  /** The room falls silent; nobody is told. */
  empty(login: string): void {
    for (const session of this.#byLogin.get(login) ?? []) session.rooms.delete(login);
    this.#byLogin.delete(login);
  }
}
