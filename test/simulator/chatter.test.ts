import { expect, test } from 'vitest';
import { Chatter } from '../../src/simulator/chatter.ts';
import { measure } from '../../src/simulator/phrases.ts';
import { createRandom } from '../../src/simulator/random.ts';
import { sortLine } from '../../src/simulator/replay-lines.ts';
import { RoomEvents } from '../../src/simulator/room-events.ts';
import { escapeTag } from '../../src/simulator/tags.ts';
import { World } from '../../src/simulator/world.ts';

/** What stands around the text of a /me. */
const mark = '\u0001';
const at = 1_780_000_000_123;
const random = createRandom('chatter');
const world = new World({ random, now: () => at, channels: 2, liveShare: 1 });
const [channel, other] = world.channels;
const chatter = new Chatter(random.fork('people'));
const events = new RoomEvents(random.fork('events'), chatter);
const lines = Array.from({ length: 5_000 }, () => chatter.write(channel!, chatter.talk(channel!, at)));

const tagsOf = (line: string) =>
  new Map(
    line
      .slice(1, line.indexOf(' '))
      .split(';')
      .map((tag): [string, string] => {
        const equals = tag.indexOf('=');
        return [tag.slice(0, equals), tag.slice(equals + 1)];
      }),
  );
const textOf = (line: string) => line.slice(line.indexOf(` PRIVMSG #${channel!.login} :`) + channel!.login.length + 12);

test('a message is one line of about 460 bytes with the tags of today, in order', () => {
  const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line), 0) / lines.length;
  expect(bytes).toBeGreaterThan(430);
  expect(bytes).toBeLessThan(520);
  for (const line of lines) {
    expect(line).not.toMatch(/[\r\n]/);
    expect(sortLine(line)).toMatchObject({ kind: 'room', command: 'PRIVMSG', login: channel!.login });
    const tags = tagsOf(line);
    expect([...tags.keys()]).toEqual([...tags.keys()].toSorted());
    expect(tags.get('id')).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(tags.get('room-id')).toBe(channel!.id);
    for (const name of [
      'badge-info',
      'badges',
      'client-nonce',
      'color',
      'display-name',
      'emotes',
      'first-msg',
      'flags',
      'mod',
      'returning-chatter',
      'subscriber',
      'tmi-sent-ts',
      'turbo',
      'user-id',
      'user-type',
    ]) {
      expect(tags.has(name)).toBe(true);
    }
  }
  expect(new Set(lines.map((line) => tagsOf(line).get('id'))).size).toBe(lines.length);
});

test('emote ranges point at the emotes when counted in code points', () => {
  let ranges = 0;
  for (const line of lines) {
    const body = [...textOf(line).replace(`${mark}ACTION `, '').replace(mark, '')];
    for (const set of tagsOf(line).get('emotes')!.split('/').filter(Boolean)) {
      const [, places] = set.split(':') as [string, string];
      for (const place of places.split(',')) {
        const [first, last] = place.split('-').map(Number) as [number, number];
        expect(body.slice(first, last + 1).join('')).toMatch(/^(Kappa|LUL|HeyGuys|BibleThump|gauge(Hype|Wave|Rain))$/);
        ranges++;
      }
    }
  }
  expect(ranges).toBeGreaterThan(2_000);
  expect(measure('Kappa 😂 Kappa').emotes).toBe('25:0-4,8-12');
});

test('the mixture holds everything that a chat holds', () => {
  const has = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
  expect(has(/;reply-parent-msg-id=[^;]+;.*reply-thread-parent-msg-id=/)).toBeGreaterThan(100);
  expect(has(/;bits=\d+;/)).toBeGreaterThan(10);
  expect(has(/;msg-id=highlighted-message;/)).toBeGreaterThan(5);
  expect(has(/;first-msg=1;/)).toBeGreaterThan(10);
  expect(
    lines.filter((line) => textOf(line).startsWith(`${mark}ACTION `) && line.endsWith(mark)).length,
  ).toBeGreaterThan(20);
  expect(has(/;emote-only=1;/)).toBeGreaterThan(50);
  expect(has(/display-name=[^;]*[^ -~]/)).toBeGreaterThan(20);
  expect(has(/ PRIVMSG #\S+ :: /)).toBeGreaterThan(0);
  expect(has(/ $/)).toBeGreaterThan(0);
  expect(Math.max(...lines.map((line) => [...textOf(line)].length))).toBeGreaterThan(300);
});

test('a reply carries its parent, escaped', () => {
  const parent = { id: 'p', person: chatter.person(), text: 'a; b\\c' };
  const talk = { ...chatter.talk(channel!, at), replyTo: parent };
  expect(chatter.write(channel!, talk)).toContain(`reply-parent-msg-body=a\\:\\sb\\\\c;reply-parent-msg-id=p;`);
  expect(escapeTag('\r\n;')).toBe('\\r\\n\\:');
});

test('room events are of every kind, and a gift bomb holds together', () => {
  const drawn = Array.from({ length: 3_000 }, () => events.draw(channel!, at));
  const all = drawn.flat();
  const kinds = new Set(
    all.map(({ command, line }) => `${command} ${/;msg-id=([a-z]+);/.exec(line)?.[1] ?? ''}`.trim()),
  );
  expect([...kinds].toSorted()).toEqual([
    'CLEARCHAT',
    'CLEARMSG',
    'USERNOTICE announcement',
    'USERNOTICE resub',
    'USERNOTICE sharedchatnotice',
    'USERNOTICE sub',
    'USERNOTICE subgift',
    'USERNOTICE submysterygift',
    'USERNOTICE viewermilestone',
  ]);
  for (const { command, line } of all) expect(sortLine(line)).toMatchObject({ kind: 'room', command });
  const bomb = drawn.find((bunch) => bunch.length > 1)!;
  const id = /msg-param-community-gift-id=(\d+)/.exec(bomb[0]!.line)![1];
  expect(bomb.length - 1).toBe(Number(/mass-gift-count=(\d+)/.exec(bomb[0]!.line)![1]));
  for (const { line } of bomb) expect(line).toContain(`msg-param-community-gift-id=${id};`);
  const clears = all.filter(({ command }) => command === 'CLEARCHAT').map(({ line }) => line);
  expect(clears.some((line) => line.endsWith(`CLEARCHAT #${channel!.login}`))).toBe(true);
  expect(clears.some((line) => line.startsWith('@ban-duration='))).toBe(true);
  expect(clears.some((line) => line.includes('target-user-id') && !line.includes('ban-duration'))).toBe(true);
});

test('raids and mode changes are written as Twitch writes them', () => {
  const raid = { fromId: other!.id, toId: channel!.id, viewers: 321, at };
  expect(events.raid(raid, other!, channel!).line).toMatch(
    /;msg-param-viewerCount=321;.*;system-msg=321\\sraiders\\sfrom\\s/,
  );
  expect(events.modeChange(channel!, 'followers-only', 0).map(({ line }) => line)).toEqual([
    `@room-id=${channel!.id};followers-only=0 :tmi.twitch.tv ROOMSTATE #${channel!.login}`,
    `@msg-id=followers_on_zero :tmi.twitch.tv NOTICE #${channel!.login} :This room is now in followers-only mode.`,
  ]);
});
