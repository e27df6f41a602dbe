import { describe, expect, it, test } from 'vitest';
import { createLog, redact } from '../../src/ops/log.ts';

describe('redact', () => {
  it.each([
    ['GET /oauth2/token?client_id=abc&client_secret=hush&x=1', 'GET /oauth2/token?client_id=abc&client_secret=***&x=1'],
    ['Authorization: Bearer abcdef', 'Authorization: Bearer ***'],
    ['PASS oauth:abcdef', 'PASS oauth:***'],
    ['ws://host/v1/feed?token=abc', 'ws://host/v1/feed?token=***'],
  ])('%s', (text, redacted) => {
    expect(redact(text)).toBe(redacted);
  });
});

test('errors are logged without the secrets in their words and causes', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const cause = new Error('token?client_secret=hush');
  log.error({ err: new Error('failed: client_secret=hush', { cause }), password: 'hush' }, 'no token');
  expect(lines.join('')).not.toContain('hush');
});
