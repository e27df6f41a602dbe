/**
 * One line of IRC as Twitch sends it, taken apart but not yet understood. Text stays byte-exact: only the line end is
 * gone. A line that is not IRC comes back as the reason why, never as an exception.
 */

/** Twitch's own shape: `[@tags SP] [:prefix SP] COMMAND [SP #channel] [SP :trailing]`. */
export interface WireLine {
  /** Everything between `@` and the first space, still escaped; `''` when the line has no tags. */
  readonly tags: string;
  /** `nick!user@host` or a server name, without the colon; `''` when absent. */
  readonly prefix: string;
  readonly command: string;
  /** First parameter as sent (`#login`, `*`, a nick); `''` when absent. */
  readonly target: string;
  /** The parameter after the target; `''` when absent. A single word may come without its colon. */
  readonly text: string;
}

export type WireFault = 'empty_line' | 'no_command' | 'bad_command';

/** @returns the parts, or why this is no IRC line. Grammar: RFC 1459 §2.3.1 with IRCv3 message tags. */
export function parseLine(line: string): WireLine | WireFault {
  let at = 0;
  let tags = '';
  if (line.charCodeAt(0) === AT) {
    const end = line.indexOf(' ');
    if (end < 0) return 'no_command';
    tags = line.slice(1, end);
    at = skipSpaces(line, end);
  }
  let prefix = '';
  if (line.charCodeAt(at) === COLON) {
    const end = line.indexOf(' ', at);
    if (end < 0) return 'no_command';
    prefix = line.slice(at + 1, end);
    at = skipSpaces(line, end);
  }
  if (at >= line.length) return line.length === 0 ? 'empty_line' : 'no_command';
  const commandEnd = wordEnd(line, at);
  const command = line.slice(at, commandEnd);
  if (!isCommand(command)) return 'bad_command';
  at = skipSpaces(line, commandEnd);
  let target = '';
  if (at < line.length && line.charCodeAt(at) !== COLON) {
    const end = wordEnd(line, at);
    target = line.slice(at, end);
    at = end < line.length ? end + 1 : end;
  }
  const text = line.charCodeAt(at) === COLON ? line.slice(at + 1) : line.slice(at);
  return { tags, prefix, command, target, text };
}

/** The part of a user's prefix before `!`; the whole prefix for a server. */
export function nickOf(prefix: string): string {
  const end = prefix.indexOf('!');
  return end < 0 ? prefix : prefix.slice(0, end);
}

const AT = 0x40;
const COLON = 0x3a;
const SPACE = 0x20;

function skipSpaces(line: string, from: number): number {
  let at = from;
  while (line.charCodeAt(at) === SPACE) at += 1;
  return at;
}

function wordEnd(line: string, from: number): number {
  const end = line.indexOf(' ', from);
  return end < 0 ? line.length : end;
}

/** Letters only, or three digits. */
function isCommand(word: string): boolean {
  const first = word.charCodeAt(0);
  if (first >= 0x30 && first <= 0x39) return word.length === 3 && allBetween(word, 0x30, 0x39);
  return allBetween(word.toUpperCase(), 0x41, 0x5a);
}

function allBetween(word: string, low: number, high: number): boolean {
  for (let i = 0; i < word.length; i += 1) {
    const code = word.charCodeAt(i);
    if (code < low || code > high) return false;
  }
  return true;
}
