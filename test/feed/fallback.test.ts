/** The engine is a matter of what loads: the feed must not depend on the native one. */
import { describe, expect, it } from 'vitest';
import { chatMessage } from './support/facts.ts';
import { runFeed } from './support/feed-server.ts';
import { createMemoryLog } from './support/memory-log.ts';

describe.each([
  ['is absent', () => Promise.reject(new Error("Cannot find package 'uWebSockets.js'"))],
  ['is of another kind', () => Promise.resolve({ default: {} })],
])('when the native engine %s', (_title, importModule) => {
  it('carries on with ws and says so in one line', async () => {
    const { lines, log } = createMemoryLog();
    const feed = await runFeed('auto', { server: { importModule }, log });
    expect(feed.server.address().engine).toBe('ws');
    expect(lines).toMatchObject([{ level: 'warn', msg: 'native engine does not load, the feed runs on ws' }]);
    const client = await feed.connect().live();
    feed.hub.publish(chatMessage());
    await client.until(() => client.events.length === 1);
    await feed.stop();
  });

  it('does not start when that engine was asked for by name', async () => {
    await expect(runFeed('uws', { server: { importModule } })).rejects.toThrow('uWebSockets.js');
  });
});

it('has no address before its start and after its stop', async () => {
  const feed = await runFeed('auto');
  expect(feed.server.address().port).toBeGreaterThan(0);
  await Promise.all([feed.stop(), feed.stop()]);
  await feed.stop();
  expect(() => feed.server.address()).toThrow('does not listen');
});
