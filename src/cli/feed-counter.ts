/** Clients of the demo's own feed: one that counts everything, and others that listen beside it as overlays would. */
import { type FeedRecord, readFeed } from './feed-reader.ts';

export interface FeedCount {
  readonly clients: number;
  readonly delivered: number;
  readonly holes: number;
  /** Of the client that listens to everything. */
  readonly byType: Readonly<Record<string, number>>;
}

export class FeedCounter {
  readonly #clients: number;
  readonly #leaving = new AbortController();
  readonly #byType = new Map<string, number>();
  #records: Promise<FeedRecord>[] = [];
  #live = 0;

  constructor(clients: number) {
    this.#clients = clients;
  }

  connect({ host, port }: { readonly host: string; readonly port: number }): void {
    const base = `ws://${host}:${port}/v1/feed`;
    const filters = ['types=*', 'types=stream.*', 'types=chat.*'];
    this.#records = Array.from({ length: this.#clients }, (_, i) =>
      readFeed({
        url: `${base}?${filters[i % filters.length] ?? ''}`,
        signal: this.#leaving.signal,
        onEvent: ({ type }) => {
          if (i === 0) this.#byType.set(type, (this.#byType.get(type) ?? 0) + 1);
        },
        onFrame: ({ k }) => {
          if (k === 'live') this.#live += 1;
        },
      }),
    );
  }

  /** Every client has its snapshot and is live. */
  get isReady(): boolean {
    return this.#live >= this.#clients;
  }

  /** Changes of state that came so far. */
  get changes(): number {
    let count = 0;
    for (const [type, n] of this.#byType) if (type.startsWith('stream.') || type === 'channel.renamed') count += n;
    return count;
  }

  /** The daemon is gone: counts up. */
  async finish(): Promise<FeedCount> {
    this.#leaving.abort();
    const records = await Promise.all(this.#records);
    return {
      clients: this.#clients,
      delivered: records.reduce((sum, { events }) => sum + events, 0),
      holes: records.reduce((sum, { holes }) => sum + holes, 0),
      byType: Object.fromEntries(this.#byType),
    };
  }
}
