import { once } from 'node:events';
import { expect, test } from 'vitest';
import { connectChat, startSimulator, waitUntil } from './support.ts';

const channels = [
  { id: '1', login: 'one' },
  { id: '2', login: 'two' },
];
const start = () => startSimulator({ channels, liveShare: 1 });
const messages = (lines: readonly string[]) => lines.filter((line) => line.includes(' PRIVMSG ')).length;

test('a lost join is not answered, the next one is', async () => {
  const simulator = await start();
  const client = await connectChat(simulator);
  simulator.order({ order: 'lay_fault', fault: 'irc.lose_join' });
  client.say('JOIN #one');
  await client.join('two');
  expect(client.lines.some((line) => line.includes('#one'))).toBe(false);
  await client.join('one');
  expect(simulator.truth().irc).toMatchObject({ joins: 2, joins_lost: 1 });
});

test('a ghost join looks like a join but the room stays silent until it is parted and joined again', async () => {
  const simulator = await start();
  simulator.order({ order: 'lay_fault', fault: 'irc.ghost_join' });
  const client = await connectChat(simulator);
  await client.join('one');
  simulator.order({ order: 'speak', lines: 50 });
  expect(simulator.truth().chat).toMatchObject({ sent: 1, unjoined: 50 });
  client.say('PART #one');
  client.lines.length = 0;
  await client.join('one');
  simulator.order({ order: 'speak', lines: 50 });
  await waitUntil(() => messages(client.lines) > 0);
});

test('a dropped socket has delivered every line that the truth counts', async () => {
  const simulator = await start();
  const client = await connectChat(simulator);
  await client.join('one', 'two');
  simulator.order({ order: 'speak', lines: 3_000 });
  simulator.order({ order: 'disturb_irc', how: 'drop' });
  const [code] = await once(client.ws, 'close');
  expect(code).toBe(1006);
  expect(messages(client.lines)).toBe(simulator.truth().chat.byCommand.PRIVMSG);
});

test('a half-open session stays open, hears nothing, and counts for nothing', async () => {
  const simulator = await start();
  const client = await connectChat(simulator);
  await client.join('one', 'two');
  expect(simulator.order({ order: 'disturb_irc', how: 'half_open' })).toBe(1);
  const before = simulator.truth().chat.sent;
  simulator.order({ order: 'speak', lines: 20 });
  client.say('PING');
  const witness = await connectChat(simulator);
  await witness.join('one');
  expect(simulator.truth().chat.sent).toBe(before + 1);
  expect(client.ws.readyState).toBe(client.ws.OPEN);
  expect(client.lines).not.toContain('PONG');
});

test('RECONNECT comes first, the close after it', async () => {
  const simulator = await start();
  const client = await connectChat(simulator);
  simulator.order({ order: 'disturb_irc', how: 'reconnect', closeAfterMs: 30 });
  await once(client.ws, 'close');
  expect(client.lines.at(-1)).toBe(':tmi.twitch.tv RECONNECT');
});

test('capabilities and logins can be refused on order', async () => {
  const simulator = await start();
  simulator.order({ order: 'lay_fault', fault: 'irc.refuse_capabilities' });
  const client = await connectChat(simulator);
  expect(client.lines[0]).toBe(':tmi.twitch.tv CAP * NAK :twitch.tv/tags twitch.tv/commands');
  simulator.order({ order: 'lay_fault', fault: 'irc.refuse_login' });
  const refused = await connectChat(simulator);
  expect(refused.lines.at(-1)).toBe(':tmi.twitch.tv NOTICE * :Login authentication failed');
});

test('several lines come in one frame, and one line in two', async () => {
  const simulator = await start();
  simulator.order({ order: 'lines_per_frame', lines: 4 });
  const client = await connectChat(simulator);
  await client.join('one', 'two');
  client.frames.length = 0;
  simulator.order({ order: 'speak', lines: 40 });
  await waitUntil(() => client.frames.some((frame) => frame.split('\r\n').length === 5));
  simulator.order({ order: 'lay_fault', fault: 'irc.split_line' });
  client.frames.length = 0;
  simulator.order({ order: 'speak', lines: 4 });
  await waitUntil(() => client.frames.length >= 2);
  expect(client.frames[0]?.endsWith('\r\n')).toBe(false);
  expect(`${client.frames[0]}${client.frames[1]}`).toMatch(/^@.*\r\n$/s);
});

test('who does not answer a PING is closed, who does stays', async () => {
  const simulator = await startSimulator({ channels, secondMs: 2 });
  const silent = await connectChat(simulator);
  const answering = await connectChat(simulator);
  answering.ws.on('message', (data) => {
    if (String(data).startsWith('PING')) answering.say('PONG :tmi.twitch.tv');
  });
  const [code] = await once(silent.ws, 'close');
  expect([code, silent.lines.at(-1)]).toEqual([1000, 'PING :tmi.twitch.tv']);
  await waitUntil(() => Number(simulator.truth().irc.pongs) >= 2);
  expect(answering.ws.readyState).toBe(answering.ws.OPEN);
  expect(simulator.truth().irc).toMatchObject({ pongs_missed: 1, sessions: 1 });
});
