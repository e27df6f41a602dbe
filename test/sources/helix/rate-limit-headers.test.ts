import { describe, expect, it } from 'vitest';
import { readBudget } from '../../../src/sources/helix/rate-limit-headers.ts';

describe('readBudget', () => {
  it('reads the three headers, whatever their case', () => {
    const headers = [
      'Date',
      'x',
      'Ratelimit-Limit',
      '800',
      'ratelimit-remaining',
      '799',
      'Ratelimit-Reset',
      '1795300000',
    ];
    expect(readBudget(headers.map((text) => Buffer.from(text)))).toEqual({
      limit: 800,
      remaining: 799,
      resetsAt: 1_795_300_000_000,
    });
  });

  it('says nothing of an answer without them', () => {
    expect(readBudget(['Ratelimit-Limit', '800'])).toBeUndefined();
  });
});
