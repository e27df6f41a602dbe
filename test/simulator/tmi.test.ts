import tmi from 'tmi.js';
import { expect, test } from 'vitest';
import { closeAfterwards, startSimulator, waitUntil } from './support.ts';

test('a tmi.js client logs in, joins and hears every message', async () => {
  const simulator = await startSimulator({ channels: 3, liveShare: 1 });
  const client = new tmi.Client({
    connection: { server: '127.0.0.1', port: simulator.port, secure: false, reconnect: false },
    options: { joinInterval: 300, skipMembership: true, skipUpdatingEmotesets: true },
    channels: simulator.world.channels.map(({ login }) => login),
  });
  const heard = new Map<string, number>();
  let names = 0;
  client.on('raw_message', (message) => {
    const { command } = message as { command: string };
    heard.set(command, (heard.get(command) ?? 0) + 1);
  });
  client.on('message', (_channel, tags) => {
    if (tags['display-name'] && tags['tmi-sent-ts'] && tags['room-id']) names++;
  });
  await client.connect();
  closeAfterwards(() => client.disconnect());
  await waitUntil(() => simulator.truth().irc.joined === 3);
  simulator.order({ order: 'speak', lines: 2_000 });
  const { byCommand } = simulator.truth().chat;
  await waitUntil(() => heard.get('PRIVMSG') === byCommand.PRIVMSG);
  for (const [command, count] of Object.entries(byCommand))
    expect([command, heard.get(command)]).toEqual([command, count]);
  expect(byCommand.PRIVMSG).toBeGreaterThan(1_800);
  // tmi.js gives cheers a name of their own, so they are not messages to it.
  expect(names).toBeGreaterThan(byCommand.PRIVMSG * 0.95);
});
