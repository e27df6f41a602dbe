import { expect, test } from 'vitest';
import { appToken, call, startSimulator, waitUntil } from './support.ts';

test('a hundred ids need first=100: twenty rows are the default', async () => {
  const simulator = await startSimulator({ channels: 100, liveShare: 1 });
  const token = await appToken(simulator);
  const ids = simulator.world.channels.map(({ id }) => `user_id=${id}`).join('&');
  expect((await call(simulator, token, `/mock/streams?${ids}`)).body.data).toHaveLength(20);
  const whole = await call(simulator, token, `/mock/streams?${ids}&first=100`);
  expect(whole.body.data).toHaveLength(100);
  expect(whole.body.pagination).toEqual({});
  expect(simulator.truth().helix).toMatchObject({ streamAnswers: 2, streamRows: 120 });
});

test.each([
  '/mock/streams?first=101',
  '/mock/streams?first=x',
  '/mock/streams?after=rubbish',
  `/mock/streams?${Array.from({ length: 101 }, (_, id) => `user_id=${id}`).join('&')}`,
  `/mock/users?${Array.from({ length: 101 }, (_, id) => `id=${id}`).join('&')}`,
  '/mock/users',
  '/mock/games',
  '/mock/channels',
])('%.40s is a bad request', async (path) => {
  const simulator = await startSimulator();
  const { status, body, headers } = await call(simulator, await appToken(simulator), path);
  expect(status).toBe(400);
  expect(body).toMatchObject({ error: 'Bad Request', status: 400, message: expect.any(String) });
  expect(headers.get('ratelimit-remaining')).toBe('799');
});

test('pages lead forth and back', async () => {
  const simulator = await startSimulator({ channels: 30, liveShare: 1 });
  const token = await appToken(simulator);
  const one = await call(simulator, token, '/mock/streams?first=10');
  const two = await call(simulator, token, `/mock/streams?first=10&after=${one.body.pagination.cursor}`);
  const three = await call(simulator, token, `/mock/streams?first=10&after=${two.body.pagination.cursor}`);
  expect(three.body.pagination).toEqual({});
  const ids = [one, two, three].flatMap(({ body }) => body.data.map(({ id }: { id: string }) => id));
  expect(new Set(ids).size).toBe(30);
  const back = await call(simulator, token, `/mock/streams?first=10&before=${two.body.pagination.cursor}`);
  expect(back.body.data).toEqual(one.body.data);
});

test('a last page that is full leads nowhere, and on order to an empty page', async () => {
  const simulator = await startSimulator({ channels: 20, liveShare: 1 });
  const token = await appToken(simulator);
  const page = async (query: string) => (await call(simulator, token, `/mock/streams?first=10${query}`)).body;
  const { cursor } = (await page('')).pagination;
  expect((await page(`&after=${cursor}`)).pagination).toEqual({});
  simulator.order({ order: 'lay_fault', fault: 'helix.cursor_on_last_page' });
  expect((await page('')).pagination).toEqual({ cursor });
  const last = await page(`&after=${cursor}`);
  expect(last.data).toHaveLength(10);
  expect(await page(`&after=${last.pagination.cursor}`)).toEqual({ data: [], pagination: {} });
  expect((await page(`&after=${cursor}`)).pagination).toEqual({});
});

test('streams are filtered by category and language', async () => {
  const simulator = await startSimulator({ channels: 60, liveShare: 1 });
  const token = await appToken(simulator);
  const [{ category, language }] = simulator.world.channels as [(typeof simulator.world.channels)[number]];
  const { body } = await call(simulator, token, `/mock/streams?first=100&game_id=${category.id}&language=${language}`);
  const expected = simulator.world.channels.filter(
    (one) => one.category.id === category.id && one.language === language,
  );
  expect(body.data).toHaveLength(expected.length);
});

