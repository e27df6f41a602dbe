import { once } from 'node:events';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { appToken, call, closeAfterwards, connectEventSub, startSimulator, waitUntil } from './support.ts';

const subscribe = (simulator: Simulator, token: string, sessionId: string, wish: object = {}) =>
  call(simulator, token, '/eventsub/subscriptions', {
    method: 'POST',
    body: JSON.stringify({
      type: 'stream.online',
      version: '1',
      condition: { broadcaster_user_id: '1' },
      transport: { method: 'websocket', session_id: sessionId },
      ...wish,
    }),
  });

const channels = Array.from({ length: 12 }, (_, index) => ({ id: String(index + 1), login: `room${index + 1}` }));
/** A second of Twitch's in tests that wait for it, but must subscribe within ten. */
const scaledMs = 60;
const start = (secondMs = 1_000) => startSimulator({ channels, liveShare: 0, secondMs });
const moderated = (type: string, version: string) => ({
  type,
  version,
  condition: { broadcaster_user_id: '1', moderator_user_id: '2' },
});
const on = (id: string, type = 'stream.online') => ({ type, condition: { broadcaster_user_id: id } });

test('a session welcomes, keeps alive, and is closed with 4003 when nothing is subscribed', async () => {
  const simulator = await start(20);
  const { session, closed, ofType } = await connectEventSub(simulator);
  expect(session).toMatchObject({ status: 'connected', keepalive_timeout_seconds: 10, reconnect_url: null });
  expect(await closed).toBe(4003);
  expect(ofType('session_keepalive')).toHaveLength(1);
});

test.each([
  ['3', 10],
  ['60', 60],
  ['9999', 600],
  ['x', 10],
])('keepalive_timeout_seconds=%s becomes %i', async (asked, given) => {
  const simulator = await start();
  const { session } = await connectEventSub(
    simulator,
    `ws://127.0.0.1:${simulator.port}/ws?keepalive_timeout_seconds=${asked}`,
  );
  expect(session.keepalive_timeout_seconds).toBe(given);
});

test('a subscribed session hears of its channel only, and stays alive', async () => {
  const simulator = await start(scaledMs);
  const { accessToken } = simulator.grant('watcher', []);
  const { ws, session, ofType } = await connectEventSub(simulator);
  expect((await subscribe(simulator, accessToken, session.id)).status).toBe(202);
  simulator.order({ order: 'go_live', channelId: '2' });
  simulator.order({ order: 'go_live', channelId: '1' });
  await waitUntil(() => ofType('notification').length === 1);
  const [{ metadata, payload }] = ofType('notification');
  expect(metadata).toMatchObject({ subscription_type: 'stream.online', subscription_version: '1' });
  expect(payload.event).toMatchObject({ broadcaster_user_id: '1', broadcaster_user_login: 'room1', type: 'live' });
  expect(payload.subscription.transport).toEqual({ method: 'websocket', session_id: session.id });
  await waitUntil(() => ofType('session_keepalive').length > 1);
  expect(ws.readyState).toBe(WebSocket.OPEN);
});

test('all four kinds of a stranger’s event are told, tags alone are not', async () => {
  const simulator = await start();
  const { accessToken } = simulator.grant('watcher', []);
  const { session, ofType } = await connectEventSub(simulator);
  for (const wish of [
    on('1'),
    on('1', 'stream.offline'),
    { ...on('1', 'channel.update'), version: '2' },
    { type: 'channel.raid', condition: { to_broadcaster_user_id: '2' } },
  ]) {
    expect((await subscribe(simulator, accessToken, session.id, wish)).status).toBe(202);
  }
  simulator.order({ order: 'go_live', channelId: '1' });
  simulator.order({ order: 'describe', channelId: '1', tags: ['Alone'] });
  simulator.order({ order: 'describe', channelId: '1', title: 'Both', categoryId: '910008' });
  simulator.order({ order: 'raid', fromId: '1', toId: '2' });
  await waitUntil(() => ofType('notification').length === 4);
  expect(ofType('notification').map(({ payload }) => payload.subscription.type)).toEqual([
    'stream.online',
    'channel.update',
    'channel.raid',
    'stream.offline',
  ]);
  expect(ofType('notification')[1].payload.event).toMatchObject({ title: 'Both', category_name: 'Mossball' });
  expect(simulator.truth().changes.map(({ kind }) => kind)).toEqual([
    'stream_online',
    'tags_changed',
    'title_changed',
    'category_changed',
    'stream_offline',
  ]);
});

