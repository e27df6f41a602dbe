/**
 * What Helix said of users and games, for a while. A cache is asked for many keys at once and may live elsewhere, so every call
 * waits. Overflow: the entry that was used longest ago goes.
 */

export interface Cache<T> {
  /** @returns those that are there and not too old. */
  getMany(keys: readonly string[]): Promise<ReadonlyMap<string, T>>;
  /** Values must survive JSON. */
  setMany(entries: ReadonlyMap<string, T>): Promise<void>;
}

export interface MemoryCacheOptions {
  readonly ttlMs: number;
  readonly maxEntries: number;
  /** ms of a clock that never jumps. */
  readonly now?: () => number;
}

export function createMemoryCache<T>(options: MemoryCacheOptions): Cache<T> {
  const now = options.now ?? (() => performance.now());
  /** A Map remembers in which order its keys came; using one puts it at the end. */
  const entries = new Map<string, { readonly value: T; readonly endsAt: number }>();

  return {
    async getMany(keys) {
      const found = new Map<string, T>();
      for (const key of keys) {
        const entry = entries.get(key);
        if (entry === undefined) continue;
        entries.delete(key);
        if (entry.endsAt <= now()) continue;
        entries.set(key, entry);
        found.set(key, entry.value);
      }
      return found;
    },
    async setMany(fresh) {
      const endsAt = now() + options.ttlMs;
      for (const [key, value] of fresh) {
        entries.delete(key);
        entries.set(key, { value, endsAt });
      }
      for (const key of entries.keys()) {
        if (entries.size <= options.maxEntries) break;
        entries.delete(key);
      }
    },
  };
}

export interface LookUpOptions<T> {
  readonly cache: Cache<T>;
  /** How many keys one request may ask for; Helix takes 100. */
  readonly batchSize: number;
  /** Asks for keys that the cache does not have. Those that do not exist are left out. */
  readonly load: (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>;
}

/** @returns what is known of the keys: from the cache, and from upstream for the rest, which then is cached. Throws what `load` throws. */
export async function lookUp<T>(keys: readonly string[], options: LookUpOptions<T>): Promise<ReadonlyMap<string, T>> {
  const { cache, batchSize, load } = options;
  const wanted = [...new Set(keys)];
  const found = new Map(await cache.getMany(wanted));
  const missing = wanted.filter((key) => !found.has(key));
  for (let at = 0; at < missing.length; at += batchSize) {
    const fresh = await load(missing.slice(at, at + batchSize));
    await cache.setMany(fresh);
    for (const [key, value] of fresh) found.set(key, value);
  }
  return found;
}
