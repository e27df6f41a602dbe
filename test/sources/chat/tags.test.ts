import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readBadges,
  readCount,
  readEmotes,
  readSubscriberMonths,
  readTags,
  unescapeTag,
} from '../../../src/sources/chat/tags.ts';

describe('readTags', () => {
  it('puts known tags into fields and keeps the others by name', () => {
    const tags = readTags('id=x;room-id=12;vip;flags=0-3:P.5;client-nonce=abc;new-tag=v\\sw;empty=');
    expect(tags).toMatchObject({ id: 'x', roomId: '12', vip: '' });
    expect(tags.extra).toEqual({ flags: '0-3:P.5', 'new-tag': 'v w' });
  });

  it('splits at the first equals sign only', () => {
    expect(readTags('system-msg=a=b').systemText).toBe('a=b');
  });

  it('lets the last of two equal tags win', () => {
    expect(readTags('id=1;id=2').id).toBe('2');
  });

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        readTags(text);
      }),
    );
  });
});

describe('unescapeTag', () => {
  it.each([
    ['a\\sb', 'a b'],
    ['a\\:b', 'a;b'],
    ['a\\\\sb', 'a\\sb'],
    ['a\\r\\nb', 'a\r\nb'],
    ['a\\xb', 'axb'],
    ['a\\', 'a'],
  ])('%j means %j', (escaped, text) => {
    expect(unescapeTag(escaped)).toBe(text);
  });

  it('undoes what IRCv3 prescribes for any text', () => {
    const escapeTag = (text: string) =>
      text.replace(/[\\; \r\n]/g, (c) => ({ '\\': '\\\\', ';': '\\:', ' ': '\\s', '\r': '\\r', '\n': '\\n' })[c] ?? c);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(unescapeTag(escapeTag(text))).toBe(text);
      }),
    );
  });
});

describe('readEmotes', () => {
  it('reads ids and inclusive ranges', () => {
    expect(readEmotes('25:0-4,8-12/emotesv2_ab12:20-25')).toEqual([
      {
        id: '25',
        at: [
          [0, 4],
          [8, 12],
        ],
      },
      { id: 'emotesv2_ab12', at: [[20, 25]] },
    ]);
  });

  it.each(['25', '25:', '25:x-y', '25:5-2', '25:-1-4', '25:0-99999999'])(
    'keeps the emote of %j without a range',
    (text) => {
      expect(readEmotes(text)).toEqual([{ id: '25', at: [] }]);
    },
  );

  it('survives any text', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        readEmotes(text);
      }),
    );
  });
});

describe('badges and counts', () => {
  it('keeps badges in order', () => {
    expect(readBadges('moderator/1,subscriber/24,')).toEqual(['moderator/1', 'subscriber/24']);
    expect(readBadges('')).toEqual([]);
  });

  it('takes months from badge-info, also of founders', () => {
    expect(readSubscriberMonths('predictions/x,subscriber/37')).toBe(37);
    expect(readSubscriberMonths('founder/5')).toBe(5);
    expect(readSubscriberMonths('')).toBe(0);
  });

  it('takes whole numbers only', () => {
    expect(['17', '', '-1', '1.5', 'x', '4294967296'].map(readCount)).toEqual([17, 0, 0, 0, 0, 0]);
  });
});
