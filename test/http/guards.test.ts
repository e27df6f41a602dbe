import { expect, test } from 'vitest';
import { createHttpApp } from '../../src/http/app.ts';
import { fakeDeps } from './fakes.ts';

const app = createHttpApp(fakeDeps());

test.each(['/', '/docs', '/api/v1/status', '/nothing', '/assets/dashboard.js'])(
  '%s has strict headers',
  async (path) => {
    const { headers } = await app.request(path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('access-control-allow-origin')).toBeNull();
  },
);

test('the dashboard allows nothing inline', async () => {
  const response = await app.request('/');
  expect(response.headers.get('content-security-policy')).not.toContain('unsafe');
  expect(await response.text()).not.toMatch(/<style|style=|<script(?![^>]*src=)|\son\w+=/);
});

test('a page that has not changed is not sent again', async () => {
  const etag = (await app.request('/')).headers.get('etag');
  const again = await app.request('/', { headers: { 'if-none-match': String(etag) } });
  expect([again.status, await again.text()]).toEqual([304, '']);
});
