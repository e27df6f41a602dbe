/**
 * A Fact as the feed sends it. The tail of an event frame is encoded once per Fact; each group of subscribers puts its own
 * head before it, so a further group costs one concatenation. In `data`, a field that is absent means false, 0 or empty.
 */
import type { Change } from '../domain/change.ts';
import { type ChatEvent, type ChatEventCommand, type ChatMessage, type ChatUser, chatFlags } from '../domain/chat.ts';
import type { Fact } from '../domain/fact.ts';
import type { Stream, StreamSample } from '../domain/stream.ts';
import { uuidFrom } from '../domain/uuid.ts';
import type { EventType } from './event-types.ts';

/** What reaches the feed: an absence from one sweep says nothing by itself and is never sent. */
export type FedFact = ChatMessage | ChatEvent | StreamSample | Change;

type Fields = Readonly<Record<string, unknown>>;

/** The head of an event frame, without its tail. `prev` is the `seq` of the event before this one in the same stream. */
export function eventHead(seq: number, prev: number): string {
  return `{"k":"ev","seq":${seq},"prev":${prev}`;
}

/** Everything of an event frame that is the same for all its receivers, from `,"type"` to the closing brace. */
export function encodeTail(fact: FedFact): string {
  const { id, at, rx, src, data } = describe(fact);
  const { id: channelId, login } = fact.channel;
  const type = eventTypeOf(fact);
  return `,${JSON.stringify({ type, id, ch: { id: channelId, login }, at: isoTime(at, rx), rx, src, data }).slice(1)}`;
}

export function isFed(fact: Fact): fact is FedFact {
  return fact.kind !== 'stream_absence';
}

const chatEventTypes: Readonly<Record<ChatEventCommand, EventType>> = {
  USERNOTICE: 'chat.notification',
  CLEARCHAT: 'chat.cleared',
  CLEARMSG: 'chat.deleted',
  NOTICE: 'chat.notice',
  ROOMSTATE: 'chat.settings',
};

export function eventTypeOf(fact: FedFact): EventType {
  switch (fact.kind) {
    case 'chat_message':
      return 'chat.message';
    case 'chat_event':
      return chatEventTypes[fact.command];
    case 'stream_sample':
      return 'viewers.snapshot';
    case 'stream_online':
      return 'stream.online';
    case 'stream_offline':
      return 'stream.offline';
    case 'title_changed':
    case 'category_changed':
    case 'tags_changed':
    case 'language_changed':
      return 'stream.update';
    case 'channel_renamed':
      return 'channel.renamed';
  }
}

interface Description {
  readonly id: string;
  readonly at: number;
  readonly rx: number;
  readonly src: string;
  readonly data: Fields;
}

function describe(fact: FedFact): Description {
  switch (fact.kind) {
    case 'chat_message':
      return { id: fact.id, at: fact.sentAt, rx: fact.receivedAt, src: 'irc', data: messageData(fact) };
    case 'chat_event':
      return { id: fact.id, at: fact.sentAt, rx: fact.receivedAt, src: 'irc', data: chatEventData(fact) };
    case 'stream_sample':
      return {
        id: sampleId(fact),
        at: fact.sweptAt,
        rx: fact.receivedAt,
        src: 'helix',
        data: streamFields(fact.stream),
      };
    default:
      return { id: fact.id, at: fact.occurredAt, rx: fact.detectedAt, src: fact.source, data: changeData(fact) };
  }
}

/** Derived from the scheduled sweep, so that two daemons' samples of one sweep carry one id. */
function sampleId(sample: StreamSample): string {
  return uuidFrom('viewers.snapshot', sample.channel.id, sample.sweptAt);
}

/** A broadcast as `snap` and the stream events show it. */
export function streamFields(stream: Stream): Fields {
  return {
    stream_id: stream.id,
    title: stream.title,
    game: stream.category,
    viewers: stream.viewers,
    started_at: isoTime(stream.startedAt, 0),
    language: stream.language,
    tags: stream.tags,
    mature: stream.isMature || undefined,
  };
}

