/**
 * From a line of the wire to what it means to us. Nothing is refused for a missing or odd value: the field takes its
 * neutral value, and the odd original stays in `extra` under Twitch's own name.
 */
import { randomUUID } from 'node:crypto';
import type { Channel } from '../../domain/channel.ts';
import {
  type ChatEvent,
  type ChatEventCommand,
  type ChatMessage,
  type ChatOrigin,
  type ChatReply,
  type ChatUser,
  chatFlags,
} from '../../domain/chat.ts';
import { isUuid, uuidFrom } from '../../domain/uuid.ts';
import { type ChatTags, readBadges, readCount, readEmotes, readSubscriberMonths, readTags } from './tags.ts';
import { nickOf, type WireLine } from './wire.ts';

export interface ObserveContext {
  /** ms since the epoch, our clock. */
  readonly receivedAt: number;
  /** Twitch sends CLEARMSG and NOTICE without a room id: what we have learnt from other lines of that channel. */
  readonly channelIdOf: (login: string) => string | undefined;
}

/** The commands whose lines are kept. */
export type ChatCommand = 'PRIVMSG' | ChatEventCommand;

export function isChatCommand(command: string): command is ChatCommand {
  return (
    command === 'PRIVMSG' ||
    command === 'USERNOTICE' ||
    command === 'CLEARCHAT' ||
    command === 'CLEARMSG' ||
    command === 'NOTICE' ||
    command === 'ROOMSTATE'
  );
}

/** @param command of the line; it passed `isChatCommand`. @param line its target is a `#channel`, or `*` for a NOTICE to the connection. */
export function observeChat(line: WireLine, command: ChatCommand, context: ObserveContext): ChatMessage | ChatEvent {
  const tags = readTags(line.tags);
  return command === 'PRIVMSG' ? observeMessage(line, tags, context) : observeEvent(line, command, tags, context);
}

// Both build their object field by field: spreading shared parts costs more than everything else on this path together.

function observeMessage(line: WireLine, tags: ChatTags, context: ObserveContext): ChatMessage {
  const isAction = line.text.startsWith(actionStart);
  const text = isAction
    ? line.text.slice(actionStart.length, line.text.endsWith('\u0001') ? -1 : undefined)
    : line.text;
  const badges = readBadges(tags.badges);
  const flags = flagsOf(tags, badges);
  // First of all: an odd time lands in `extra`, and then the id is none either.
  const time = sentAt(tags, context.receivedAt);
  return {
    kind: 'chat_message',
    id: messageId(tags),
    channel: channelOf(line, tags, context),
    sentAt: time,
    receivedAt: context.receivedAt,
    user: userOf(tags, nickOf(line.prefix)),
    text,
    type: tags.msgId,
    flags: isAction ? flags | chatFlags.action : flags,
    badges,
    subscriberMonths: readSubscriberMonths(tags.badgeInfo),
    bits: readCount(tags.bits),
    emotes: readEmotes(tags.emotes),
    reply: replyOf(tags),
    origin: originOf(tags),
    extra: tags.extra,
  };
}

function observeEvent(line: WireLine, command: ChatEventCommand, tags: ChatTags, context: ObserveContext): ChatEvent {
  if (command === 'ROOMSTATE') keepRoomState(tags);
  const isAboutTarget = command === 'CLEARCHAT' || command === 'CLEARMSG';
  const badges = readBadges(tags.badges);
  const channel = channelOf(line, tags, context);
  const type = eventType(command, line, tags);
  const time = sentAt(tags, context.receivedAt);
  const target = targetOf(command, line, tags);
  const text = command === 'CLEARCHAT' ? '' : line.text;
  const durationSeconds = readCount(tags.banDuration);
  return {
    kind: 'chat_event',
    id: eventId(tags, [
      command,
      type,
      channel.id === '0' ? channel.login : channel.id,
      time,
      ...Object.values(target),
      durationSeconds,
      text,
    ]),
    command,
    type,
    channel,
    sentAt: time,
    receivedAt: context.receivedAt,
    user: isAboutTarget ? nobody : userOf(tags, tags.login),
    target,
    text,
    systemText: tags.systemText,
    tier: tags.extra['msg-param-sub-plan'] ?? '',
    months: readCount(tags.extra['msg-param-cumulative-months'] ?? tags.extra['msg-param-months'] ?? ''),
    amount: amountOf(tags),
    durationSeconds,
    flags: flagsOf(tags, badges),
    badges,
    emotes: readEmotes(tags.emotes),
    origin: originOf(tags),
    extra: tags.extra,
  };
}

function channelOf(line: WireLine, tags: ChatTags, context: ObserveContext): Channel {
  const login = line.target.startsWith('#') ? line.target.slice(1).toLowerCase() : '';
  return { id: isUserId(tags.roomId) ? tags.roomId : (context.channelIdOf(login) ?? '0'), login };
}

