/**
 * From a line of the wire to what it means to us. Nothing is refused for a missing or odd value: the field takes its
 * neutral value, and the odd original stays in `extra` under Twitch's own name.
 */
import { randomUUID } from 'node:crypto';
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

/** @param line whose command passed `isChatCommand`. Its target is a `#channel`, or `*` for a NOTICE to the connection. */
export function observeChat(
  line: WireLine & { readonly command: ChatCommand },
  context: ObserveContext,
): ChatMessage | ChatEvent {
  const tags = readTags(line.tags);
  return line.command === 'PRIVMSG'
    ? observeMessage(line, tags, context)
    : observeEvent(line, line.command, tags, context);
}

function observeMessage(line: WireLine, tags: ChatTags, context: ObserveContext): ChatMessage {
  const isAction = line.text.startsWith(actionStart);
  const text = isAction
    ? line.text.slice(actionStart.length, line.text.endsWith('\u0001') ? -1 : undefined)
    : line.text;
  const common = observeCommon(line, tags, context);
  return {
    ...common,
    kind: 'chat_message',
    id: messageId(tags),
    text,
    flags: isAction ? common.flags | chatFlags.action : common.flags,
    user: userOf(tags, nickOf(line.prefix)),
    type: tags.msgId,
    subscriberMonths: readSubscriberMonths(tags.badgeInfo),
    bits: readCount(tags.bits),
    reply: replyOf(tags),
  };
}

function observeEvent(line: WireLine, command: ChatEventCommand, tags: ChatTags, context: ObserveContext): ChatEvent {
  if (command === 'ROOMSTATE') keepRoomState(tags);
  const common = observeCommon(line, tags, context);
  const isAboutTarget = command === 'CLEARCHAT' || command === 'CLEARMSG';
  const target = {
    userId: userId(tags, 'target-user-id', tags.targetUserId || (tags.extra['msg-param-recipient-id'] ?? '')),
    login:
      command === 'CLEARCHAT'
        ? line.text
        : isAboutTarget
          ? tags.login
          : (tags.extra['msg-param-recipient-user-name'] ?? ''),
    messageId: tags.targetMessageId,
  };
  const event = {
    ...common,
    kind: 'chat_event' as const,
    command,
    type: eventType(command, line, tags),
    text: command === 'CLEARCHAT' ? '' : line.text,
    user: isAboutTarget ? nobody : userOf(tags, tags.login),
    target,
    systemText: tags.systemText,
    tier: tags.extra['msg-param-sub-plan'] ?? '',
    months: readCount(tags.extra['msg-param-cumulative-months'] ?? tags.extra['msg-param-months'] ?? ''),
    amount: amountOf(tags),
    durationSeconds: readCount(tags.banDuration),
  };
  return { ...event, id: eventId(event, tags) };
}

/** What every kept line has. Reads odd values before `extra` is handed out, since they land there. */
function observeCommon(line: WireLine, tags: ChatTags, context: ObserveContext) {
  const login = line.target.startsWith('#') ? line.target.slice(1).toLowerCase() : '';
  const channelId = isUserId(tags.roomId) ? tags.roomId : (context.channelIdOf(login) ?? '0');
  const badges = readBadges(tags.badges);
  return {
    channel: { id: channelId, login },
    sentAt: sentAt(tags, context.receivedAt),
    receivedAt: context.receivedAt,
    flags: flagsOf(tags, badges),
    badges,
    emotes: readEmotes(tags.emotes),
    origin: originOf(tags),
    extra: tags.extra,
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

/** Moderation lines have no id: what happened, to whom, when and where is the same in every copy. Lines without a time differ by receipt. */
function eventId(event: Omit<ChatEvent, 'id'>, tags: ChatTags): string {
  if (tags.id !== '') return messageId(tags);
  if (tags.sentAt === '' || 'tmi-sent-ts' in tags.extra) return randomUUID();
  const { channel, command, type, target, text, durationSeconds } = event;
  return uuidFrom(
    command,
    type,
    channel.id === '0' ? channel.login : channel.id,
    event.sentAt,
    target.userId,
    target.login,
    target.messageId,
    durationSeconds,
    text,
  );
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
