/** Golden frames: what a client of this version gets. A line that changes here breaks somebody's overlay. */
import { describe, expect, it } from 'vitest';
import type { Fact } from '../../src/domain/fact.ts';
import { closeCodes } from '../../src/feed/close-codes.ts';
import { encodeTail, eventHead, isFed, isoTime } from '../../src/feed/frames.ts';
import {
  absence,
  alpha,
  changeBase,
  chatEvent,
  chatMessage,
  modFlags,
  ronni,
  sentAt,
  stream,
  streamSample,
} from './support/facts.ts';

const irc = '"ch":{"id":"101","login":"alpha"},"at":"2026-11-22T00:41:31.123Z","rx":1795308091170,"src":"irc"';
const chatId = '"id":"0b7a2a65-95a4-4a0f-a1a0-000000000001"';
const ronniJson = '{"id":"1234","login":"ronni","name":"Ronni","color":"#0D4200"}';
const changed =
  '"id":"6b1f0a52-0000-5000-8000-00000000000a","ch":{"id":"101","login":"alpha"},"at":"2026-11-22T00:41:31.123Z","rx":1795308092023,"src":"eventsub"';
const streamJson =
  '"stream_id":"9000","title":"Patch day","game":{"id":"509658","name":"Just Chatting"},"viewers":5123,"started_at":"2026-11-22T00:40:31.123Z","language":"en","tags":["English"]';

const golden: readonly (readonly [title: string, fact: Fact, tail: string])[] = [
  [
    'a plain chat message',
    chatMessage(),
    `,"type":"chat.message","id":"b34ccfc7-4977-403a-8a94-33c6bac34fb8",${irc},"data":{"user":${ronniJson},"badges":[],"text":"hello","emotes":[]}}`,
  ],
  [
    'a chat message with everything',
    chatMessage({
      text: 'Kappa hi',
      flags: modFlags | (1 << 5) | (1 << 7),
      badges: ['moderator/1', 'subscriber/12'],
      emotes: [{ id: '25', at: [[0, 4]] }],
      type: 'highlighted-message',
      bits: 100,
      subscriberMonths: 14,
      origin: { channelId: '102', messageId: 'o1' },
      reply: { messageId: 'r1', userId: '7', userLogin: 'ann', displayName: 'Ann', text: 'hey', threadMessageId: 't1' },
    }),
    `,"type":"chat.message","id":"b34ccfc7-4977-403a-8a94-33c6bac34fb8",${irc},"data":{"user":${ronniJson},"roles":["mod","sub"],"badges":["moderator/1","subscriber/12"],"text":"Kappa hi","emotes":[{"id":"25","at":[[0,4]]}],"origin":{"ch":"102","id":"o1"},"kind":"highlighted-message","action":true,"bits":100,"months":14,"reply":{"id":"r1","user":{"id":"7","login":"ann","name":"Ann"},"text":"hey","thread":"t1"}}}`,
  ],
  [
    'a raid, which is a notification',
    chatEvent({
      command: 'USERNOTICE',
      type: 'raid',
      user: ronni,
      amount: 15,
      systemText: '15 raiders from Ronni',
      extra: { a: 'b' },
    }),
    `,"type":"chat.notification",${chatId},${irc},"data":{"kind":"raid","user":${ronniJson},"badges":[],"text":"","emotes":[],"system":"15 raiders from Ronni","amount":15,"extra":{"a":"b"}}}`,
  ],
  [
    'a gift',
    chatEvent({
      command: 'USERNOTICE',
      type: 'subgift',
      user: ronni,
      target: { userId: '8', login: 'bob', messageId: '' },
      tier: '1000',
      months: 3,
    }),
    `,"type":"chat.notification",${chatId},${irc},"data":{"kind":"subgift","user":${ronniJson},"badges":[],"text":"","emotes":[],"system":"","target":{"id":"8","login":"bob"},"tier":"1000","months":3}}`,
  ],
  [
    'a timeout',
    chatEvent({
      command: 'CLEARCHAT',
      type: 'timeout',
      target: { userId: '8', login: 'bob', messageId: '' },
      durationSeconds: 600,
    }),
    `,"type":"chat.cleared",${chatId},${irc},"data":{"kind":"timeout","target":{"id":"8","login":"bob"},"seconds":600}}`,
  ],
  [
    'a cleared chat',
    chatEvent({ command: 'CLEARCHAT', type: 'clear' }),
    `,"type":"chat.cleared",${chatId},${irc},"data":{"kind":"clear"}}`,
  ],
  [
    'a deleted message',
    chatEvent({
      command: 'CLEARMSG',
      type: 'delete',
      text: 'bad',
      target: { userId: '0', login: 'bob', messageId: 'm1' },
    }),
    `,"type":"chat.deleted",${chatId},${irc},"data":{"message":"m1","target":{"id":"0","login":"bob"},"text":"bad"}}`,
  ],
  [
    'a notice',
    chatEvent({ command: 'NOTICE', type: 'slow_on', text: 'slow mode' }),
    `,"type":"chat.notice",${chatId},${irc},"data":{"kind":"slow_on","text":"slow mode"}}`,
  ],
  [
    'settings of a room',
    chatEvent({ command: 'ROOMSTATE', type: 'room_state', extra: { slow: '30' } }),
    `,"type":"chat.settings",${chatId},${irc},"data":{"settings":{"slow":"30"}}}`,
  ],
  [
    'a sample of viewers',
    streamSample(),
    `,"type":"viewers.snapshot","id":"840e97a1-fd10-5bef-9356-3c263f58364e","ch":{"id":"101","login":"alpha"},"at":"2026-11-22T00:41:31.123Z","rx":1795308091423,"src":"helix","data":{${streamJson}}}`,
  ],
  [
    'a stream that begins',
    { kind: 'stream_online', ...changeBase, stream },
    `,"type":"stream.online",${changed},"data":{${streamJson}}}`,
  ],
  [
    'a stream that ended while nobody watched',
    { kind: 'stream_offline', ...changeBase, isLate: true, stream: { ...stream, isMature: true } },
    `,"type":"stream.offline",${changed},"data":{${streamJson},"mature":true,"late":true}}`,
  ],
  [
    'a new title',
    { kind: 'title_changed', ...changeBase, before: 'a', after: 'b' },
    `,"type":"stream.update",${changed},"data":{"title":"b","changed":["title"],"before":{"title":"a"},"stream_id":"9000"}}`,
  ],
  [
    'a new category',
    { kind: 'category_changed', ...changeBase, before: { id: '', name: '' }, after: { id: '1', name: 'X' } },
    `,"type":"stream.update",${changed},"data":{"game":{"id":"1","name":"X"},"changed":["game"],"before":{"game":{"id":"","name":""}},"stream_id":"9000"}}`,
  ],
  [
    'new tags',
    { kind: 'tags_changed', ...changeBase, before: [], after: ['x'] },
    `,"type":"stream.update",${changed},"data":{"tags":["x"],"changed":["tags"],"before":{"tags":[]},"stream_id":"9000"}}`,
  ],
  [
    'a new language',
    { kind: 'language_changed', ...changeBase, before: 'en', after: 'de' },
    `,"type":"stream.update",${changed},"data":{"language":"de","changed":["language"],"before":{"language":"en"},"stream_id":"9000"}}`,
  ],
  [
    'a new login',
    { kind: 'channel_renamed', ...changeBase, streamId: '', before: 'old', after: 'alpha' },
    `,"type":"channel.renamed",${changed},"data":{"login":"alpha","before":{"login":"old"}}}`,
  ],
];

