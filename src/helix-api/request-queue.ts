/**
 * Who is next: the highest priority, and within it whoever came first. Each priority leaves a share of the bucket to those above
 * it. So that nobody waits for ever, every tenth turn goes to whoever has waited longest, if that is more than half a minute.
 * Overflow: the bound is on requests; the youngest of the lowest priority is turned away, which may be the one that comes.
 * Pure: every call is told the time.
 */

/** Highest first. */
export const priorities = ['state', 'users', 'slow', 'clips', 'backfill'] as const;
export type Priority = (typeof priorities)[number];

/** The share of the bucket that a priority does not touch. */
const reserveShare: Readonly<Record<Priority, number>> = {
  state: 0.01,
  users: 0.1,
  slow: 0.2,
  clips: 0.35,
  backfill: 0.5,
};

const fairTurn = 10;
const longWaitMs = 30_000;

export interface Waiting<T> {
  readonly item: T;
  readonly priority: Priority;
  readonly since: number;
}

export interface Turn<T> {
  readonly waiting: Waiting<T>;
  /** Points that must be in the bucket for this turn, of which one is spent. */
  readonly needs: number;
}

/** @param limit the size of the bucket, points. */
export function pointsNeeded(priority: Priority, limit: number): number {
  return 1 + Math.floor(limit * reserveShare[priority]);
}

export class RequestQueue<T> {
  readonly #max: number;
  readonly #lines = new Map<Priority, Waiting<T>[]>(priorities.map((priority) => [priority, []]));
  #turnsSinceFair = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    let size = 0;
    for (const line of this.#lines.values()) size += line.length;
    return size;
  }

  /** @returns whoever had to go for it, perhaps the newcomer itself. */
  add(waiting: Waiting<T>): Waiting<T> | undefined {
    const victim = this.size < this.#max ? undefined : this.#lowestBelow(waiting.priority);
    if (this.size >= this.#max && victim === undefined) return waiting;
    if (victim !== undefined) this.remove(victim);
    this.#line(waiting.priority).push(waiting);
    return victim;
  }

  /** @returns false when it was not waiting. */
  remove(waiting: Waiting<T>): boolean {
    const line = this.#line(waiting.priority);
    const at = line.indexOf(waiting);
    if (at >= 0) line.splice(at, 1);
    return at >= 0;
  }

  /** Whose turn it is; they stay in the queue until `take`. */
  next(at: number, limit: number): Turn<T> | undefined {
    const oldest = this.#oldest();
    if (oldest === undefined) return undefined;
    if (this.#turnsSinceFair >= fairTurn - 1 && at - oldest.since >= longWaitMs) {
      return { waiting: oldest, needs: pointsNeeded('state', limit) };
    }
    const first = priorities.map((priority) => this.#line(priority)[0]).find((head) => head !== undefined) ?? oldest;
    return { waiting: first, needs: pointsNeeded(first.priority, limit) };
  }

  /** The turn is used. */
  take({ waiting }: Turn<T>): void {
    this.#turnsSinceFair = waiting === this.#oldest() ? 0 : this.#turnsSinceFair + 1;
    this.remove(waiting);
  }

  /** Empties the queue. */
  drain(): readonly Waiting<T>[] {
    const all = [...this.#lines.values()].flat();
    for (const line of this.#lines.values()) line.length = 0;
    return all;
  }

  #line(priority: Priority): Waiting<T>[] {
    const line = this.#lines.get(priority);
    if (line === undefined) throw new TypeError(`no priority ${priority}`);
    return line;
  }

  #oldest(): Waiting<T> | undefined {
    let oldest: Waiting<T> | undefined;
    for (const line of this.#lines.values()) {
      const head = line[0];
      if (head !== undefined && (oldest === undefined || head.since < oldest.since)) oldest = head;
    }
    return oldest;
  }

  #lowestBelow(priority: Priority): Waiting<T> | undefined {
    const below = priorities.slice(priorities.indexOf(priority) + 1).toReversed();
    return below.map((lower) => this.#line(lower).at(-1)).find((last) => last !== undefined);
  }
}