function messageData(message: ChatMessage): Fields {
  const { reply } = message;
  return {
    user: userFields(message.user),
    ...lineFields(message),
    kind: message.type || undefined,
    first: (message.flags & chatFlags.firstMessage) !== 0 || undefined,
    returning: (message.flags & chatFlags.returningChatter) !== 0 || undefined,
    action: (message.flags & chatFlags.action) !== 0 || undefined,
    historical: (message.flags & chatFlags.historical) !== 0 || undefined,
    bits: message.bits || undefined,
    months: message.subscriberMonths || undefined,
    reply: reply && {
      id: reply.messageId,
      user: { id: reply.userId, login: reply.userLogin, name: reply.displayName },
      text: reply.text,
      thread: reply.threadMessageId || undefined,
    },
  };
}

function chatEventData(event: ChatEvent): Fields {
  const { target } = event;
  switch (event.command) {
    case 'USERNOTICE':
      return {
        kind: event.type,
        user: userFields(event.user),
        ...lineFields(event),
        system: event.systemText,
        target: target.login === '' ? undefined : { id: target.userId, login: target.login },
        tier: event.tier || undefined,
        months: event.months || undefined,
        amount: event.amount || undefined,
        extra: Object.keys(event.extra).length > 0 ? event.extra : undefined,
      };
    case 'CLEARCHAT':
      return {
        kind: event.type,
        target: event.type === 'clear' ? undefined : { id: target.userId, login: target.login },
        seconds: event.durationSeconds || undefined,
      };
    case 'CLEARMSG':
      return { message: target.messageId, target: { id: target.userId, login: target.login }, text: event.text };
    case 'NOTICE':
      return { kind: event.type, text: event.text };
    case 'ROOMSTATE':
      return { settings: event.extra };
  }
}

function changeData(change: Change): Fields {
  const common = { stream_id: change.streamId || undefined, late: change.isLate || undefined };
  switch (change.kind) {
    case 'stream_online':
    case 'stream_offline':
      return { ...streamFields(change.stream), late: common.late };
    case 'title_changed':
      return { title: change.after, changed: ['title'], before: { title: change.before }, ...common };
    case 'category_changed':
      return { game: change.after, changed: ['game'], before: { game: change.before }, ...common };
    case 'tags_changed':
      return { tags: change.after, changed: ['tags'], before: { tags: change.before }, ...common };
    case 'language_changed':
      return { language: change.after, changed: ['language'], before: { language: change.before }, ...common };
    case 'channel_renamed':
      return { login: change.after, before: { login: change.before }, ...common };
  }
}

function userFields(user: ChatUser): Fields {
  return { id: user.id, login: user.login, name: user.displayName, color: user.color || undefined };
}

function lineFields(line: ChatMessage | ChatEvent): Fields {
  const roles = rolesOf(line.flags);
  return {
    roles: roles.length > 0 ? roles : undefined,
    badges: line.badges,
    text: line.text,
    emotes: line.emotes,
    origin: line.origin && { ch: line.origin.channelId, id: line.origin.messageId },
  };
}

/** The roles that a filter may name, and the bits of `flags` they stand for. */
export const roleFlags = {
  broadcaster: chatFlags.broadcaster,
  mod: chatFlags.mod,
  vip: chatFlags.vip,
  sub: chatFlags.subscriber,
} as const;

export type Role = keyof typeof roleFlags;
const roleNames = Object.keys(roleFlags) as Role[];

function rolesOf(flags: number): readonly Role[] {
  return roleNames.filter((role) => (flags & roleFlags[role]) !== 0);
}

/** The range of `Date` (ECMA-262 §21.4.1.1): beyond it `toISOString` throws, and a hostile tag must not stop the feed. */
const maxTime = 8.64e15;

/** RFC 3339 in UTC with milliseconds; of `fallback` when the time cannot be one. */
export function isoTime(ms: number, fallback: number): string {
  return new Date(Math.abs(ms) <= maxTime ? ms : fallback).toISOString();
}
