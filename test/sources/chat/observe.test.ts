import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type ChatEvent, type ChatMessage, chatFlags } from '../../../src/domain/chat.ts';
import { isUuid } from '../../../src/domain/uuid.ts';
import { isChatCommand, observeChat } from '../../../src/sources/chat/observe.ts';
import { parseLine } from '../../../src/sources/chat/wire.ts';

const receivedAt = 1_795_308_091_170;

function observe(line: string): ChatMessage | ChatEvent {
  const wire = parseLine(line);
  if (typeof wire === 'string' || !isChatCommand(wire.command)) throw new Error(`no chat line: ${line}`);
  return observeChat(wire, wire.command, {
    receivedAt,
    channelIdOf: (login) => (login === 'gaugetown' ? '777' : undefined),
  });
}

const common =
  'id=0aa1b2c3-1111-4222-8333-444455556666;room-id=777;user-id=42;tmi-sent-ts=1795308091000;display-name=Wren';
const from = ':wren!wren@wren.tmi.twitch.tv';

describe('a PRIVMSG', () => {
  it('keeps ids, both times, author, badges, emotes and months', () => {
    const line = `@badge-info=subscriber/14;badges=vip/1,subscriber/12;color=#1E90FF;emotes=25:0-4;first-msg=1;subscriber=1;${common} ${from} PRIVMSG #gaugetown :Kappa rising water`;
    expect(observe(line)).toEqual({
      kind: 'chat_message',
      id: '0aa1b2c3-1111-4222-8333-444455556666',
      channel: { id: '777', login: 'gaugetown' },
      sentAt: 1795308091000,
      receivedAt,
      user: { id: '42', login: 'wren', displayName: 'Wren', color: '#1E90FF' },
      text: 'Kappa rising water',
      type: '',
      flags: chatFlags.vip | chatFlags.subscriber | chatFlags.firstMessage,
      badges: ['vip/1', 'subscriber/12'],
      subscriberMonths: 14,
      bits: 0,
      emotes: [{ id: '25', at: [[0, 4]] }],
      reply: undefined,
      origin: undefined,
      extra: {},
    });
  });

  it('tells an action by a flag and keeps its text alone', () => {
    const message = observe(`@${common} ${from} PRIVMSG #gaugetown :\u0001ACTION waves\u0001`);
    expect(message).toMatchObject({ text: 'waves', flags: chatFlags.action });
  });

  it('keeps the parent of a reply', () => {
    const reply =
      'reply-parent-msg-id=11111111-1111-4111-8111-111111111111;reply-parent-user-id=9;reply-parent-user-login=otter;reply-parent-display-name=Otter;reply-parent-msg-body=how\\sdeep?;reply-thread-parent-msg-id=22222222-2222-4222-8222-222222222222';
    expect(observe(`@${common};${reply} ${from} PRIVMSG #gaugetown :@Otter two metres`)).toMatchObject({
      reply: {
        messageId: '11111111-1111-4111-8111-111111111111',
        userId: '9',
        userLogin: 'otter',
        displayName: 'Otter',
        text: 'how deep?',
        threadMessageId: '22222222-2222-4222-8222-222222222222',
      },
    });
  });

  it('marks a copy from another room of a shared chat', () => {
    const native = observe(`@${common};source-room-id=777;source-id=a ${from} PRIVMSG #gaugetown :here`);
    const copy = observe(`@${common};source-room-id=888;source-id=b ${from} PRIVMSG #gaugetown :there`);
    expect(native.origin?.channelId).toBe(native.channel.id);
    expect(copy.origin).toEqual({ channelId: '888', messageId: 'b' });
  });

  it('keeps what it does not understand under its own name', () => {
    const message = observe(
      `@id=not-a-uuid;room-id=777;user-id=abc;tmi-sent-ts=-6795364578871;brand-new=1 ${from} PRIVMSG #gaugetown :x`,
    );
    expect(message).toMatchObject({ sentAt: receivedAt, user: { id: '0', login: 'wren' } });
    expect(message.extra).toEqual({
      id: 'not-a-uuid',
      'user-id': 'abc',
      'tmi-sent-ts': '-6795364578871',
      'brand-new': '1',
    });
    expect(isUuid(message.id)).toBe(true);
  });

  it('needs no tags at all', () => {
    expect(observe(`${from} PRIVMSG #GaugeTown :hi`)).toMatchObject({
      channel: { id: '777', login: 'gaugetown' },
      user: { id: '0', login: 'wren', displayName: 'wren' },
      text: 'hi',
    });
  });
});

