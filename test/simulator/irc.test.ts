import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connectChat, startSimulator, waitUntil } from './support.ts';

const channels = Array.from({ length: 130 }, (_, index) => ({ id: String(1_000 + index), login: `room${index}` }));
const named = (token: string) => ['CAP REQ :twitch.tv/tags twitch.tv/commands', `PASS oauth:${token}`, 'NICK watcher'];

test('a join is answered with its echo, the names and the full room state', async () => {
  const simulator = await startSimulator({ channels });
  const client = await connectChat(simulator);
  await client.join('room3');
  const from = client.lines.findIndex((line) => line.includes(' JOIN '));
  expect(client.lines.slice(from)).toEqual([
    ':justinfan7!justinfan7@justinfan7.tmi.twitch.tv JOIN #room3',
    ':justinfan7.tmi.twitch.tv 353 justinfan7 = #room3 :justinfan7',
    ':justinfan7.tmi.twitch.tv 366 justinfan7 #room3 :End of /NAMES list',
    '@emote-only=0;followers-only=-1;r9k=0;room-id=1003;slow=0;subs-only=0 :tmi.twitch.tv ROOMSTATE #room3',
  ]);
  expect(simulator.truth().chat).toMatchObject({ sent: 1, joinRoomStates: 1, byCommand: { ROOMSTATE: 1 } });
});

test('every joined session gets a line, the truth counts it once, and lines of empty rooms are kept apart', async () => {
  const simulator = await startSimulator({ channels: channels.slice(0, 2), liveShare: 1 });
  const clients = [await connectChat(simulator), await connectChat(simulator)];
  for (const client of clients) await client.join('room0');
  simulator.order({ order: 'speak', lines: 400 });
  const { chat } = simulator.truth();
  expect(chat.unjoined).toBeGreaterThan(50);
  const expected = chat.sent - chat.joinRoomStates;
  expect(chat.deliveries).toBe(expected * 2 + 2);
  const heard = /(PRIVMSG|USERNOTICE|CLEARCHAT|CLEARMSG|NOTICE|ROOMSTATE) #room0/;
  for (const client of clients) {
    await waitUntil(() => client.lines.filter((line) => heard.test(line)).length >= expected + 1);
    expect(client.lines.filter((line) => heard.test(line))).toHaveLength(expected + 1);
    expect(client.lines.some((line) => line.includes('#room1'))).toBe(false);
  }
});

