import { expect, test } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import { fakeDeps } from './fakes.ts';

const failing = {
  check: () => [
    { name: 'chat', ok: true, detail: '3 of 3 channels joined' },
    { name: 'store', ok: false, detail: 'no answer for 12 s' },
  ],
};

test('readiness is told by the status code alone', async () => {
  const ready = await createHttpApp(fakeDeps()).request('/readyz');
  expect([ready.status, await ready.text()]).toEqual([200, 'ready\n']);
  const notReady = await createHttpApp(fakeDeps({ readiness: failing })).request('/readyz');
  expect([notReady.status, await notReady.text()]).toEqual([503, 'not ready\n']);
});

test('?verbose adds a line per part', async () => {
  const response = await createHttpApp(fakeDeps({ readiness: failing })).request('/readyz?verbose');
  expect(response.status).toBe(503);
  expect(await response.text()).toBe('[+] chat: 3 of 3 channels joined\n[-] store: no answer for 12 s\nnot ready\n');
});

test.each(['/livez', '/healthz'])('%s stays ok while parts are failing', async (path) => {
  const response = await createHttpApp(fakeDeps({ readiness: failing })).request(path);
  expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
});

test('metrics come in the text format that the registry names', async () => {
  const response = await createHttpApp(fakeDeps()).request('/metrics');
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await response.text()).toContain('chat_lines_total 7');
});
