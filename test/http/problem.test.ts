import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { internalFault, problemBody, problemHeaders } from '../../src/feed/refusal.ts';
import { createHttpApp } from '../../src/http/app.ts';
import { answerProblem } from '../../src/http/problem.ts';
import { createLog } from '../../src/ops/log.ts';
import { fakeDeps, json } from './fakes.ts';

const problemType = 'application/problem+json';

test('an unknown path is a 404 problem', async () => {
  const response = await createHttpApp(fakeDeps()).request('/api/v1/nothing');
  expect(response.status).toBe(404);
  expect(response.headers.get('content-type')).toBe(problemType);
  expect(await json(response)).toEqual({
    type: 'about:blank',
    title: 'Not Found',
    status: 404,
    code: 'not_found',
    detail: 'There is nothing at /api/v1/nothing.',
  });
});

test.each(['/api/v1/streams', '/api/v1/channels/1', '/livez', '/', '/openapi.json'])(
  'a wrong method on %s is a 405 that names the right ones',
  async (path) => {
    const response = await createHttpApp(fakeDeps()).request(path, { method: 'DELETE' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
    expect(await json(response)).toMatchObject({ code: 'method_not_allowed' });
  },
);

test('HEAD answers as GET does, without a body', async () => {
  const response = await createHttpApp(fakeDeps()).request('/api/v1/status', { method: 'HEAD' });
  expect(response.status).toBe(200);
  expect(await response.text()).toBe('');
});

test('a fault of ours tells the caller only under which name the log has it', async () => {
  const lines: string[] = [];
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  const broken = () => {
    throw new Error('the secret path /var/lib/x is gone');
  };
  const log = createLog({ level: 'error', destination });
  const response = await createHttpApp(fakeDeps({ status: { read: broken }, log })).request('/api/v1/status');
  expect(response.status).toBe(500);
  const text = await response.text();
  expect(text).not.toMatch(/secret|var|stack/);
  const problem = JSON.parse(text);
  expect(problem).toMatchObject({ code: 'internal', title: 'Internal Server Error' });
  expect(problem.instance).toMatch(/^urn:uuid:/);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain(problem.instance);
  expect(lines[0]).toContain('the secret path');
});

test.each([
  internalFault,
  { status: 426, code: 'upgrade_required', detail: 'x' },
  { status: 499, code: 'y', detail: 'z' },
])('a refusal before the application ($status) is the same document as one by it', async (refusal) => {
  const answer = answerProblem(refusal);
  expect(JSON.parse(problemBody(refusal))).toEqual(await answer.json());
  const headers = new Map(problemHeaders(refusal));
  for (const name of ['content-type', 'cache-control']) expect(headers.get(name)).toBe(answer.headers.get(name));
});
