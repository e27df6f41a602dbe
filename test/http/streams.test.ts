import { expect, test } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import type { LiveStream } from '../../src/http/deps.ts';
import { fakeDeps, json, liveStream, startedAt } from './fakes.ts';

function appWith(live: readonly LiveStream[], asOf: number | undefined = startedAt) {
  return createHttpApp(fakeDeps({ streams: { live: () => live, asOf: () => asOf } }));
}

const chess = { id: '743', name: 'Chess' };
const three = [
  liveStream('1', { viewers: 10 }),
  liveStream('2', { viewers: 500, language: 'de', category: chess }),
  liveStream('3', { viewers: 70, category: chess }),
];

const ids = (answer: { items: Record<string, unknown>[] }) => answer.items.map((stream) => stream.id);

test('the most watched stream comes first, and viewers are summed over all pages', async () => {
  const answer = await json(appWith(three).request('/api/v1/streams?limit=1'));
  expect(ids(answer)).toEqual(['92']);
  expect(answer).toMatchObject({ total: 3, totalViewers: 580, asOf: '2026-11-22T00:00:00.000Z' });
});

test('a stream carries all that Twitch says of it', async () => {
  const answer = await json(appWith(three.slice(0, 1)).request('/api/v1/streams'));
  expect(answer.items).toEqual([
    {
      id: '91',
      channel: { id: '1', login: 'login1', displayName: 'Login1' },
      title: 'Title of 1',
      category: { id: '509658', name: 'Just Chatting' },
      viewers: 10,
      startedAt: '2026-11-22T00:00:00.000Z',
      tags: ['English'],
      language: 'en',
      isMature: false,
      thumbnailUrl: 'https://static-cdn.jtvnw.net/previews-ttv/live_user_x-{width}x{height}.jpg',
      isLive: true,
    },
  ]);
});

test.each([
  ['category=chess', ['92', '93']],
  ['categoryId=743', ['92', '93']],
  ['category=Chess&language=DE', ['92']],
  ['language=en', ['93', '91']],
  ['category=743', []],
])('%s selects', async (query, expected) => {
  expect(ids(await json(appWith(three).request(`/api/v1/streams?${query}`)))).toEqual(expected);
});

test('before anything has told who is live, asOf is null', async () => {
  const app = createHttpApp(fakeDeps({ streams: { live: () => [], asOf: () => undefined } }));
  expect(await json(app.request('/api/v1/streams'))).toMatchObject({ total: 0, asOf: null });
});

test.each([
  ['limit=0', '#/limit', 'must be a whole number from 1 to 1000'],
  ['limit=', '#/limit', 'must be a whole number from 1 to 1000'],
  ['limit=1e2', '#/limit', 'must be a whole number from 1 to 1000'],
  ['limit=99999999999999999999', '#/limit', 'must be a whole number from 1 to 1000'],
  ['offset=-1', '#/offset', 'must be a whole number from 0 to 1000000'],
  ['limt=5', '#/limt', 'There is no such parameter.'],
  ['a~b/c=5', '#/a~0b~1c', 'There is no such parameter.'],
])('%s is refused with a pointer to it', async (query, pointer, detail) => {
  const response = await appWith(three).request(`/api/v1/streams?${query}`);
  expect(response.status).toBe(400);
  const problem = await json(response);
  expect(problem).toMatchObject({ status: 400, code: 'invalid_request', title: 'Bad Request' });
  expect(problem.errors).toEqual([{ in: 'query', pointer, detail }]);
});

test('a parameter given twice is refused', async () => {
  const response = await appWith(three).request('/api/v1/streams?limit=1&limit=2');
  expect(response.status).toBe(400);
  expect((await json(response)).errors).toMatchObject([{ pointer: '#/limit' }]);
});
