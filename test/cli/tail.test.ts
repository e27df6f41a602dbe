import { expect, test } from 'vitest';
import type { FeedEvent } from '../../src/cli/feed-reader.ts';
import { describeEvent } from '../../src/cli/tail.ts';

const message: FeedEvent = {
  k: 'ev',
  seq: 2,
  prev: 1,
  type: 'chat.message',
  id: 'a',
  ch: { id: '7', login: 'gaugetown' },
  at: '2026-11-22T00:41:31.123Z',
  rx: 0,
  src: 'irc',
  data: { user: { name: 'Wren' }, text: 'high \u001b[31mwater\u0007\u009b2J 🌊' },
};

test('an event is one line, without what could steer the terminal', () => {
  expect(describeEvent(message, false)).toBe('00:41:31 #gaugetown Wren: high [31mwater2J 🌊');
});

test('colours are ours alone', () => {
  const line = describeEvent(message, true);
  expect(line).toContain('\u001b[36m#gaugetown');
  expect(line).not.toContain('\u001b[31mwater');
});
