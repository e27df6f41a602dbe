import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BudgetShare, ByteBudget, lineBytes, RowBuffer } from '../../src/store/buffer.ts';

/** All of a budget for one table. */
function wholeBudget(bytes: number): BudgetShare {
  return new ByteBudget(bytes, 1).share();
}

describe('ByteBudget', () => {
  it('keeps a share for each table that no other can use up, whatever the rest took', () => {
    const budget = new ByteBudget(100, 5);
    const [first, second, third] = [budget.share(), budget.share(), budget.share()];
    expect(first.take(60)).toBe(true);
    expect(first.take(1)).toBe(false);
    expect(second.take(11)).toBe(false);
    expect(second.take(10)).toBe(true);
    expect(third.take(10)).toBe(true);
    expect(budget.used).toBe(80);
    first.free(50);
    expect(second.take(50)).toBe(true);
    expect(first.take(1)).toBe(false);
  });

  it('never holds more than it may', () => {
    const step = fc.record({ table: fc.nat({ max: 2 }), bytes: fc.nat({ max: 40 }), isFreed: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const budget = new ByteBudget(100, 3);
        const shares = [budget.share(), budget.share(), budget.share()];
        for (const { table, bytes, isFreed } of steps) {
          const share = shares[table]!;
          if (isFreed) share.free(Math.min(bytes, share.used));
          else share.take(bytes);
          expect(budget.used).toBeLessThanOrEqual(100);
        }
        for (const share of shares) if (share.used < 16) expect(share.take(16 - share.used)).toBe(true);
      }),
    );
  });
});

describe('RowBuffer', () => {
  it('refuses the newest row when the budget is used up, and takes rows again when bytes are freed', () => {
    const budget = wholeBudget(10);
    const buffer = new RowBuffer(budget);
    expect(buffer.push('1234', 0)).toBe(true);
    expect(buffer.push('1234', 0)).toBe(true);
    expect(buffer.push('', 0)).toBe(false);
    const { lines, bytes } = buffer.cut({ rows: 1, bytes: 100 }, 0);
    expect(lines).toEqual(['1234']);
    expect(buffer.push('', 0)).toBe(false);
    budget.free(bytes);
    expect(buffer.push('', 0)).toBe(true);
    expect(budget.used).toBe(6);
  });

  it('gives out a row that is larger than a batch by itself', () => {
    const buffer = new RowBuffer(wholeBudget(1000));
    buffer.push('x'.repeat(50), 0);
    buffer.push('y', 0);
    expect(buffer.cut({ rows: 10, bytes: 20 }, 0).lines).toEqual(['x'.repeat(50)]);
  });

  it('is as old as its oldest row', () => {
    const buffer = new RowBuffer(wholeBudget(1000));
    expect(buffer.age(5)).toBe(0);
    buffer.push('a', 10);
    buffer.push('b', 30);
    expect(buffer.age(40)).toBe(30);
    buffer.cut({ rows: 1, bytes: 100 }, 50);
    expect(buffer.age(60)).toBe(10);
  });

  it('loses, doubles and reorders nothing, and keeps its books', () => {
    const limits = fc.record({ rows: fc.integer({ min: 1, max: 5 }), bytes: fc.integer({ min: 1, max: 60 }) });
    const step = fc.oneof(fc.string({ unit: 'binary', maxLength: 12 }), limits);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const budget = wholeBudget(200);
        const buffer = new RowBuffer(budget);
        const accepted: string[] = [];
        const out: string[] = [];
        for (const item of steps) {
          if (typeof item === 'string') {
            if (buffer.push(item, 0)) accepted.push(item);
            continue;
          }
          const { lines, bytes } = buffer.cut(item, 0);
          expect(bytes).toBe(lines.reduce((sum, line) => sum + lineBytes(line), 0));
          expect(lines.length).toBeLessThanOrEqual(item.rows);
          out.push(...lines);
          budget.free(bytes);
        }
        expect(budget.used).toBe(buffer.bytes);
        expect(budget.used).toBeLessThanOrEqual(200);
        expect([...out, ...buffer.cut({ rows: 1000, bytes: 1000 }, 0).lines]).toEqual(accepted);
        expect(buffer.bytes).toBe(0);
      }),
    );
  });
});