test('joins above twenty in ten seconds vanish silently and are counted', async () => {
  let now = 1_000_000;
  const simulator = await startSimulator({ channels, now: () => now });
  const client = await connectChat(simulator);
  const joins = () => client.lines.filter((line) => line.includes(' JOIN ')).length;
  client.say(
    `JOIN ${channels
      .slice(0, 23)
      .map(({ login }) => `#${login}`)
      .join(',')}`,
  );
  client.say('PING');
  await waitUntil(() => client.lines.includes('PONG'));
  expect(joins()).toBe(20);
  expect(simulator.truth().irc).toMatchObject({ joins: 20, join_violations: 3 });
  now += 10_000;
  await client.join('room20', 'room21', 'room22');
  expect(joins()).toBe(23);
});

test('a named account is refused the room above its cap, an anonymous one is not', async () => {
  const simulator = await startSimulator({ channels, joinLimit: { count: 1_000 } });
  const { accessToken } = simulator.grant('watcher', ['chat:read']);
  const client = await connectChat(simulator, named(accessToken));
  await client.join(...channels.slice(0, 100).map(({ login }) => login));
  client.say('JOIN #room100');
  await waitUntil(() => client.lines.some((line) => line.startsWith('@msg-id=msg_concurrent_channel_limit_reached ')));
  client.say('PART #room0');
  await client.join('room100');
  const anonymous = await connectChat(simulator);
  await anonymous.join(...channels.slice(0, 120).map(({ login }) => login));
});

test.each([
  ['a wrong token', ['PASS oauth:nonsense', 'NICK watcher'], 'Login authentication failed'],
  ['no password', ['NICK watcher'], 'Improperly formatted auth'],
  ['an impossible name', ['NICK !!'], 'Invalid NICK'],
])('a login with %s is refused and the socket closed', async (_what, login, words) => {
  const simulator = await startSimulator();
  const client = await connectChat(simulator, login);
  expect(client.lines).toEqual([`:tmi.twitch.tv NOTICE * :${words}`]);
  if (client.ws.readyState !== WebSocket.CLOSED) await once(client.ws, 'close');
});

test('a token of another user or without a chat scope opens no chat', async () => {
  const simulator = await startSimulator();
  const tokens = [simulator.grant('watcher', ['bits:read']), simulator.grant('other', ['chat:read'])];
  for (const { accessToken } of tokens) {
    const client = await connectChat(simulator, named(accessToken));
    expect(client.lines.at(-1)).toBe(':tmi.twitch.tv NOTICE * :Login authentication failed');
  }
});

test('a session without tags or commands gets bare messages and nothing else', async () => {
  const simulator = await startSimulator({ channels: channels.slice(0, 1), liveShare: 1 });
  const client = await connectChat(simulator, ['NICK justinfan9']);
  client.say('JOIN #room0');
  await waitUntil(() => simulator.truth().irc.joined === 1);
  simulator.order({ order: 'speak', lines: 300 });
  await waitUntil(() => client.lines.filter((line) => line.includes('PRIVMSG')).length > 200);
  expect(client.lines.filter((line) => line.startsWith('@'))).toEqual([]);
  expect(client.lines.filter((line) => /ROOMSTATE|USERNOTICE|CLEARCHAT/.test(line))).toEqual([]);
});

test('pings are answered, unknown rooms are silent, unknown capabilities and commands are refused', async () => {
  const simulator = await startSimulator({ channels: channels.slice(0, 2) });
  simulator.order({ order: 'suspend', channelId: '1001' });
  const client = await connectChat(simulator, ['CAP REQ :twitch.tv/tags example.org/none', 'NICK justinfan1']);
  expect(client.lines[0]).toBe(':tmi.twitch.tv CAP * NAK :twitch.tv/tags example.org/none');
  for (const line of ['JOIN #nobody', 'JOIN #room1', 'DANCE now', 'PING', 'PING :gauge']) client.say(line);
  await waitUntil(() => client.lines.at(-1) === ':tmi.twitch.tv PONG tmi.twitch.tv :gauge');
  expect(client.lines.slice(8)).toEqual([
    ':tmi.twitch.tv NOTICE #room1 :This channel does not exist or has been suspended.',
    ':tmi.twitch.tv 421 justinfan1 DANCE :Unknown command',
    'PONG',
    ':tmi.twitch.tv PONG tmi.twitch.tv :gauge',
  ]);
});

test('the server pings by itself', async () => {
  const simulator = await startSimulator({ secondMs: 0.2 });
  const client = await connectChat(simulator);
  await waitUntil(() => client.lines.includes('PING :tmi.twitch.tv'));
});

test('after a rename the old room is silent and the new one can be joined', async () => {
  const simulator = await startSimulator({ channels: channels.slice(0, 1), liveShare: 1 });
  const client = await connectChat(simulator);
  await client.join('room0');
  simulator.order({ order: 'rename', channelId: '1000', login: 'Fresh_Name' });
  simulator.order({ order: 'speak', lines: 5 });
  expect(simulator.truth().chat).toMatchObject({ sent: 1, unjoined: 5 });
  await client.join('fresh_name');
  expect(client.lines.at(-1)).toContain('room-id=1000');
  expect(simulator.truth().changes).toMatchObject([{ kind: 'channel_renamed', before: 'room0', after: 'fresh_name' }]);
});
