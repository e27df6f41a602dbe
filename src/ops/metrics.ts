/** The registry of Prometheus metrics, with the process's own figures. Every part registers its metrics on it when created. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export { Counter, Gauge, Histogram, Registry };

export function createRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/**
 * A counter for hot paths, with at most one label: counting is one Map update, and Prometheus reads the sums only when it
 * asks. The same sums are what status pages show.
 */
export class Tally<Key extends string = string> {
  readonly #sums = new Map<Key, number>();

  constructor(registry: Registry, options: { readonly name: string; readonly help: string; readonly label: string }) {
    const sums = this.#sums;
    new Counter({
      name: options.name,
      help: options.help,
      labelNames: [options.label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [key, sum] of sums) this.inc({ [options.label]: key }, sum);
      },
    });
  }

  add(key: Key, count = 1): void {
    this.#sums.set(key, (this.#sums.get(key) ?? 0) + count);
  }

  get(key: Key): number {
    return this.#sums.get(key) ?? 0;
  }

  get total(): number {
    let total = 0;
    for (const sum of this.#sums.values()) total += sum;
    return total;
  }

  /** All sums so far by key. */
  toJSON(): Record<string, number> {
    return Object.fromEntries(this.#sums);
  }
}
