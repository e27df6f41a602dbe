import { describe, expect, it, vi } from 'vitest';
import { createMemoryCache, lookUp } from '../../src/helix-api/cache.ts';

function setCache(maxEntries = 100) {
  let at = 0;
  const cache = createMemoryCache<string>({ ttlMs: 1_000, maxEntries, now: () => at });
  const set = (...keys: string[]) => cache.setMany(new Map(keys.map((key) => [key, key.toUpperCase()])));
  const keys = async (...asked: string[]) => [...(await cache.getMany(asked)).keys()];
  return {
    cache,
    set,
    keys,
    advance: (ms: number) => {
      at += ms;
    },
  };
}

describe('the cache', () => {
  it('keeps an entry for its time and no longer', async () => {
    const { cache, set, keys, advance } = setCache();
    await set('a');
    advance(999);
    expect(await cache.getMany(['a', 'b'])).toEqual(new Map([['a', 'A']]));
    await set('b');
    advance(1);
    expect(await keys('a', 'b')).toEqual(['b']);
  });

  it('lets go of what was used longest ago', async () => {
    const { set, keys } = setCache(3);
    await set('a', 'b', 'c');
    await keys('a');
    await set('d');
    expect(await keys('a', 'b', 'c', 'd')).toEqual(['a', 'c', 'd']);
    await set('e', 'f', 'g', 'h');
    expect(await keys('a', 'c', 'd', 'e', 'f', 'g', 'h')).toEqual(['f', 'g', 'h']);
  });
});

describe('a look-up', () => {
  it('asks once for what is missing, in batches, and leaves out what does not exist', async () => {
    const { cache, set } = setCache();
    await set('a');
    const load = vi.fn(
      async (keys: readonly string[]) => new Map(keys.filter((key) => key !== 'x').map((key) => [key, key])),
    );
    const options = { cache, batchSize: 2, load };
    const found = await lookUp(['a', 'b', 'b', 'c', 'x'], options);
    expect(found).toEqual(new Map(Object.entries({ a: 'A', b: 'b', c: 'c' })));
    expect(load.mock.calls).toEqual([[['b', 'c']], [['x']]]);
    expect((await lookUp(['a', 'b', 'c'], options)).size).toBe(3);
    expect(load).toHaveBeenCalledTimes(2);
  });

  it('fails as the request fails, and keeps what it had got before', async () => {
    const { cache, keys } = setCache();
    const load = vi.fn<(keys: readonly string[]) => Promise<ReadonlyMap<string, string>>>();
    load.mockResolvedValueOnce(new Map([['a', 'A']])).mockRejectedValueOnce(new Error('down'));
    await expect(lookUp(['a', 'b'], { cache, batchSize: 1, load })).rejects.toThrow('down');
    expect(await keys('a', 'b')).toEqual(['a']);
  });
});