test('subscribing is refused as Twitch refuses it', async () => {
  const simulator = await start();
  const { accessToken } = simulator.grant('watcher', []);
  const { session } = await connectEventSub(simulator);
  const refused = async (token: string, wish: object) => {
    const { status, body } = await subscribe(simulator, token, session.id, wish);
    return [status, body.message];
  };
  const app = await appToken(simulator);
  expect(await refused(app, {})).toEqual([400, 'invalid transport and auth combination']);
  expect(await refused(accessToken, { version: '9' })).toEqual([400, 'invalid subscription type and version']);
  expect(await refused(accessToken, { condition: {} })).toEqual([400, 'missing or invalid condition']);
  expect(await refused(accessToken, { transport: { method: 'pigeon' } })).toEqual([
    400,
    'The value specified in the method field is not valid.',
  ]);
  expect(await refused(accessToken, { ...on('1', 'channel.follow'), version: '2' })).toEqual([
    400,
    'missing or invalid condition',
  ]);
  expect(await refused(accessToken, moderated('channel.follow', '2'))).toEqual([
    403,
    'subscription missing proper authorization',
  ]);
  expect(await refused('rubbish', {})).toEqual([401, 'Invalid OAuth token']);
  expect((await subscribe(simulator, accessToken, 'gone')).body.message).toContain('session does not exist');
});

test('ten strangers fit the budget, the eleventh does not; friends cost nothing', async () => {
  const simulator = await start();
  const { accessToken } = simulator.grant('watcher', []);
  simulator.grant('room12', []);
  const { session } = await connectEventSub(simulator);
  for (let id = 1; id <= 10; id++) {
    const { status, body } = await subscribe(simulator, accessToken, session.id, on(String(id)));
    expect([status, body.total_cost, body.max_total_cost]).toEqual([202, id, 10]);
  }
  expect((await subscribe(simulator, accessToken, session.id, on('11'))).status).toBe(429);
  expect((await subscribe(simulator, accessToken, session.id, on('12'))).body.data[0].cost).toBe(0);
  const listed = await call(simulator, accessToken, '/eventsub/subscriptions');
  expect(listed.body).toMatchObject({ total: 11, total_cost: 10 });
  const id = listed.body.data[0].id;
  expect((await call(simulator, accessToken, `/eventsub/subscriptions?id=${id}`, { method: 'DELETE' })).status).toBe(
    204,
  );
  expect((await call(simulator, accessToken, `/eventsub/subscriptions?id=${id}`, { method: 'DELETE' })).status).toBe(
    404,
  );
  expect((await subscribe(simulator, accessToken, session.id, on('11'))).status).toBe(202);
});

test('the same wish conflicts on its session, and a fourth session of one user is too many', async () => {
  const simulator = await start();
  const { accessToken } = simulator.grant('watcher', []);
  for (let count = 0; count < 3; count++) {
    const { session } = await connectEventSub(simulator);
    expect((await subscribe(simulator, accessToken, session.id)).status).toBe(202);
    expect((await subscribe(simulator, accessToken, session.id)).status).toBe(409);
  }
  const { session } = await connectEventSub(simulator);
  expect((await subscribe(simulator, accessToken, session.id)).body.status).toBe(429);
  const other = await subscribe(simulator, accessToken, session.id, on('2'));
  expect(other.body.message).toBe('number of websocket transports limit exceeded');
});

test('a client that sends anything is closed with 4001', async () => {
  const simulator = await start();
  const { ws, closed } = await connectEventSub(simulator);
  ws.send('hello');
  expect(await closed).toBe(4001);
});

test.each([4000, 4002, 4005, 4006, 4007])('sessions are closed with %i on order', async (code) => {
  const simulator = await start();
  const { closed } = await connectEventSub(simulator);
  simulator.order({ order: 'close_eventsub', code });
  expect(await closed).toBe(code);
});

test('after a move the new socket hears, the old one is closed with 4004 when it stays', async () => {
  const simulator = await start(scaledMs);
  const { accessToken } = simulator.grant('watcher', []);
  const old = await connectEventSub(simulator);
  await subscribe(simulator, accessToken, old.session.id);
  simulator.order({ order: 'reconnect_eventsub' });
  await waitUntil(() => old.ofType('session_reconnect').length === 1);
  const address = old.ofType('session_reconnect')[0].payload.session.reconnect_url;
  const fresh = await connectEventSub(simulator, address);
  expect(fresh.session.id).toBe(old.session.id);
  simulator.order({ order: 'go_live', channelId: '1' });
  await waitUntil(() => fresh.ofType('notification').length === 1);
  expect(old.ofType('notification')).toEqual([]);
  expect(await old.closed).toBe(4004);
  expect(fresh.ws.readyState).toBe(WebSocket.OPEN);
  const again = new WebSocket(address);
  expect((await once(again, 'close'))[0]).toBe(4007);
});

test('a session that does not move is closed with 4004 and its subscriptions end', async () => {
  const simulator = await start(scaledMs);
  const { accessToken } = simulator.grant('watcher', []);
  const { session, closed } = await connectEventSub(simulator);
  await subscribe(simulator, accessToken, session.id);
  simulator.order({ order: 'reconnect_eventsub' });
  expect(await closed).toBe(4004);
  const { body } = await call(simulator, accessToken, '/eventsub/subscriptions');
  expect(body).toMatchObject({ total_cost: 0, data: [{ status: 'websocket_disconnected' }] });
});

