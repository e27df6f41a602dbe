/**
 * Twitch chat over websocket, the server's side: capabilities, login, joining, and Twitch's limits on it.
 * Joins above the limit vanish without an answer, as on the real service; they are counted as violations.
 * @see https://dev.twitch.tv/docs/chat/irc/
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import type { Faults } from './faults.ts';
import { greetingOf, ownTags, refusalOf, server } from './irc-login.ts';
import { Pulse } from './irc-pulse.ts';
import type { IrcRooms } from './irc-rooms.ts';
import { IrcSession } from './irc-session.ts';
import type { JoinLimit } from './join-limit.ts';
import type { SimChannel } from './settlement.ts';
import { writeTags } from './tags.ts';
import type { Tokens } from './tokens.ts';
import type { Ledger } from './truth.ts';
import type { World } from './world.ts';

export interface IrcServerOptions {
  readonly world: World;
  readonly tokens: Tokens;
  readonly faults: Faults;
  readonly ledger: Ledger;
  readonly rooms: IrcRooms;
  readonly joinLimit: JoinLimit;
  readonly linesPerFrame: number;
  /** Rooms that a named account may be in at once. Twitch: 100. */
  readonly maxRoomsPerAccount: number;
  /** How often the server says PING. Twitch: about 5 minutes. */
  readonly pingMs: number;
  /** How long a client may take to say PONG before it is closed. Twitch closes, but does not say after how long. */
  readonly pongGraceMs: number;
}

const knownCapabilities = new Set(['twitch.tv/tags', 'twitch.tv/commands', 'twitch.tv/membership']);

export class IrcServer {
  readonly rooms: IrcRooms;
  readonly #options: IrcServerOptions;
  readonly #sessions = new Map<IrcSession, Pulse>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #linesPerFrame: number;

  constructor(options: IrcServerOptions) {
    this.#options = options;
    this.rooms = options.rooms;
    this.#linesPerFrame = options.linesPerFrame;
    options.world.listen({
      changed: (_channel, changes) => {
        for (const change of changes) if (change.kind === 'channel_renamed') this.rooms.empty(String(change.before));
      },
    });
  }

  get sessions(): number {
    return this.#sessions.size;
  }

  accept(ws: WebSocket, socket: Duplex): void {
    const { ledger, faults } = this.#options;
    const session = new IrcSession(ws, socket, {
      linesPerFrame: () => this.#linesPerFrame,
      takeSplit: () => faults.take('irc.split_line'),
    });
    const pulse = this.#createPulse(session);
    this.#sessions.set(session, pulse);
    ledger.irc.add('connections');
    ws.on('message', (data) => {
      // Clients leave the line end out, so a frame is always whole lines.
      for (const line of String(data).split(/\r?\n/)) if (line !== '') this.#obey(session, line);
    });
    ws.on('error', () => ledger.irc.add('socket_errors'));
    ws.on('close', () => {
      pulse.end();
      this.#sessions.delete(session);
      this.rooms.leaveAll(session);
      ledger.irc.add('disconnections');
    });
  }

  setLinesPerFrame(lines: number): void {
    this.#linesPerFrame = lines;
  }

  /** Breaks, silences or sends away the oldest `count` sessions. @returns how many it were. */
  disturb(how: 'drop' | 'half_open' | 'reconnect', count: number, closeAfterMs: number): number {
    const chosen = [...this.#sessions.keys()].filter((session) => session.isReachable).slice(0, count);
    for (const session of chosen) {
      this.#options.ledger.irc.add(how);
      if (how === 'half_open') session.mute();
      else if (how === 'drop') session.drop();
      else this.#sendAway(session, closeAfterMs);
    }
    return chosen.length;
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    for (const [session, pulse] of this.#sessions) {
      pulse.end();
      session.destroy();
    }
  }

  #createPulse(session: IrcSession): Pulse {
    return new Pulse({
      everyMs: this.#options.pingMs,
      graceMs: this.#options.pongGraceMs,
      ask: () => {
        this.rooms.send(session, 'PING :tmi.twitch.tv');
        return session.isReachable;
      },
      onSilence: () => {
        // Nothing leaves a half-open connection, not even its end.
        if (!session.isReachable) return;
        this.#options.ledger.irc.add('pongs_missed');
        session.close();
      },
    });
  }

