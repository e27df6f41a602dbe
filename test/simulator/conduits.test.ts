/** An application's subscriptions on a conduit: seats for its sessions, and which of them hears what. */
import { expect, test } from 'vitest';
import { shardOf } from '../../src/simulator/conduits.ts';
import type { Simulator, SimulatorOptions } from '../../src/simulator/simulator.ts';
import { simulatedApplication } from '../../src/simulator/stage.ts';
import { appToken, call, connectEventSub, startSimulator, waitUntil } from './support.ts';

const channels = Array.from({ length: 12 }, (_, index) => ({ id: String(index + 1), login: `room${index + 1}` }));

async function open(shardCount = 2, options: SimulatorOptions = {}) {
  const simulator = await startSimulator({ channels, liveShare: 0, ...options });
  const token = await appToken(simulator);
  const ask = (method: string, path: string, body?: object) =>
    call(simulator, token, `/eventsub/${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
  const made = await ask('POST', 'conduits', { shard_count: shardCount });
  const conduitId: string = made.body.data[0].id;
  const seat = (shards: Readonly<Record<string, string>>) =>
    ask('PATCH', 'conduits/shards', {
      conduit_id: conduitId,
      shards: Object.entries(shards).map(([id, session_id]) => ({
        id,
        transport: { method: 'websocket', session_id },
      })),
    });
  const subscribe = (type: string, condition: object, version = '1') =>
    ask('POST', 'subscriptions', { type, version, condition, transport: { method: 'conduit', conduit_id: conduitId } });
  const watch = (...ids: string[]) =>
    Promise.all(ids.map((id) => subscribe('stream.online', { broadcaster_user_id: id })));
  const shards = async () => (await ask('GET', `conduits/shards?conduit_id=${conduitId}`)).body.data;
  return { simulator, token, ask, conduitId, seat, subscribe, watch, shards };
}

const heard = ({ ofType }: Awaited<ReturnType<typeof connectEventSub>>): string[] =>
  ofType('notification').map(({ payload }) => payload.event.broadcaster_user_id);

const goLive = (simulator: Simulator, ids: readonly string[]) => {
  for (const channelId of ids) simulator.order({ order: 'go_live', channelId });
};

test('conduits are made, listed, resized and deleted with their subscriptions', async () => {
  const { ask, conduitId, watch } = await open(3);
  await watch('1');
  expect((await ask('GET', 'conduits')).body).toEqual({ data: [{ id: conduitId, shard_count: 3 }] });
  const resized = await ask('PATCH', 'conduits', { id: conduitId, shard_count: 1 });
  expect(resized.body.data).toEqual([{ id: conduitId, shard_count: 1 }]);
  for (let n = 2; n <= 5; n++) expect((await ask('POST', 'conduits', { shard_count: 1 })).status).toBe(200);
  expect((await ask('POST', 'conduits', { shard_count: 1 })).status).toBe(429);
  expect((await ask('POST', 'conduits', { shard_count: 0 })).status).toBe(400);
  expect((await ask('PATCH', 'conduits', { id: 'none', shard_count: 1 })).status).toBe(404);
  expect((await ask('DELETE', `conduits?id=${conduitId}`)).status).toBe(204);
  expect((await ask('DELETE', `conduits?id=${conduitId}`)).status).toBe(404);
  expect((await ask('GET', 'subscriptions')).body).toMatchObject({ total: 0, total_cost: 0, max_total_cost: 10_000 });
});

test('conduits are for applications, and websocket transports are not', async () => {
  const { simulator, token, conduitId } = await open();
  const { accessToken } = simulator.grant('watcher', []);
  expect((await call(simulator, accessToken, '/eventsub/conduits')).status).toBe(401);
  const wish = { type: 'stream.online', version: '1', condition: { broadcaster_user_id: '1' } };
  const post = (as: string, transport: object) =>
    call(simulator, as, '/eventsub/subscriptions', { method: 'POST', body: JSON.stringify({ ...wish, transport }) });
  expect((await post(accessToken, { method: 'conduit', conduit_id: conduitId })).status).toBe(400);
  expect((await post(token, { method: 'conduit', conduit_id: 'none' })).status).toBe(400);
  expect((await post(token, { method: 'conduit', conduit_id: conduitId })).status).toBe(202);
  expect((await post(token, { method: 'conduit', conduit_id: conduitId })).status).toBe(409);
});

test('seating answers 202 and tells which shards failed', async () => {
  const { simulator, seat, shards } = await open(2);
  const { session } = await connectEventSub(simulator);
  const { status, body } = await seat({ '0': session.id, '1': 'nobody', '2': session.id });
  expect(status).toBe(202);
  expect(body.data).toMatchObject([{ id: '0', status: 'enabled', transport: { session_id: session.id } }]);
  expect(body.errors).toMatchObject([
    { id: '1', code: 'invalid_parameter' },
    { id: '2', message: "The shard id is outside the conduit's range" },
  ]);
  expect(await shards()).toEqual(body.data);
});

test('a stranger costs 1, who consented costs nothing, and types that need consent are refused without it', async () => {
  const { simulator, watch, subscribe } = await open();
  await watch('1', '2');
  simulator.grant('room3', ['bits:read']);
  const [free] = await watch('3');
  expect(free?.body).toMatchObject({ total: 3, total_cost: 2, data: [{ status: 'enabled', cost: 0 }] });
  expect((await subscribe('channel.cheer', { broadcaster_user_id: '3' })).status).toBe(202);
  expect((await subscribe('channel.cheer', { broadcaster_user_id: '4' })).status).toBe(403);
  const chat = { broadcaster_user_id: '4', user_id: '5' };
  simulator.grant('room5', ['user:read:chat', 'user:bot']);
  expect((await subscribe('channel.chat.message', chat)).status).toBe(403);
  simulator.grant('room4', ['channel:bot']);
  expect((await subscribe('channel.chat.message', chat)).status).toBe(202);
});

test('an application has a budget of its own, and it ends', async () => {
  const { watch, ask } = await open(1, { eventSubLimits: { maxAppCost: 11 } });
  for (let id = 1; id <= 11; id++) expect((await watch(String(id)))[0]?.status).toBe(202);
  expect((await watch('12'))[0]).toMatchObject({
    status: 429,
    body: { message: 'subscription total cost limit exceeded' },
  });
  const { body } = await ask('GET', 'subscriptions');
  expect(body).toMatchObject({ total: 11, total_cost: 11, max_total_cost: 11 });
  expect((await ask('DELETE', `subscriptions?id=${body.data[0].id}`)).status).toBe(204);
  expect((await watch('12'))[0]?.status).toBe(202);
});

test('each channel is heard on the shard of its hash, and on one other while that has no session', async () => {
  const { simulator, seat, watch, shards } = await open(3);
  const sessions = await Promise.all([0, 1, 2].map(() => connectEventSub(simulator)));
  await seat(Object.fromEntries(sessions.map(({ session }, id) => [String(id), session.id])));
  const ids = channels.map(({ id }) => id);
  await watch(...ids);
  const homeOf = (shard: number) => ids.filter((id) => shardOf(id, 3) === shard);
  goLive(simulator, ids.slice(0, 6));
  await waitUntil(() => sessions.flatMap(heard).length === 6);
  for (const [shard, client] of sessions.entries()) {
    expect(heard(client)).toEqual(homeOf(shard).filter((id) => Number(id) <= 6));
  }
  sessions[0]?.ws.terminate();
  sessions[1]?.ws.terminate();
  await waitUntil(async () => (await shards())[1].status === 'websocket_disconnected');
  await waitUntil(async () => (await shards())[0].status === 'websocket_disconnected');
  for (const client of sessions) client.messages.length = 0;
  goLive(simulator, ids.slice(6));
  const rest = ids.slice(6).filter((id) => shardOf(id, 3) !== 0);
  await waitUntil(() => heard(sessions[2]!).length === rest.length);
  expect(heard(sessions[2]!)).toEqual(rest);
  expect(simulator.truth().eventsub.lost).toEqual({ 'stream.online': 6 - rest.length });
});

test('the end of a shard is told on another one', async () => {
  const { simulator, seat, subscribe, conduitId } = await open(2);
  const [one, two] = await Promise.all([connectEventSub(simulator), connectEventSub(simulator)]);
  await seat({ '0': one.session.id, '1': two.session.id });
  const answer = await subscribe('conduit.shard.disabled', { client_id: simulatedApplication.id });
  expect(answer.body.data[0]).toMatchObject({ cost: 0, transport: { method: 'conduit', conduit_id: conduitId } });
  expect((await subscribe('conduit.shard.disabled', { client_id: 'another' })).status).toBe(403);
  one.ws.send('inbound traffic');
  await waitUntil(() => two.ofType('notification').length === 1);
  expect(two.ofType('notification')[0].payload.event).toMatchObject({
    conduit_id: conduitId,
    shard_id: '0',
    status: 'websocket_received_inbound_traffic',
    transport: { method: 'websocket', session_id: one.session.id, disconnected_at: expect.any(String) },
  });
});

test('a session that is not seated within ten seconds of its welcome is closed with 4003, a seated one stays', async () => {
  const { simulator, seat, shards } = await open(1, { secondMs: 60 });
  const [seated, idle] = await Promise.all([connectEventSub(simulator), connectEventSub(simulator)]);
  await seat({ '0': seated.session.id });
  expect(await idle.closed).toBe(4003);
  expect((await seat({ '0': idle.session.id })).body.errors).toHaveLength(1);
  await waitUntil(() => seated.ofType('session_keepalive').length > 1);
  expect((await shards())[0].status).toBe('enabled');
});

test('a shard moves to another socket without being seated again', async () => {
  const { simulator, seat, watch, shards } = await open(1);
  const first = await connectEventSub(simulator);
  await seat({ '0': first.session.id });
  await watch('1');
  simulator.order({ order: 'reconnect_eventsub' });
  await waitUntil(() => first.ofType('session_reconnect').length === 1);
  const second = await connectEventSub(simulator, first.ofType('session_reconnect')[0].payload.session.reconnect_url);
  first.ws.close();
  await first.closed;
  goLive(simulator, ['1']);
  await waitUntil(() => heard(second).length === 1);
  expect(await shards()).toMatchObject([{ status: 'enabled', transport: { session_id: first.session.id } }]);
});
