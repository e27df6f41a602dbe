import { describe, expect, it } from 'vitest';
import { readRateReport } from '../../src/helix-api/request.ts';

const full = { 'Ratelimit-Limit': '800', 'Ratelimit-Remaining': '17', 'Ratelimit-Reset': '1700000020' };

describe('the rate-limit headers', () => {
  it.each<[string, Record<string, string>, unknown]>([
    ['count from the date of the answer', { ...full, Date: new Date(1_700_000_005_000).toUTCString() }, 15_000],
    ['count from our clock when there is none', full, 10_000],
    ['count from our clock when it is no date', { ...full, Date: 'yesterday' }, 10_000],
  ])('%s', (_what, headers, resetInMs) => {
    const report = readRateReport(new Headers(headers), 1_700_000_010_000);
    expect(report).toEqual({ limit: 800, remaining: 17, resetInMs });
  });

  it.each([
    {},
    { ...full, 'Ratelimit-Limit': '' },
    { ...full, 'Ratelimit-Limit': '0' },
    { ...full, 'Ratelimit-Remaining': '-1' },
    { ...full, 'Ratelimit-Reset': 'soon' },
    { 'Ratelimit-Limit': '800', 'Ratelimit-Remaining': '1' },
  ])('count for nothing when they make no sense: %o', (headers) => {
    expect(readRateReport(new Headers(headers as Record<string, string>))).toBeUndefined();
  });
});