  #sendAway(session: IrcSession, closeAfterMs: number): void {
    this.rooms.send(session, `${server} RECONNECT`);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      session.close();
    }, closeAfterMs);
    this.#timers.add(timer);
  }

  #obey(session: IrcSession, line: string): void {
    const [command = '', ...rest] = line.split(' ');
    const argument = rest.join(' ');
    switch (command.toUpperCase()) {
      case 'CAP':
        this.#negotiate(session, argument);
        break;
      case 'PASS':
        session.pass = argument;
        break;
      case 'NICK':
        this.#logIn(session, argument.trim().toLowerCase());
        break;
      case 'PING':
        // tmi.js takes only a PONG without a prefix, and it pings without an argument.
        this.rooms.send(session, argument === '' ? 'PONG' : `${server} PONG tmi.twitch.tv ${argument}`);
        break;
      case 'PONG':
        this.#options.ledger.irc.add('pongs');
        this.#sessions.get(session)?.answer();
        break;
      case 'JOIN':
        for (const login of roomNames(argument)) this.#options.ledger.irc.add(this.#join(session, login));
        break;
      case 'PART':
        for (const login of roomNames(argument)) this.#part(session, login);
        break;
      case 'QUIT':
        session.close();
        break;
      case 'PRIVMSG':
        // Speaking is not part of this world: nobody hears it.
        this.#options.ledger.irc.add('unheard_messages');
        break;
      default:
        this.rooms.send(session, `${server} 421 ${session.nick ?? '*'} ${command} :Unknown command`);
    }
  }

  #negotiate(session: IrcSession, argument: string): void {
    const [verb = '', ...names] = argument.split(' ');
    const wanted = names.join(' ').replace(/^:/, '').trim();
    if (verb === 'LS') this.rooms.send(session, `${server} CAP * LS :${[...knownCapabilities].join(' ')}`);
    if (verb !== 'REQ') return;
    const asked = wanted.split(/ +/);
    const isGranted =
      asked.every((name) => knownCapabilities.has(name)) && !this.#options.faults.take('irc.refuse_capabilities');
    if (isGranted) for (const name of asked) session.capabilities.add(name);
    this.rooms.send(session, `${server} CAP * ${isGranted ? 'ACK' : 'NAK'} :${wanted}`);
  }

  #logIn(session: IrcSession, nick: string): void {
    const { ledger, tokens, faults } = this.#options;
    const refusal = faults.take('irc.refuse_login') ? 'Login authentication failed' : refusalOf(session, nick, tokens);
    if (refusal !== undefined) {
      ledger.irc.add('refused_logins');
      this.rooms.send(session, `${server} NOTICE * :${refusal}`);
      session.close();
      return;
    }
    session.nick = nick;
    ledger.irc.add('logins');
    for (const line of greetingOf(session, nick)) this.rooms.send(session, line);
  }

  /** @returns what became of the wish, as a name to count it under. */
  #join(session: IrcSession, login: string): string {
    const { faults, world, joinLimit, maxRoomsPerAccount } = this.#options;
    if (session.nick === undefined) return 'joins_before_login';
    if (!joinLimit.allow(session.account)) return 'join_violations';
    if (faults.take('irc.lose_join')) return 'joins_lost';
    const channel = world.byLogin(login);
    if (!channel) return 'joins_of_unknown_rooms';
    if (channel.isSuspended) {
      this.#notice(session, login, 'msg_channel_suspended', 'This channel does not exist or has been suspended.');
      return 'joins_of_suspended_rooms';
    }
    if (session.rooms.has(login)) return 'joins_repeated';
    if (session.isNamed && this.#roomsOf(session.account) >= maxRoomsPerAccount) {
      const words = 'You are in as many rooms at once as one account may be.';
      this.#notice(session, login, 'msg_concurrent_channel_limit_reached', words);
      return 'joins_over_cap';
    }
    this.#welcome(session, channel);
    if (faults.take('irc.ghost_join')) {
      session.ghostRooms.add(login);
      return 'ghost_joins';
    }
    this.rooms.enter(session, login);
    return 'joins';
  }

  #welcome(session: IrcSession, { id, login, room }: SimChannel): void {
    const { ledger } = this.#options;
    const nick = session.nick ?? '';
    this.rooms.send(session, `:${nick}!${nick}@${nick}.tmi.twitch.tv JOIN #${login}`);
    this.rooms.send(session, `:${nick}.tmi.twitch.tv 353 ${nick} = #${login} :${nick}`);
    this.rooms.send(session, `:${nick}.tmi.twitch.tv 366 ${nick} #${login} :End of /NAMES list`);
    if (!session.capabilities.has('twitch.tv/commands')) return;
    if (session.isNamed) this.rooms.send(session, `${ownTags(session)}${server} USERSTATE #${login}`);
    const line = `${writeTags({ ...room, 'room-id': id })}${server} ROOMSTATE #${login}`;
    this.rooms.send(session, line);
    ledger.line('ROOMSTATE', 1);
    ledger.joinRoomStates++;
  }

  #part(session: IrcSession, login: string): void {
    const nick = session.nick ?? '';
    if (!this.rooms.leave(session, login) && !session.ghostRooms.delete(login)) return;
    this.#options.ledger.irc.add('parts');
    this.rooms.send(session, `:${nick}!${nick}@${nick}.tmi.twitch.tv PART #${login}`);
  }

  #roomsOf(account: string): number {
    let rooms = 0;
    for (const session of this.#sessions.keys()) if (session.account === account) rooms += session.rooms.size;
    return rooms;
  }

  #notice(session: IrcSession, login: string, msgId: string, words: string): void {
    const line = `@msg-id=${msgId} ${server} NOTICE #${login} :${words}`;
    this.rooms.send(session, line);
    this.#options.ledger.line('NOTICE', 1);
  }
}

/** `#a,#b` → `a`, `b`. */
const roomNames = (argument: string): readonly string[] =>
  argument
    .split(',')
    .map((name) => name.trim().replace(/^#/, '').toLowerCase())
    .filter((name) => name !== '');
