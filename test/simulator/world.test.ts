import { expect, test } from 'vitest';
import { Plot } from '../../src/simulator/plot.ts';
import { createRandom } from '../../src/simulator/random.ts';
import { World, type WorldChange } from '../../src/simulator/world.ts';

/** An hour of a world, a step every 100 ms. */
function playHour(seed: number, changesPerMinute = 60, minChangeSpacingMs = 45_000) {
  let now = 1_750_000_000_000;
  const random = createRandom(seed);
  const world = new World({ random: random.fork('world'), now: () => now, channels: 80, liveShare: 0.5 });
  const changes: WorldChange[] = [];
  world.listen({ changed: (_channel, told) => changes.push(...told) });
  const plot = new Plot(world, random.fork('plot'), { changesPerMinute, minChangeSpacingMs, liveShare: 0.5 });
  const begin = structuredClone(world.channels);
  for (const end = now + 3_600_000; now < end; now += 100) plot.step(now);
  return { world, begin, changes };
}

test('the same seed plays the same world, another seed another one', () => {
  const [one, same, other] = [playHour(7), playHour(7), playHour(8)];
  expect(same.begin).toEqual(one.begin);
  expect(same.changes).toEqual(one.changes);
  expect(same.world.channels).toEqual(one.world.channels);
  expect(other.begin).not.toEqual(one.begin);
});

test('changes come at the asked rate, in every kind, and never too near to each other in one channel', () => {
  const { changes } = playHour(3);
  expect(new Set(changes.map(({ kind }) => kind))).toEqual(
    new Set([
      'stream_online',
      'stream_offline',
      'title_changed',
      'category_changed',
      'tags_changed',
      'language_changed',
    ]),
  );
  const acts = new Set(changes.map(({ channelId, at }) => `${channelId} ${at}`));
  expect(acts.size).toBeGreaterThan(3_000);
  expect(acts.size).toBeLessThan(4_000);
  const last = new Map<string, number>();
  for (const { channelId, at } of changes) {
    const before = last.get(channelId) ?? Number.NEGATIVE_INFINITY;
    if (at !== before) expect(at - before).toBeGreaterThanOrEqual(45_000);
    last.set(channelId, at);
  }
});

test('replaying the changes over the beginning gives the end', () => {
  const { world, begin, changes } = playHour(5);
  for (const channel of begin) {
    const state = {
      title: channel.title,
      categoryId: channel.category.id,
      tags: channel.tags,
      language: channel.language,
    };
    let streamId = channel.broadcast?.id ?? '';
    for (const { kind, before, after, ...change } of changes.filter(({ channelId }) => channelId === channel.id)) {
      const field = {
        title_changed: 'title',
        category_changed: 'categoryId',
        tags_changed: 'tags',
        language_changed: 'language',
      }[kind as string] as keyof typeof state | undefined;
      if (field) {
        expect([state[field], change.streamId]).toEqual([before, streamId]);
        Object.assign(state, { [field]: after });
      } else {
        expect(before).toBe(streamId);
        streamId = String(after);
      }
    }
    const end = world.byId(channel.id);
    expect(end?.broadcast?.id ?? '').toBe(streamId);
    expect({ title: end?.title, categoryId: end?.category.id, tags: end?.tags, language: end?.language }).toEqual(
      state,
    );
  }
});

test('the share of live channels and their viewers stay near what was asked', () => {
  const { world } = playHour(11);
  expect(world.live.length).toBeGreaterThan(25);
  expect(world.live.length).toBeLessThan(55);
  for (const { viewers, weight } of world.live) expect(viewers).toBeLessThan(24_000 * weight * 3 + 24_000);
  for (const channel of world.channels) if (!channel.broadcast) expect(channel.viewers).toBe(0);
});

test('a frozen world does nothing by itself but still obeys', () => {
  let now = 0;
  const world = new World({ random: createRandom(1), now: () => now, channels: 5, liveShare: 1 });
  const kinds: string[] = [];
  world.listen({ changed: (_channel, changes) => kinds.push(...changes.map(({ kind }) => kind)) });
  const plot = new Plot(world, createRandom(2), { changesPerMinute: 6_000, minChangeSpacingMs: 0, liveShare: 1 });
  world.freeze();
  for (; now < 10_000; now += 100) plot.step(now);
  expect(kinds).toEqual([]);
  const [first] = world.channels;
  world.goOffline(first!.id);
  world.goOffline(first!.id);
  world.describe(first!.id, { title: first!.title });
  world.setCategory(first!.id, '');
  expect(kinds).toEqual(['stream_offline', 'category_changed']);
});

test('impossible orders are refused', () => {
  const channels = [
    { id: '1', login: 'one' },
    { id: '2', login: 'two' },
  ];
  const world = new World({ random: createRandom(1), now: Date.now, channels, liveShare: 0 });
  expect(() => world.goLive('3')).toThrow(RangeError);
  expect(() => world.rename('1', 'TWO')).toThrow('taken');
  expect(() => world.setCategory('1', '77')).toThrow('directory');
  const twice = [...channels, { id: '9', login: 'one' }];
  expect(() => new World({ random: createRandom(1), now: Date.now, channels: twice, liveShare: 0 })).toThrow('twice');
});
