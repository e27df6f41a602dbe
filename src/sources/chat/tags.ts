/**
 * IRCv3 message tags in one pass over the text. Tags that have a field of their own are read straight into it; no map of
 * all tags is built, because at thousands of lines a second that map is what costs.
 */
import type { EmoteUse } from '../../domain/chat.ts';

/** The tags of one chat line. Strings are unescaped; `''` where the line does not carry the tag. */
export interface ChatTags {
  id: string;
  roomId: string;
  userId: string;
  login: string;
  displayName: string;
  color: string;
  sentAt: string;
  msgId: string;
  badges: string;
  badgeInfo: string;
  emotes: string;
  bits: string;
  mod: string;
  subscriber: string;
  vip: string;
  turbo: string;
  firstMessage: string;
  returningChatter: string;
  emoteOnly: string;
  historical: string;
  replyMessageId: string;
  replyUserId: string;
  replyUserLogin: string;
  replyDisplayName: string;
  replyText: string;
  threadMessageId: string;
  sourceRoomId: string;
  sourceId: string;
  sourceOnly: string;
  targetUserId: string;
  targetMessageId: string;
  banDuration: string;
  systemText: string;
  /** Everything else, by Twitch's own name. */
  extra: Record<string, string>;
}

/** @param text the tag part of a line, without `@`. Later duplicates win, as IRCv3 demands. */
export function readTags(text: string): ChatTags {
  const tags = noTags();
  let at = 0;
  while (at < text.length) {
    let end = text.indexOf(';', at);
    if (end < 0) end = text.length;
    let equals = text.indexOf('=', at);
    if (equals < 0 || equals > end) equals = end;
    const value = equals < end ? unescapeTag(text.slice(equals + 1, end)) : '';
    setTag(tags, text.slice(at, equals), value);
    at = end + 1;
  }
  return tags;
}

/** `\s` space, `\:` semicolon, `\\` backslash, `\r`, `\n`; an unknown escape stands for its letter, a lone `\` at the end for nothing. */
export function unescapeTag(value: string): string {
  if (!value.includes('\\')) return value;
  return value.replace(/\\(.?)/gs, (_, letter: string) => escapes[letter] ?? letter);
}

const escapes: Readonly<Record<string, string>> = { s: ' ', ':': ';', r: '\r', n: '\n' };

/** `id:0-4,8-12/id2:…`. Ranges that are no ranges are left out; an emote keeps its place even without a good one. */
export function readEmotes(text: string): readonly EmoteUse[] {
  if (text === '') return [];
  const uses: EmoteUse[] = [];
  for (const part of text.split('/')) {
    const colon = part.lastIndexOf(':');
    const id = colon < 0 ? part : part.slice(0, colon);
    if (id === '') continue;
    const at: [number, number][] = [];
    for (const range of colon < 0 ? [] : part.slice(colon + 1).split(',')) {
      const [, first, last] = rangePattern.exec(range) ?? [];
      if (first !== undefined && Number(first) <= Number(last)) at.push([Number(first), Number(last)]);
    }
    uses.push({ id, at });
  }
  return uses;
}

/** No line of chat is near five digits long. */
const rangePattern = /^(\d{1,4})-(\d{1,4})$/;

/** `set/version,set/version` in the order of the line. */
export function readBadges(text: string): readonly string[] {
  return text === '' ? [] : text.split(',').filter((badge) => badge !== '');
}

/** Real months of a subscription out of `badge-info`; 0 when there are none. */
export function readSubscriberMonths(badgeInfo: string): number {
  for (const badge of badgeInfo.split(',')) {
    if (badge.startsWith('subscriber/') || badge.startsWith('founder/')) {
      return readCount(badge.slice(badge.indexOf('/') + 1));
    }
  }
  return 0;
}

/** A whole number from 0 to 2^31-1; 0 for anything else. */
export function readCount(text: string): number {
  const value = Number(text);
  return Number.isInteger(value) && value >= 0 && value < 2 ** 31 ? value : 0;
}

function noTags(): ChatTags {
  return {
    id: '',
    roomId: '',
    userId: '',
    login: '',
    displayName: '',
    color: '',
    sentAt: '',
    msgId: '',
    badges: '',
    badgeInfo: '',
    emotes: '',
    bits: '',
    mod: '',
    subscriber: '',
    vip: '',
    turbo: '',
    firstMessage: '',
    returningChatter: '',
    emoteOnly: '',
    historical: '',
    replyMessageId: '',
    replyUserId: '',
    replyUserLogin: '',
    replyDisplayName: '',
    replyText: '',
    threadMessageId: '',
    sourceRoomId: '',
    sourceId: '',
    sourceOnly: '',
    targetUserId: '',
    targetMessageId: '',
    banDuration: '',
    systemText: '',
    extra: {},
  };
}

type Field = Exclude<keyof ChatTags, 'extra'>;

const fieldOf = new Map<string, Field>([
  ['id', 'id'],
  ['room-id', 'roomId'],
  ['user-id', 'userId'],
  ['login', 'login'],
  ['display-name', 'displayName'],
  ['color', 'color'],
  ['tmi-sent-ts', 'sentAt'],
  ['msg-id', 'msgId'],
  ['badges', 'badges'],
  ['badge-info', 'badgeInfo'],
  ['emotes', 'emotes'],
  ['bits', 'bits'],
  ['mod', 'mod'],
  ['subscriber', 'subscriber'],
  ['vip', 'vip'],
  ['turbo', 'turbo'],
  ['first-msg', 'firstMessage'],
  ['returning-chatter', 'returningChatter'],
  ['emote-only', 'emoteOnly'],
  ['historical', 'historical'],
  ['reply-parent-msg-id', 'replyMessageId'],
  ['reply-parent-user-id', 'replyUserId'],
  ['reply-parent-user-login', 'replyUserLogin'],
  ['reply-parent-display-name', 'replyDisplayName'],
  ['reply-parent-msg-body', 'replyText'],
  ['reply-thread-parent-msg-id', 'threadMessageId'],
  ['source-room-id', 'sourceRoomId'],
  ['source-id', 'sourceId'],
  ['source-only', 'sourceOnly'],
  ['target-user-id', 'targetUserId'],
  ['target-msg-id', 'targetMessageId'],
  ['ban-duration', 'banDuration'],
  ['system-msg', 'systemText'],
]);

function setTag(tags: ChatTags, key: string, value: string): void {
  const field = fieldOf.get(key);
  if (field !== undefined) tags[field] = value;
  // `client-nonce` is the sender's random number and `user-type` repeats the badges: neither says anything.
  else if (value !== '' && key !== '' && key !== 'client-nonce' && key !== 'user-type') tags.extra[key] = value;
}