describe('event frames', () => {
  it.each(golden)('show %s', (_title, fact, tail) => {
    if (!isFed(fact)) throw new Error('a golden fact is fed');
    expect(encodeTail(fact)).toBe(tail);
    expect(JSON.parse(eventHead(2 ** 53 - 1, 7) + tail)).toMatchObject({ k: 'ev', seq: 2 ** 53 - 1, prev: 7 });
  });

  it('say nothing of an absence', () => {
    expect(isFed(absence)).toBe(false);
  });

  it('give one sweep of one channel one id, whatever was counted', () => {
    const idOf = (fact: ReturnType<typeof streamSample>) => JSON.parse(`{"k":1${encodeTail(fact)}`).id;
    expect(idOf(streamSample(alpha, 1))).toBe(idOf(streamSample(alpha, 2)));
  });

  it('survive times that are none', () => {
    expect(isoTime(Number.NaN, sentAt)).toBe('2026-11-22T00:41:31.123Z');
    expect(isoTime(9e15, sentAt)).toBe('2026-11-22T00:41:31.123Z');
  });
});

describe('close codes', () => {
  it('keep their verdict in their range: what is below 4500 may come back', () => {
    const final = Object.entries(closeCodes).filter(([, { code }]) => code >= 4500);
    expect(final.map(([name]) => name)).toEqual(['badRequest', 'versionNotSupported', 'messageNotAccepted']);
  });

  it('fit into a close frame and are used once', () => {
    const all = Object.values(closeCodes);
    expect(new Set(all.map(({ code }) => code)).size).toBe(all.length);
    for (const { reason } of all) expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
  });
});