function targetOf(command: ChatEventCommand, line: WireLine, tags: ChatTags): ChatEvent['target'] {
  const recipient = tags.extra['msg-param-recipient-user-name'] ?? '';
  return {
    userId: userId(tags, 'target-user-id', tags.targetUserId || (tags.extra['msg-param-recipient-id'] ?? '')),
    login: command === 'CLEARCHAT' ? line.text : command === 'CLEARMSG' ? tags.login : recipient,
    messageId: tags.targetMessageId,
  };
}

const actionStart = '\u0001ACTION ';

const nobody: ChatUser = { id: '0', login: '', displayName: '', color: '' };

function userOf(tags: ChatTags, login: string): ChatUser {
  return { id: userId(tags, 'user-id', tags.userId), login, displayName: tags.displayName || login, color: tags.color };
}

/**
 * Twitch's message ids are UUIDs. Another text becomes one that is the same for each copy. A line without a time gets a fresh
 * one: rows are the same by time and id together, so nothing could tell whether it is a copy.
 */
function messageId(tags: ChatTags): string {
  const hasTime = tags.sentAt !== '' && !('tmi-sent-ts' in tags.extra);
  if (hasTime && isUuid(tags.id)) return tags.id;
  if (tags.id !== '') tags.extra.id = tags.id;
  return hasTime && tags.id !== '' ? uuidFrom('message', tags.roomId, tags.id) : randomUUID();
}

/**
 * Moderation lines have no id: what happened, to whom, when and where is the same in every copy. Lines without a time differ
 * by receipt. Called after `sentAt`, which tells an odd time by leaving it in `extra`.
 */
function eventId(tags: ChatTags, happening: readonly (string | number)[]): string {
  if (tags.id !== '') return messageId(tags);
  if (tags.sentAt === '' || 'tmi-sent-ts' in tags.extra) return randomUUID();
  return uuidFrom(...happening);
}

function eventType(command: ChatEventCommand, line: WireLine, tags: ChatTags): string {
  switch (command) {
    case 'USERNOTICE':
    case 'NOTICE':
      return tags.msgId;
    case 'CLEARCHAT':
      if (line.text === '') return 'clear';
      return tags.banDuration === '' ? 'ban' : 'timeout';
    case 'CLEARMSG':
      return 'delete';
    case 'ROOMSTATE':
      return 'room_state';
  }
}

/** The one number that a kind of notice is about. */
const amountTags = ['viewerCount', 'mass-gift-count', 'threshold', 'value', 'donation-amount', 'gift-months'] as const;

function amountOf(tags: ChatTags): number {
  for (const name of amountTags) {
    const value = tags.extra[`msg-param-${name}`];
    if (value !== undefined) return readCount(value);
  }
  return 0;
}

/** In ROOMSTATE this tag is a setting of the room, like its others, not a property of a line. */
function keepRoomState(tags: ChatTags): void {
  if (tags.emoteOnly !== '') tags.extra['emote-only'] = tags.emoteOnly;
  tags.emoteOnly = '';
}

function originOf(tags: ChatTags): ChatOrigin | undefined {
  if (tags.sourceRoomId === '') return undefined;
  return { channelId: userId(tags, 'source-room-id', tags.sourceRoomId), messageId: tags.sourceId };
}

function replyOf(tags: ChatTags): ChatReply | undefined {
  if (tags.replyMessageId === '') return undefined;
  return {
    messageId: tags.replyMessageId,
    userId: userId(tags, 'reply-parent-user-id', tags.replyUserId),
    userLogin: tags.replyUserLogin,
    displayName: tags.replyDisplayName,
    text: tags.replyText,
    threadMessageId: tags.threadMessageId,
  };
}

function flagsOf(tags: ChatTags, badges: readonly string[]): number {
  let flags = 0;
  if (tags.mod === '1') flags |= chatFlags.mod;
  if (tags.subscriber === '1') flags |= chatFlags.subscriber;
  if (tags.vip === '1' || badges.includes('vip/1')) flags |= chatFlags.vip;
  if (tags.firstMessage === '1') flags |= chatFlags.firstMessage;
  if (tags.returningChatter === '1') flags |= chatFlags.returningChatter;
  if (tags.turbo === '1') flags |= chatFlags.turbo;
  if (tags.emoteOnly === '1') flags |= chatFlags.emoteOnly;
  if (badges.includes('broadcaster/1')) flags |= chatFlags.broadcaster;
  if (tags.sourceOnly === '1') flags |= chatFlags.sourceOnly;
  if (tags.historical === '1') flags |= chatFlags.historical;
  return flags;
}

/** Plausible instants only (2001 to 2096): recorded lines with a negative `tmi-sent-ts` exist. */
function sentAt(tags: ChatTags, receivedAt: number): number {
  const value = Number(tags.sentAt);
  if (Number.isInteger(value) && value > 1e12 && value < 4e12) return value;
  if (tags.sentAt !== '') tags.extra['tmi-sent-ts'] = tags.sentAt;
  return receivedAt;
}

function userId(tags: ChatTags, name: string, value: string): string {
  if (isUserId(value)) return value;
  if (value !== '') tags.extra[name] = value;
  return '0';
}

/** Decimal and within 63 bits. */
function isUserId(value: string): boolean {
  return value.length > 0 && value.length <= 18 && /^\d+$/.test(value);
}
