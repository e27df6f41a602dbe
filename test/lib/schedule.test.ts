import { describe, expect, it } from 'vitest';
import { deferred } from '../../src/lib/lifecycle.ts';
import { createSchedule, isAlignedInterval } from '../../src/lib/schedule.ts';

describe('a schedule', () => {
  it('runs on its ticks and says when it ran and runs next', async () => {
    const ticks: number[] = [];
    const twice = deferred<void>();
    const schedule = createSchedule({
      name: 'test',
      everySeconds: 1,
      run: async (tick) => {
        ticks.push(tick);
        if (ticks.length === 2) twice.resolve();
      },
      onFault: (error) => twice.reject(error),
    });
    await schedule.start(new AbortController().signal, () => {});
    await twice.promise;
    expect(schedule.status().nextRunAt).toBeGreaterThan(Date.now() - 1_000);
    await schedule.stop(AbortSignal.abort());
    expect(ticks.map((tick) => tick % 1000)).toEqual([0, 0]);
    expect((ticks[1] ?? 0) - (ticks[0] ?? 0)).toBe(1000);
  });

  it('never overlaps itself, and counts what it left out', async () => {
    const held = deferred<void>();
    const schedule = createSchedule({ name: 'slow', everySeconds: 60, run: () => held.promise, onFault: () => {} });
    await schedule.start(new AbortController().signal, () => {});
    const first = schedule.runNow();
    expect(schedule.runNow()).toBe(first);
    expect(schedule.status()).toMatchObject({ runningForMs: expect.any(Number), overlaps: 1, runs: 0 });
    held.resolve();
    await first;
    expect(schedule.status()).toMatchObject({ runningForMs: undefined, runs: 1, failures: 0 });
    await schedule.stop(AbortSignal.abort());
  });

  it('reports a failed run and goes on', async () => {
    const faults: string[] = [];
    let isBroken = true;
    const schedule = createSchedule({
      name: 'failing',
      everySeconds: 60,
      run: async () => {
        if (isBroken) throw new Error('503');
      },
      onFault: (error) => faults.push(error.message),
    });
    await schedule.start(new AbortController().signal, () => {});
    await schedule.runNow();
    expect(schedule.status()).toMatchObject({ failures: 1, lastError: '503' });
    isBroken = false;
    await schedule.runNow();
    expect(schedule.status()).toMatchObject({ failures: 1, lastError: undefined, runs: 2 });
    expect(faults).toEqual(['503']);
    await schedule.stop(AbortSignal.abort());
  });
});

describe('isAlignedInterval', () => {
  it.each([1, 2, 10, 30, 60, 300, 600, 3600])('%i s fits the clock', (seconds) => {
    expect(isAlignedInterval(seconds)).toBe(true);
  });
  it.each([0, -1, 7, 45, 90, 420, 7200, 1.5])('%d s does not', (seconds) => {
    expect(isAlignedInterval(seconds)).toBe(false);
  });
});