test('the bucket empties, answers 429 with the time of its refill, and refills steadily', async () => {
  let now = 1_700_000_000_000;
  const simulator = await startSimulator({ now: () => now, helixPointsPerMinute: 60 });
  const token = await appToken(simulator);
  const ask = () => call(simulator, token, '/mock/games/top');
  for (let left = 59; left >= 0; left--) expect((await ask()).headers.get('ratelimit-remaining')).toBe(String(left));
  const refused = await ask();
  expect(refused.status).toBe(429);
  expect(refused.body).toEqual({ error: 'Too Many Requests', status: 429, message: 'Too Many Requests' });
  expect(refused.headers.get('ratelimit-reset')).toBe(String(1_700_000_060));
  now += 5_000;
  expect((await ask()).headers.get('ratelimit-remaining')).toBe('4');
});

test('a user has a bucket of their own', async () => {
  const simulator = await startSimulator();
  const token = await appToken(simulator);
  await call(simulator, token, '/mock/games/top');
  const { accessToken } = simulator.grant('somebody', []);
  expect((await call(simulator, accessToken, '/mock/games/top')).headers.get('ratelimit-remaining')).toBe('799');
});

test('bad, expired and foreign tokens are unauthorised, and say so with the headers', async () => {
  let now = Date.now();
  const simulator = await startSimulator({ now: () => now, appTokenSeconds: 60 });
  const token = await appToken(simulator);
  const other = { headers: { 'client-id': 'anotherclientidofthirtyletters' } };
  expect((await call(simulator, 'rubbish', '/mock/streams')).body.message).toBe('Invalid OAuth token');
  expect((await call(simulator, token, '/mock/streams', other)).status).toBe(401);
  expect((await call(simulator, token, '/mock/streams')).status).toBe(200);
  now += 61_000;
  const { status, headers } = await call(simulator, token, '/mock/streams');
  expect([status, headers.get('ratelimit-limit')]).toEqual([401, '800']);
});

test('mishaps befall the ordered path the ordered number of times', async () => {
  const simulator = await startSimulator();
  const token = await appToken(simulator);
  simulator.order({ order: 'http_status', status: 503, path: '/mock/streams', times: 2 });
  expect((await call(simulator, token, '/mock/users?id=1')).status).toBe(200);
  expect((await call(simulator, token, '/mock/streams')).status).toBe(503);
  expect((await call(simulator, token, '/mock/streams')).status).toBe(503);
  simulator.order({ order: 'http_truncate', path: '/mock/streams' });
  await expect(call(simulator, token, '/mock/streams')).rejects.toThrow();
  simulator.order({ order: 'http_hang', path: '/mock/streams' });
  await expect(call(simulator, token, '/mock/streams', { signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout');
  simulator.order({ order: 'http_slow', path: '/mock/streams', delayMs: 60 });
  const begun = performance.now();
  expect((await call(simulator, token, '/mock/streams')).status).toBe(200);
  expect(performance.now() - begun).toBeGreaterThan(55);
  expect(simulator.truth().helix.requests).toMatchObject({
    'GET /streams 503': 2,
    'GET /streams truncated': 1,
    'GET /streams hung': 1,
    'GET /streams 200': 1,
  });
});

test('a hidden stream is missing from so many answers although it is live', async () => {
  const simulator = await startSimulator({ channels: 1, liveShare: 1 });
  const token = await appToken(simulator);
  const [channel] = simulator.world.channels;
  simulator.order({ order: 'hide_stream', channelId: channel!.id, times: 2 });
  const rows = async () => (await call(simulator, token, `/mock/streams?user_id=${channel!.id}`)).body.data.length;
  expect([await rows(), await rows(), await rows()]).toEqual([0, 0, 1]);
  expect(simulator.truth().changes).toEqual([]);
});

test('stopping does not wait for a client that hangs', async () => {
  const simulator = await startSimulator();
  simulator.order({ order: 'http_hang', path: '/mock' });
  const hanging = call(simulator, 'x', '/mock/users').catch((error: unknown) => error);
  await waitUntil(() => simulator.truth().helix.requests['GET /users hung'] === 1);
  await simulator.stop(AbortSignal.timeout(100));
  expect(await hanging).toBeInstanceOf(Error);
});
