import { expect, test } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import { fakeDeps, json, tracked } from './fakes.ts';

test('the list is sorted by login and says where it stands in the whole', async () => {
  const answer = await json(createHttpApp(fakeDeps()).request('/api/v1/channels?limit=2&offset=1'));
  expect(answer.items.map((channel) => channel.login)).toEqual(['login2', 'login3']);
  expect(answer).toMatchObject({ total: 3, limit: 2, offset: 1 });
});

test('one channel is found by its id', async () => {
  const answer = await json(createHttpApp(fakeDeps()).request('/api/v1/channels/2'));
  expect(answer).toEqual({
    id: '2',
    login: 'login2',
    displayName: 'Login2',
    chat: { state: 'joined', reason: null },
    isLive: true,
    trackedSince: '2026-11-22T00:00:00.000Z',
  });
});

test('a channel that is not watched is a 404 with a code of its own', async () => {
  const response = await createHttpApp(fakeDeps()).request('/api/v1/channels/77');
  expect(response.status).toBe(404);
  expect(await json(response)).toMatchObject({ code: 'channel_not_watched', status: 404 });
});

test('what is not known is null, and matches neither live=true nor live=false', async () => {
  const unknown = tracked('1', {
    displayName: undefined,
    isLive: undefined,
    chat: { state: 'failed', reason: 'no answer to JOIN' },
  });
  const app = createHttpApp(fakeDeps({ channels: { list: () => [unknown], find: () => unknown } }));
  const answer = await json(app.request('/api/v1/channels/1'));
  expect(answer).toMatchObject({ displayName: null, isLive: null, chat: { reason: 'no answer to JOIN' } });
  expect(await json(app.request('/api/v1/channels?live=true'))).toMatchObject({ total: 0 });
  expect(await json(app.request('/api/v1/channels?live=false'))).toMatchObject({ total: 0 });
  expect(await json(app.request('/api/v1/channels?chat=failed'))).toMatchObject({ total: 1 });
  expect(await json(app.request('/api/v1/channels?login=LOGIN1'))).toMatchObject({ total: 1 });
});
