import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { createLog, redact } from '../../src/ops/log.ts';

describe('redact', () => {
  it.each([
    ['GET /oauth2/token?client_id=abc&client_secret=hush&x=1', 'GET /oauth2/token?client_id=abc&client_secret=***&x=1'],
    ['Authorization: Bearer abcdef', 'Authorization: Bearer ***'],
    ['PASS oauth:abcdef', 'PASS oauth:***'],
    ['ws://host/v1/feed?token=abc', 'ws://host/v1/feed?token=***'],
    ['{"access_token": "abc","expires_in":1}', '{"access_token": "***","expires_in":1}'],
    ['Code: 60. DB::Exception: no such table', 'Code: 60. DB::Exception: no such table'],
    ['Unexpected token < in JSON', 'Unexpected token < in JSON'],
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

describe('repeats of one warning', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are written ten times a minute, and the rest is told as a number', () => {
    vi.useFakeTimers();
    const lines: { msg: string; heldBack?: number; channel?: number }[] = [];
    const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(JSON.parse(line)) } });
    const chat = log.child({ part: 'chat' });
    for (let channel = 0; channel < 25; channel += 1) chat.warn({ channel }, 'join failed');
    chat.warn('something else');
    log.warn('join failed');
    for (let i = 0; i < 25; i += 1) log.info('not held back');
    expect(lines.filter(({ msg }) => msg === 'join failed').map(({ channel }) => channel)).toEqual([
      ...Array.from({ length: 10 }, (_, i) => i),
      undefined,
    ]);
    expect(lines.filter(({ msg }) => msg === 'not held back')).toHaveLength(25);
    vi.advanceTimersByTime(60_000);
    expect(lines.at(-1)).toMatchObject({ msg: 'join failed (repeated)', heldBack: 15, part: 'chat' });
    chat.warn({ channel: 99 }, 'join failed');
    expect(lines.at(-1)).toMatchObject({ msg: 'join failed', channel: 99 });
  });
});