describe('other kinds', () => {
  it('tells clear, ban and timeout apart', () => {
    const clear = observe('@room-id=777;tmi-sent-ts=1795308091000 :tmi.twitch.tv CLEARCHAT #gaugetown');
    const ban = observe(
      '@room-id=777;target-user-id=5;tmi-sent-ts=1795308091000 :tmi.twitch.tv CLEARCHAT #gaugetown :eel',
    );
    const timeout = observe(
      '@ban-duration=600;room-id=777;target-user-id=5;tmi-sent-ts=1795308091000 :tmi.twitch.tv CLEARCHAT #gaugetown :eel',
    );
    expect(clear).toMatchObject({ type: 'clear', target: { userId: '0', login: '' } });
    expect(ban).toMatchObject({ type: 'ban', target: { userId: '5', login: 'eel' }, durationSeconds: 0, text: '' });
    expect(timeout).toMatchObject({ type: 'timeout', durationSeconds: 600 });
    expect(new Set([clear.id, ban.id, timeout.id]).size).toBe(3);
  });

  it('gives a second copy of a moderation line the same id, whatever the order of its tags', () => {
    const one = observe(
      '@room-id=777;target-user-id=5;tmi-sent-ts=1795308091000 :tmi.twitch.tv CLEARCHAT #gaugetown :eel',
    );
    const two = observe(
      '@historical=1;tmi-sent-ts=1795308091000;target-user-id=5;room-id=777 :tmi.twitch.tv CLEARCHAT #gaugetown eel',
    );
    expect(two.id).toBe(one.id);
  });

  it('finds the channel of a CLEARMSG, whose room-id is empty', () => {
    const line =
      '@login=eel;room-id=;target-msg-id=33333333-3333-4333-8333-333333333333;tmi-sent-ts=1795308091000 :tmi.twitch.tv CLEARMSG #gaugetown :bad';
    expect(observe(line)).toMatchObject({
      channel: { id: '777' },
      type: 'delete',
      text: 'bad',
      target: { login: 'eel', messageId: '33333333-3333-4333-8333-333333333333' },
    });
  });

  it('reads who gave what to whom', () => {
    const gift = observe(
      `@${common};login=wren;msg-id=subgift;msg-param-months=7;msg-param-recipient-id=6;msg-param-recipient-user-name=toad;msg-param-sub-plan=2000;system-msg=Wren\\sgave ${':tmi.twitch.tv'} USERNOTICE #gaugetown`,
    );
    expect(gift).toMatchObject({
      command: 'USERNOTICE',
      type: 'subgift',
      user: { id: '42', login: 'wren' },
      target: { userId: '6', login: 'toad' },
      tier: '2000',
      months: 7,
      systemText: 'Wren gave',
    });
    expect(gift.extra['msg-param-recipient-id']).toBe('6');
    const raid = observe(
      `@${common};login=wren;msg-id=raid;msg-param-viewerCount=1234 :tmi.twitch.tv USERNOTICE #gaugetown`,
    );
    expect(raid).toMatchObject({ type: 'raid', amount: 1234 });
  });

  it('keeps the settings of a room', () => {
    const state = observe('@emote-only=1;followers-only=-1;room-id=777;slow=30 :tmi.twitch.tv ROOMSTATE #gaugetown');
    expect(state).toMatchObject({ type: 'room_state', flags: 0 });
    expect(state.extra).toEqual({ 'emote-only': '1', 'followers-only': '-1', slow: '30' });
  });

  it('keeps a notice to the connection itself', () => {
    expect(observe(':tmi.twitch.tv NOTICE * :Improperly formatted auth')).toMatchObject({
      channel: { id: '0', login: '' },
      type: '',
      text: 'Improperly formatted auth',
    });
  });
});

const recorded = new URL('../../../../shared/data/twitch/irc/', import.meta.url);

describe.skipIf(!existsSync(recorded))(
  'recorded lines (skipped where the recordings are not beside the project)',
  () => {
    const lines = (text: string) => text.split(/\r?\n/).filter((line) => line !== '');

    it('understands every line of every kind that we keep', () => {
      for (const file of readdirSync(new URL('kinds/', recorded)).filter((name) => name.endsWith('.txt'))) {
        for (const line of lines(readFileSync(new URL(`kinds/${file}`, recorded), 'utf8'))) {
          const wire = parseLine(line);
          expect(typeof wire, line).toBe('object');
          if (typeof wire === 'object' && isChatCommand(wire.command))
            expect(isUuid(observe(line).id), line).toBe(true);
        }
      }
    });

    it('gives each of 3,900 recorded chat lines an id of its own', () => {
      for (const file of readdirSync(new URL('bulk/', recorded))) {
        const all = lines(gunzipSync(readFileSync(new URL(`bulk/${file}`, recorded))).toString());
        expect(new Set(all.map((line) => observe(line).id)).size).toBe(all.length);
      }
    });

    it('never throws on malformed lines', () => {
      for (const line of lines(readFileSync(new URL('malformed.txt', recorded), 'utf8'))) {
        const wire = parseLine(line);
        if (typeof wire === 'object' && isChatCommand(wire.command)) observe(line);
      }
    });
  },
);
