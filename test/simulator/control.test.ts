import { expect, test } from 'vitest';
import { call, connectChat, startSimulator, waitUntil } from './support.ts';

test('another process can order and ask', async () => {
  const simulator = await startSimulator({ channels: 4, liveShare: 0 });
  const order = (body: object) => call(simulator, '', '/sim/control', { method: 'POST', body: JSON.stringify(body) });
  const [channel] = simulator.world.channels;
  expect(await order({ order: 'go_live', channelId: channel!.id })).toMatchObject({
    status: 200,
    body: { result: null },
  });
  expect((await order({ order: 'grant', login: 'watcher' })).body.result).toHaveProperty('accessToken');
  expect(await order({ order: 'go_live', channelId: '0' })).toMatchObject({ status: 404 });
  expect((await order({ order: 'go_live' })).body.message).toContain('channelId');
  expect((await order({ order: 'explode' })).status).toBe(400);
  const { body } = await call(simulator, '', '/sim/truth');
  expect(body).toMatchObject({ changes: [{ kind: 'stream_online', channelId: channel!.id }], liveAtStart: [] });
  expect(body.liveNow).toEqual([{ channelId: channel!.id, streamId: channel!.broadcast!.id }]);
});

test('left alone it plays at the asked rate until it is frozen', async () => {
  const options = {
    channels: 4,
    liveShare: 1,
    messagesPerSecond: 2_000,
    changesPerMinute: 1_200,
    minChangeSpacingMs: 0,
  };
  const simulator = await startSimulator(options);
  const client = await connectChat(simulator);
  await client.join(...simulator.world.channels.map(({ login }) => login));
  const begun = performance.now();
  simulator.play();
  const before = simulator.truth().chat.sent;
  await waitUntil(() => simulator.truth().chat.sent - before > 1_000 && simulator.truth().changes.length > 3);
  expect(performance.now() - begun).toBeGreaterThan(300);
  simulator.freeze();
  const { chat, changes } = simulator.truth();
  client.say('PING');
  await waitUntil(() => client.lines.includes('PONG'));
  expect(simulator.truth()).toMatchObject({ chat: { sent: chat.sent }, changes: { length: changes.length } });
});

test('what is unknown is not found, and a port can be taken again after a stop', async () => {
  const first = await startSimulator();
  expect((await call(first, '', '/elsewhere')).status).toBe(404);
  const { port } = first;
  await first.stop(AbortSignal.timeout(1_000));
  await first.stop(AbortSignal.timeout(1_000));
  expect((await startSimulator({ port })).port).toBe(port);
});
