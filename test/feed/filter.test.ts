/** Filters against a matcher that is too simple to be wrong, and the ways of writing one filter. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../src/domain/channel.ts';
import { chatFlags } from '../../src/domain/chat.ts';
import { defaultTypes, type EventType, eventTypes } from '../../src/feed/event-types.ts';
import { type FilterRequest, isSameChannel, passesAuthor, resolveFilter } from '../../src/feed/filter.ts';
import { eventTypeOf, type FedFact } from '../../src/feed/frames.ts';
import { GroupIndex } from '../../src/feed/groups.ts';
import { changeBase, channels, chatEvent, chatMessage, stream, streamSample } from './support/facts.ts';
import { resolveChannel } from './support/feed-server.ts';

const logins = channels.map(({ login }) => login);
const users = ['ann', 'bob', 'cid'];
const flagOf = { broadcaster: 256, mod: 1, vip: 4, sub: 2 } as const;

const patterns = fc.constantFrom(
  '*',
  'chat.*',
  'stream.*',
  'c*',
  'viewers.snapshot',
  'chat.message',
  'channel.renamed',
);
const someOf = (values: readonly string[]) => fc.option(fc.subarray([...values], { minLength: 1 }), { nil: undefined });
const requests: fc.Arbitrary<FilterRequest> = fc.record({
  types: fc.option(fc.array(patterns, { minLength: 1, maxLength: 3 }), { nil: undefined }),
  channels: someOf(logins),
  users: someOf([...users, 'id:2']),
  notUsers: someOf(users),
  roles: someOf(Object.keys(flagOf)),
});

const authored = fc.record({
  channel: fc.constantFrom(...channels),
  user: fc.nat(2).map((n) => ({ id: String(n), login: users[n] ?? '', displayName: '', color: '' })),
  flags: fc.subarray(Object.values(flagOf)).map((bits) => bits.reduce((sum, bit) => sum | bit, 0)),
});
const facts: fc.Arbitrary<FedFact> = fc.oneof(
  authored.map((fields) => chatMessage(fields)),
  authored.map((fields) => chatEvent({ command: 'USERNOTICE', type: 'sub', ...fields })),
  authored.map((fields) => chatEvent({ command: 'CLEARMSG', type: 'delete', ...fields })),
  fc.constantFrom(...channels).map((channel) => streamSample(channel)),
  fc.constantFrom(...channels).map((channel) => ({ kind: 'stream_online', ...changeBase, channel, stream }) as const),
);

function naive(request: FilterRequest, fact: FedFact): boolean {
  const type = eventTypeOf(fact);
  const wanted = request.types?.some((pattern) => {
    return pattern.endsWith('*') ? type.startsWith(pattern.slice(0, -1)) : pattern === type;
  });
  if (!(wanted ?? type !== 'viewers.snapshot')) return false;
  if (request.channels && !request.channels.includes(fact.channel.login)) return false;
  if (!('user' in fact) || (type !== 'chat.message' && type !== 'chat.notification')) return true;
  const author = [fact.user.login, `id:${fact.user.id}`];
  if (request.users && !request.users.some((user) => author.includes(user))) return false;
  if (request.notUsers?.some((user) => author.includes(user))) return false;
  const mask = (role: string) => flagOf[role as keyof typeof flagOf];
  return !request.roles || request.roles.some((role) => (fact.flags & mask(role)) !== 0);
}

describe('filters', () => {
  it('select what a naive matcher selects', () => {
    fc.assert(
      fc.property(
        fc.array(requests, { minLength: 1, maxLength: 6 }),
        fc.array(facts, { maxLength: 60 }),
        (asked, seen) => {
          const index = new GroupIndex<number>();
          const groups = asked.map((request, member) => index.join(member, resolveFilter(request, resolveChannel), 0));
          for (const fact of seen) {
            const touched = [...index.matching(eventTypeOf(fact), fact.channel)];
            const reached = new Set(touched.filter((group) => passesAuthor(group.filter, fact)));
            expect(groups.map((group) => reached.has(group))).toEqual(asked.map((request) => naive(request, fact)));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('share one group however they are written', () => {
    const key = (request: FilterRequest) => resolveFilter(request, resolveChannel).key;
    expect(key({ channels: ['beta', 'ALPHA', 'alpha'] })).toBe(key({ channels: ['id:101', 'id:102'] }));
    expect(key({ types: ['*'] })).toBe(key({ types: [...eventTypes].reverse() }));
    expect(key({})).toBe(key({ types: [...defaultTypes], channels: ['*'] }));
    expect(key({ users: ['Ann', 'bob'] })).toBe(key({ users: ['bob', 'ann', 'ann'] }));
    expect(key({ users: ['ann'] })).not.toBe(key({ notUsers: ['ann'] }));
  });

  it('use the same bits as chat does for roles', () => {
    expect(flagOf).toEqual({
      broadcaster: chatFlags.broadcaster,
      mod: chatFlags.mod,
      vip: chatFlags.vip,
      sub: chatFlags.subscriber,
    });
  });

  it('refuse the 65th entry', () => {
    const many = Array.from({ length: 65 }, (_, n) => `user${n}`);
    expect(() => resolveFilter({ users: many }, resolveChannel)).toThrow('the limit is 64');
    expect(() => resolveFilter({ users: many.slice(1) }, resolveChannel)).not.toThrow();
  });

  it('leave nothing behind when the last member of every group is gone', () => {
    const index = new GroupIndex<string>();
    const filter = resolveFilter({ channels: ['alpha', 'beta'] }, resolveChannel);
    const group = index.join('one', filter, 5);
    expect(index.join('two', filter, 9)).toBe(group);
    index.leave('one', group);
    expect(index.size).toBe(1);
    index.leave('two', group);
    expect(index.size).toBe(0);
    expect([...index.matching('chat.message', channels[0]!)]).toEqual([]);
    expect(index.join('three', filter, 9).prev).toBe(9);
  });
});

describe('a channel whose id is not known yet', () => {
  const unknown: Channel = { id: '0', login: 'alpha' };
  const known: Channel = { id: '101', login: 'alpha' };
  const type: EventType = 'chat.message';
  const reach = (asked: Channel, seen: Channel) => {
    const index = new GroupIndex<number>();
    index.join(
      1,
      resolveFilter({ channels: ['alpha'] }, () => asked),
      0,
    );
    return new Set(index.matching(type, seen)).size === 1;
  };

  it('is matched by login until both sides know the id', () => {
    for (const [asked, seen, expected] of [
      [unknown, unknown, true],
      [unknown, known, true],
      [known, unknown, true],
      [known, known, true],
      [known, { id: '101', login: 'renamed' }, true],
      [known, { id: '999', login: 'alpha' }, false],
      [unknown, { id: '999', login: 'beta' }, false],
      [known, { id: '0', login: 'beta' }, false],
    ] as const) {
      expect([asked, seen, reach(asked, seen)]).toEqual([asked, seen, expected]);
      expect(isSameChannel(asked, seen)).toBe(expected);
    }
  });
});
