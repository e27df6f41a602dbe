import { afterEach, expect, test, vi } from 'vitest';
import { createLog } from '../../src/ops/log.ts';
import { createSummary } from '../../src/ops/summary.ts';

afterEach(() => {
  vi.useRealTimers();
});

test('says once a minute how it goes, and nothing after the stop', async () => {
  vi.useFakeTimers();
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const summary = createSummary({ read: () => ({ lines: 7 }), log });
  await summary.start(new AbortController().signal, () => {});
  vi.advanceTimersByTime(120_000);
  await summary.stop(AbortSignal.abort());
  vi.advanceTimersByTime(120_000);
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([
    { msg: 'summary', lines: 7 },
    { msg: 'summary', lines: 7 },
  ]);
});
