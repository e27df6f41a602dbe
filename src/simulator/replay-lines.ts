/** Reads recorded chat: what each raw line is, and whether it may be sent. The sorting is done once, before the first line goes out. */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Channel } from '../domain/channel.ts';
import { type RoomCommand, roomCommands } from './truth.ts';

export type ReplayLine =
  | {
      readonly kind: 'room';
      readonly text: string;
      readonly command: RoomCommand;
      readonly login: string;
      readonly identity: string | undefined;
    }
  /** Tells of no room, but does no harm. */
  | { readonly kind: 'control'; readonly text: string; readonly reason: string }
  | { readonly kind: 'malformed'; readonly text: string; readonly reason: string }
  /** Would disturb the protocol if it were sent. */
  | { readonly kind: 'skipped'; readonly text: string; readonly reason: string };

const disturbing = new Set(['PING', 'PONG', 'RECONNECT', 'CAP', 'JOIN', 'PART']);
const harmless = new Set(['USERSTATE', 'GLOBALUSERSTATE', 'WHISPER', 'HOSTTARGET']);
const rooms: ReadonlySet<string> = new Set(roomCommands);

/** @param path plain text or, by its name, gzip; lines end in LF or CR LF. Empty lines are no lines. */
export async function loadReplay(path: string): Promise<readonly ReplayLine[]> {
  const bytes = await readFile(path);
  const text = (path.endsWith('.gz') ? await promisify(gunzip)(bytes) : bytes).toString('utf8');
  return text
    .split('\n')
    .map((line) => (line.endsWith('\r') ? line.slice(0, -1) : line))
    .filter((line) => line !== '')
    .map(sortLine);
}

/** The grammar of IRCv3 as far as the sorting needs it: `[@tags] [:prefix] COMMAND [params]`. */
export function sortLine(text: string): ReplayLine {
  const malformed = (reason: string): ReplayLine => ({ kind: 'malformed', text, reason });
  let rest = text;
  let tags = '';
  if (rest.startsWith('@')) {
    const end = rest.indexOf(' ');
    if (end < 0) return malformed('cut off in the tags');
    tags = rest.slice(1, end);
    rest = rest.slice(end).trimStart();
  }
  if (rest.startsWith(':')) {
    const end = rest.indexOf(' ');
    if (end < 0) return malformed('no command');
    rest = rest.slice(end).trimStart();
  }
  const [command = '', target = ''] = rest.split(/ +/, 2);
  if (command === '') return malformed('no command');
  if (/^\d{3}$/.test(command)) return { kind: 'skipped', text, reason: 'numeric' };
  if (!/^[A-Z]+$/.test(command)) return malformed('bad command');
  if (disturbing.has(command)) return { kind: 'skipped', text, reason: command };
  if (harmless.has(command)) return { kind: 'control', text, reason: command };
  if (!isRoomCommand(command)) return malformed('unknown command');
  // A NOTICE to nobody is how the server refuses a login; clients give up when they see one.
  if (command === 'NOTICE' && target === '*') return { kind: 'skipped', text, reason: 'NOTICE *' };
  if (!/^#./.test(target)) return malformed('no channel');
  const login = target.slice(1).toLowerCase();
  return { kind: 'room', text, command, login, identity: identityOf(text, tags, login) };
}

const isRoomCommand = (command: string): command is RoomCommand => rooms.has(command);

/**
 * Room, kind, time and id where the line has an id; else the whole line. A line without a time is like no other: nothing tells
 * whether it was said twice or once.
 */
function identityOf(text: string, tags: string, login: string): string | undefined {
  const time = tagOf(tags, 'tmi-sent-ts');
  if (!/^\d{13}$/.test(time)) return undefined;
  const id = tagOf(tags, 'id');
  return id ? [tagOf(tags, 'room-id') || login, tagOf(tags, 'msg-id'), time, id].join('/') : text;
}

/** Raw, as it stands: only for ids and times, which need no unescaping. */
function tagOf(tags: string, name: string): string {
  const pair = tags.split(';').find((tag) => tag.startsWith(`${name}=`));
  return pair?.slice(name.length + 1) ?? '';
}

/**
 * The channels of a recording, in the order of their first line. The id is the one that most lines of the room carry; rooms whose
 * lines carry none, or one that another room has, get an invented one.
 */
export function channelsOf(lines: readonly ReplayLine[]): readonly Channel[] {
  const votes = new Map<string, Map<string, number>>();
  for (const line of lines) {
    if (line.kind !== 'room') continue;
    const room = votes.get(line.login) ?? new Map<string, number>();
    votes.set(line.login, room);
    const id = /[@;]room-id=(\d+)[; ]/.exec(line.text)?.[1];
    if (id) room.set(id, (room.get(id) ?? 0) + 1);
  }
  const taken = new Set<string>();
  return [...votes].map(([login, room], index) => {
    const best = [...room].filter(([id]) => !taken.has(id)).toSorted((a, b) => b[1] - a[1])[0]?.[0];
    const id = best ?? String(800_000_000 + index);
    taken.add(id);
    return { id, login };
  });
}