test('notifications are repeated, lost and subscriptions revoked on order', async () => {
  const simulator = await start();
  const { accessToken } = simulator.grant('watcher', []);
  const { session, ofType } = await connectEventSub(simulator);
  await subscribe(simulator, accessToken, session.id);
  simulator.order({ order: 'lay_fault', fault: 'eventsub.repeat_notification' });
  simulator.order({ order: 'go_live', channelId: '1' });
  await waitUntil(() => ofType('notification').length === 2);
  const [first, second] = ofType('notification');
  expect(second).toEqual(first);
  simulator.order({ order: 'go_offline', channelId: '1' });
  simulator.order({ order: 'lay_fault', fault: 'eventsub.lose_notification' });
  simulator.order({ order: 'go_live', channelId: '1' });
  simulator.order({ order: 'revoke_eventsub' });
  await waitUntil(() => ofType('revocation').length === 1);
  expect(ofType('revocation')[0].payload.subscription.status).toBe('authorization_revoked');
  expect(ofType('notification')).toHaveLength(2);
  expect(simulator.truth().eventsub).toMatchObject({
    sent: { 'stream.online': 1 },
    duplicated: { 'stream.online': 1 },
    lost: { 'stream.online': 1 },
  });
});

test('a session without welcome and a silent one can be ordered', async () => {
  const simulator = await start(scaledMs);
  simulator.order({ order: 'lay_fault', fault: 'eventsub.no_welcome' });
  const mute = new WebSocket(`ws://127.0.0.1:${simulator.port}/ws`);
  closeAfterwards(() => mute.terminate());
  let heard = 0;
  mute.on('message', () => heard++);
  await once(mute, 'open');
  const { accessToken } = simulator.grant('watcher', []);
  const { session, messages } = await connectEventSub(simulator);
  await subscribe(simulator, accessToken, session.id);
  simulator.order({ order: 'disturb_eventsub', how: 'half_open' });
  const before = messages.length;
  // As long as another session takes to be kept alive.
  const witness = await connectEventSub(simulator);
  await subscribe(simulator, accessToken, witness.session.id);
  await waitUntil(() => witness.ofType('session_keepalive').length > 0);
  expect([messages.length, heard]).toEqual([before, 0]);
});

test('an event of any type is sent on order to those who asked for it', async () => {
  const simulator = await start();
  const { accessToken } = simulator.grant('watcher', ['moderator:read:followers', 'channel:moderate']);
  const { session, ofType } = await connectEventSub(simulator);
  for (const wish of [moderated('channel.follow', '2'), on('1', 'channel.ban'), on('2', 'channel.ban')]) {
    expect((await subscribe(simulator, accessToken, session.id, wish)).status).toBe(202);
  }
  const emit = (type: string, id: string) =>
    simulator.order({ order: 'emit_eventsub', type, condition: { broadcaster_user_id: id }, event: { about: id } });
  expect([emit('channel.follow', '1'), emit('channel.ban', '2'), emit('channel.ban', '3')]).toEqual([1, 1, 0]);
  await waitUntil(() => ofType('notification').length === 2);
  expect(ofType('notification').map(({ payload }) => [payload.subscription.type, payload.event])).toEqual([
    ['channel.follow', { about: '1' }],
    ['channel.ban', { about: '2' }],
  ]);
  expect(() => emit('channel.unheard_of', '1')).toThrow('no subscription type');
});

test('a type is known in all its versions, and its condition must be whole', async () => {
  const simulator = await start();
  const { accessToken } = simulator.grant('watcher', ['moderator:read:banned_users', 'user:read:chat']);
  const { session } = await connectEventSub(simulator);
  const outcome = async (wish: object) => (await subscribe(simulator, accessToken, session.id, wish)).status;
  const raid = (condition: object) => ({ type: 'channel.raid', condition });
  const [from, to] = [{ from_broadcaster_user_id: '1' }, { to_broadcaster_user_id: '2' }];
  const elsewhere = { condition: { broadcaster_user_id: '3', moderator_user_id: '2' } };
  expect(await outcome(moderated('channel.moderate', '1'))).toBe(202);
  expect(await outcome({ ...moderated('channel.moderate', '2'), ...elsewhere })).toBe(202);
  expect(await outcome(moderated('channel.moderate', '3'))).toBe(400);
  expect(await outcome(on('1', 'channel.chat.message'))).toBe(400);
  const heard = { broadcaster_user_id: '1', user_id: '2' };
  expect(await outcome({ type: 'channel.chat.message', condition: heard })).toBe(202);
  expect(await outcome({ type: 'user.update', condition: { user_id: '2' } })).toBe(202);
  expect(await outcome(raid({ ...from, ...to }))).toBe(400);
  expect(await outcome(raid(from))).toBe(202);
});
