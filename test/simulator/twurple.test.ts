import { ApiClient } from '@twurple/api';
import { AppTokenAuthProvider, RefreshingAuthProvider } from '@twurple/auth';
import { EventSubWsListener } from '@twurple/eventsub-ws';
import { afterEach, expect, test } from 'vitest';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { simulatedApplication } from '../../src/simulator/stage.ts';
import { closeAfterwards, startSimulator, waitUntil } from './support.ts';

const { id: clientId, secret: clientSecret } = simulatedApplication;

afterEach(() => {
  delete process.env.TWURPLE_MOCK_API_PORT;
});

function useMock(simulator: Simulator): void {
  process.env.TWURPLE_MOCK_API_PORT = String(simulator.port);
}

const apiOf = () =>
  new ApiClient({ authProvider: new AppTokenAuthProvider(clientId, clientSecret), logger: { minLevel: 'critical' } });

test('ApiClient walks the pages of the live streams and finds exactly the live world', async () => {
  const simulator = await startSimulator({ channels: 250, liveShare: 0.6 });
  useMock(simulator);
  const streams = await apiOf().streams.getStreamsPaginated().getAll();
  expect(streams.map(({ id }) => id).toSorted()).toEqual(
    simulator.world.live.map(({ broadcast }) => broadcast?.id).toSorted(),
  );
  const viewers = streams.map((stream) => stream.viewers);
  expect(viewers).toEqual(viewers.toSorted((a, b) => b - a));
});

test('ApiClient reads users, games, top games and channels', async () => {
  const simulator = await startSimulator({ channels: 5 });
  useMock(simulator);
  const api = apiOf();
  const [channel] = simulator.world.channels;
  const user = await api.users.getUserByName(channel!.login);
  expect(user).toMatchObject({ id: channel!.id, displayName: channel!.displayName });
  expect((await api.channels.getChannelInfoById(channel!.id))?.title).toBe(channel!.title);
  expect((await api.games.getGameById(channel!.category.id))?.name).toBe(channel!.category.name);
  expect((await api.games.getTopGames({ limit: 3 })).data).toHaveLength(3);
});

test('ApiClient gets a new application token when the old one ends', async () => {
  const simulator = await startSimulator({ channels: 2 });
  useMock(simulator);
  const api = apiOf();
  await api.users.getUserById('1');
  simulator.order({ order: 'expire_tokens' });
  await api.users.getUserById('1');
  expect(simulator.truth().helix.requests).toMatchObject({
    'GET /users 200': 2,
    'GET /users 401': 1,
    'POST /auth/token 200': 2,
  });
});

test('EventSubWsListener hears stream.online, also after it was sent to another connection', async () => {
  const simulator = await startSimulator({ channels: 3, liveShare: 0 });
  useMock(simulator);
  const [channel] = simulator.world.channels;
  const { accessToken, refreshToken, expiresInSeconds, scopes } = simulator.grant(channel!.login, ['user:read:chat']);
  const authProvider = new RefreshingAuthProvider({ clientId, clientSecret });
  const token = {
    accessToken,
    refreshToken,
    expiresIn: expiresInSeconds,
    scope: [...scopes],
    obtainmentTimestamp: Date.now(),
  };
  authProvider.addUser(channel!.id, token);
  const listener = new EventSubWsListener({
    apiClient: new ApiClient({ authProvider }),
    logger: { minLevel: 'critical' },
  });
  closeAfterwards(() => listener.stop());

  const online: string[] = [];
  const titles: string[] = [];
  let created = 0;
  listener.onSubscriptionCreateSuccess(() => created++);
  listener.onStreamOnline(channel!.id, (event) => online.push(event.id));
  listener.onChannelUpdate(channel!.id, (event) => titles.push(event.streamTitle));
  listener.start();
  await waitUntil(() => created === 2);
  simulator.order({ order: 'go_live', channelId: channel!.id });
  await waitUntil(() => online.length === 1);
  expect(online).toEqual([channel!.broadcast?.id]);

  simulator.order({ order: 'reconnect_eventsub' });
  await waitUntil(() => simulator.truth().eventsub.moved === 1);
  simulator.order({ order: 'describe', channelId: channel!.id, title: 'moved house' });
  await waitUntil(() => titles.length === 1);
  expect(titles).toEqual(['moved house']);
  expect(created).toBe(2);
});
