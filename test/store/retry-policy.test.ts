import { ClickHouseError } from '@clickhouse/client';
import { describe, expect, it } from 'vitest';
import { decide } from '../../src/store/retry-policy.ts';

function clickHouse(code: number, message: string): ClickHouseError {
  return new ClickHouseError({ code: `${code}`, message, type: 'SOME_TYPE' });
}

describe('decide', () => {
  it.each([
    ['a refused connection', Object.assign(new Error('x'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
    ['a connection cut off', Object.assign(new Error('x'), { code: 'ECONNRESET' }), 'ECONNRESET'],
    ['the client’s time-out', new Error('Timeout error.'), 'none'],
    ['a proxy’s page', new Error('<html>503 (at row 3)</html>'), 'none'],
    ['something that is no error', 'gone', 'none'],
    ['memory limit', clickHouse(241, 'Memory limit exceeded'), '241'],
    ['a server that shuts down', clickHouse(236, 'Aborted'), '236'],
    ['too many parts', clickHouse(252, 'Too many parts (3000)'), '252'],
    ['read only for a while', clickHouse(242, 'Table is in readonly mode'), '242'],
    ['a code we have never heard of', clickHouse(99_999, 'x (at row 2)'), '99999'],
  ])('tries again after %s', (_, error, code) => {
    expect(decide(error)).toEqual({ action: 'retry', code });
  });

  it.each([
    [16, 'No such column zz in table t'],
    [60, 'Unknown table'],
    [81, 'Database does not exist'],
    [164, 'Cannot execute query in readonly mode'],
    [497, 'Not enough privileges'],
    [516, 'Authentication failed'],
    [53, 'Type mismatch'],
    [117, 'Unknown field found while parsing JSONEachRow format: zz: (at row 1)'],
  ])('waits for the operator after code %i', (code, message) => {
    expect(decide(clickHouse(code, message))).toEqual({ action: 'halt', code: `${code}` });
  });

  it.each([6, 25, 26, 27, 33, 38, 41, 72, 117, 376, 467, 691])('names the bad row of code %i', (code) => {
    const message = 'Cannot parse: (while reading the value of key a): (at row 42)\n: Row 1: "(at row 7)"';
    expect(decide(clickHouse(code, message))).toEqual({ action: 'set_aside', code: `${code}`, row: 42 });
  });

  it('halves a batch whose bad row is not named', () => {
    expect(decide(clickHouse(27, 'Cannot parse input'))).toEqual({ action: 'split', code: '27' });
  });

  it('halves a batch that touches too many partitions, which no retry would heal', () => {
    const message = 'Too many partitions for single INSERT block (more than 100)';
    expect(decide(clickHouse(252, message))).toEqual({ action: 'split', code: '252' });
  });
});
