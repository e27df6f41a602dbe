/** Facts for the feed's tests, complete but for what a test wants to say about them. */
import type { Channel } from '../../../src/domain/channel.ts';
import { type ChatEvent, type ChatMessage, type ChatUser, chatFlags } from '../../../src/domain/chat.ts';
import type { Stream, StreamAbsence, StreamSample } from '../../../src/domain/stream.ts';

export const alpha: Channel = { id: '101', login: 'alpha' };
export const beta: Channel = { id: '102', login: 'beta' };
export const gamma: Channel = { id: '103', login: 'gamma' };
export const channels = [alpha, beta, gamma];

/** 2026-11-22T00:41:31.123Z */
export const sentAt = 1_795_308_091_123;

export const ronni: ChatUser = { id: '1234', login: 'ronni', displayName: 'Ronni', color: '#0D4200' };
export const nobody: ChatUser = { id: '0', login: '', displayName: '', color: '' };

export function chatMessage(fields: Partial<ChatMessage> = {}): ChatMessage {
  return {
    kind: 'chat_message',
    id: 'b34ccfc7-4977-403a-8a94-33c6bac34fb8',
    channel: alpha,
    sentAt,
    receivedAt: sentAt + 47,
    text: 'hello',
    flags: 0,
    badges: [],
    emotes: [],
    origin: undefined,
    extra: {},
    user: ronni,
    type: '',
    subscriberMonths: 0,
    bits: 0,
    reply: undefined,
    ...fields,
  };
}

export function chatEvent(fields: Partial<ChatEvent> & Pick<ChatEvent, 'command' | 'type'>): ChatEvent {
  return {
    kind: 'chat_event',
    id: '0b7a2a65-95a4-4a0f-a1a0-000000000001',
    channel: alpha,
    sentAt,
    receivedAt: sentAt + 47,
    text: '',
    flags: 0,
    badges: [],
    emotes: [],
    origin: undefined,
    extra: {},
    user: nobody,
    target: { userId: '0', login: '', messageId: '' },
    systemText: '',
    tier: '',
    months: 0,
    amount: 0,
    durationSeconds: 0,
    ...fields,
  };
}

export const stream: Stream = {
  id: '9000',
  title: 'Patch day',
  category: { id: '509658', name: 'Just Chatting' },
  viewers: 5123,
  startedAt: sentAt - 60_000,
  language: 'en',
  tags: ['English'],
  isMature: false,
  thumbnailUrl: 'https://example.invalid/{width}x{height}.jpg',
};

export function streamSample(channel: Channel = alpha, viewers = stream.viewers): StreamSample {
  return { kind: 'stream_sample', channel, stream: { ...stream, viewers }, sweptAt: sentAt, receivedAt: sentAt + 300 };
}

export const absence: StreamAbsence = {
  kind: 'stream_absence',
  channel: alpha,
  sweptAt: sentAt,
  receivedAt: sentAt + 300,
};

export const changeBase = {
  id: '6b1f0a52-0000-5000-8000-00000000000a',
  channel: alpha,
  streamId: '9000',
  occurredAt: sentAt,
  detectedAt: sentAt + 900,
  source: 'eventsub',
  isLate: false,
} as const;

export const modFlags = chatFlags.mod | chatFlags.subscriber;
