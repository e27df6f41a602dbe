import { describe, expect, it } from 'vitest';
import { nickOf, parseLine } from '../../../src/sources/chat/wire.ts';

describe('parseLine', () => {
  it.each([
    [
      ':ronni!ronni@ronni.tmi.twitch.tv PRIVMSG #dallas :Kappa Keepo',
      {
        tags: '',
        prefix: 'ronni!ronni@ronni.tmi.twitch.tv',
        command: 'PRIVMSG',
        target: '#dallas',
        text: 'Kappa Keepo',
      },
    ],
    [
      '@room-id=1;tmi-sent-ts=2 :tmi.twitch.tv CLEARCHAT #dallas ronni',
      {
        tags: 'room-id=1;tmi-sent-ts=2',
        prefix: 'tmi.twitch.tv',
        command: 'CLEARCHAT',
        target: '#dallas',
        text: 'ronni',
      },
    ],
    ['PING :tmi.twitch.tv', { tags: '', prefix: '', command: 'PING', target: '', text: 'tmi.twitch.tv' }],
    [':tmi.twitch.tv RECONNECT', { tags: '', prefix: 'tmi.twitch.tv', command: 'RECONNECT', target: '', text: '' }],
    [
      ':tmi.twitch.tv 376 justinfan1 :>',
      { tags: '', prefix: 'tmi.twitch.tv', command: '376', target: 'justinfan1', text: '>' },
    ],
    [
      ':tmi.twitch.tv ROOMSTATE #dallas',
      { tags: '', prefix: 'tmi.twitch.tv', command: 'ROOMSTATE', target: '#dallas', text: '' },
    ],
  ])('takes %s apart', (line, parts) => {
    expect(parseLine(line)).toEqual(parts);
  });

  it('keeps colons and spaces of the text as they were written', () => {
    expect(parseLine(':a!a@a PRIVMSG #c ::) two  spaces and one at the end ')).toMatchObject({
      text: ':) two  spaces and one at the end ',
    });
  });

  it.each([
    ['', 'empty_line'],
    ['@only=tags', 'no_command'],
    ['@key=value :tmi.twitch.tv', 'no_command'],
    ['@key=value :tmi.twitch.tv ', 'no_command'],
    [':tmi.twitch.tv P!NG', 'bad_command'],
    [':tmi.twitch.tv PØNG', 'bad_command'],
    [':tmi.twitch.tv P1NG', 'bad_command'],
    [':tmi.twitch.tv 37', 'bad_command'],
  ])('says why %j is no line', (line, reason) => {
    expect(parseLine(line)).toBe(reason);
  });
});

describe('nickOf', () => {
  it('is the part before the exclamation mark', () => {
    expect(nickOf('ronni!ronni@ronni.tmi.twitch.tv')).toBe('ronni');
    expect(nickOf('tmi.twitch.tv')).toBe('tmi.twitch.tv');
  });
});
