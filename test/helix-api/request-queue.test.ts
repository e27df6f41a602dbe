import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Priority,
  pointsNeeded,
  priorities,
  RequestQueue,
  type Waiting,
} from '../../src/helix-api/request-queue.ts';

const waiting = (priority: Priority, since = 0, item = since): Waiting<number> => ({ item, priority, since });

describe('the queue', () => {
  it('lets the higher priority go first, and within one who came first', () => {
    const queue = new RequestQueue<number>(10);
    for (const one of [waiting('clips', 1), waiting('state', 3), waiting('backfill', 0), waiting('state', 2)])
      queue.add(one);
    const order: [Priority, number][] = [];
    for (let turn = queue.next(0, 800); turn !== undefined; turn = queue.next(0, 800)) {
      queue.take(turn);
      order.push([turn.waiting.priority, turn.waiting.since]);
    }
    expect(order).toEqual([
      ['state', 3],
      ['state', 2],
      ['clips', 1],
      ['backfill', 0],
    ]);
  });

  it('keeps a share of the bucket for those above', () => {
    expect(priorities.map((priority) => pointsNeeded(priority, 800))).toEqual([9, 81, 161, 281, 401]);
    expect(priorities.map((priority) => pointsNeeded(priority, 1))).toEqual([1, 1, 1, 1, 1]);
  });

  it('turns away the youngest of the lowest when it is full', () => {
    const queue = new RequestQueue<number>(3);
    const [old, young, clip] = [waiting('backfill', 0), waiting('backfill', 1), waiting('clips', 2)];
    for (const one of [old, young, clip]) expect(queue.add(one)).toBeUndefined();
    const state = waiting('state', 3);
    expect(queue.add(state)).toBe(young);
    const another = waiting('backfill', 4);
    expect(queue.add(another)).toBe(another);
    expect(queue.add(waiting('state', 5))).toBe(old);
    expect(queue.size).toBe(3);
    expect(queue.remove(state)).toBe(true);
    expect(queue.remove(state)).toBe(false);
  });

  const arrivals = fc.array(
    fc.record({ priority: fc.constantFrom(...priorities), afterMs: fc.integer({ min: 0, max: 5_000 }) }),
    { minLength: 1, maxLength: 120 },
  );

  it('gives nine turns of ten to the highest that waits', () => {
    fc.assert(
      fc.property(arrivals, (all) => {
        const queue = new RequestQueue<number>(1_000);
        let now = 0;
        for (const { priority, afterMs } of all) {
          now += afterMs;
          queue.add(waiting(priority, now));
        }
        let left = [...all];
        let turns = 0;
        let exceptions = 0;
        for (let turn = queue.next(now, 800); turn !== undefined; turn = queue.next(now, 800)) {
          const highest = priorities.find((priority) => left.some((one) => one.priority === priority));
          turns++;
          if (turn.waiting.priority !== highest) exceptions++;
          queue.take(turn);
          const at = left.findIndex(({ priority }) => priority === turn.waiting.priority);
          left = left.toSpliced(at, 1);
        }
        expect(left).toEqual([]);
        expect(exceptions).toBeLessThanOrEqual(Math.floor(turns / 10));
      }),
    );
  });

  it('lets nobody wait for ever, however many of the highest keep coming', () => {
    fc.assert(
      fc.property(fc.constantFrom(...priorities.slice(1)), fc.integer({ min: 1, max: 20 }), (priority, ahead) => {
        const queue = new RequestQueue<number>(10_000);
        for (let i = 0; i < ahead; i++) queue.add(waiting('clips', 0, i));
        const patient = waiting(priority, 0, -1);
        queue.add(patient);
        let turns = 0;
        for (let now = 0; ; now += 1_000) {
          // More of the highest come than there are turns.
          queue.add(waiting('state', now));
          queue.add(waiting('state', now));
          const turn = queue.next(now, 800);
          if (turn === undefined) throw new Error('the queue is never empty here');
          queue.take(turn);
          turns++;
          if (turn.waiting === patient) break;
          expect(turns).toBeLessThan(30 + 10 * (ahead + 65));
        }
      }),
    );
  });
});
