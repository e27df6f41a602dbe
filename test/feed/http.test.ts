/** The application behind the feed's port: the same answers from both engines. */
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFeedServer } from '../../src/feed/feed-server.ts';
import { createLog } from '../../src/ops/log.ts';
import { type RunningFeed, runFeed } from './support/feed-server.ts';
import { createMemoryLog } from './support/memory-log.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Buffer;
  readonly port?: number;
}

const bigBody = Buffer.alloc(8 * 1024 * 1024, 'streamgauge ');
/** Requests to `/gate` wait here until somebody opens. */
const gate = { waiting: 0, open: (): void => undefined };
const open = { streams: 0, cancelled: 0 };

function createApp() {
  const app = new Hono();
  app.get('/json', (c) => c.json({ url: c.req.url, q: c.req.query('q'), agent: c.req.header('x-agent') }, 201));
  app.post('/echo', async (c) => c.text(await c.req.text(), 200, { 'x-length': c.req.header('content-length') ?? '' }));
  app.get('/livez', (c) => c.json({ url: c.req.url }));
  app.get('/big', (c) => c.body(bigBody));
  app.get('/none', (c) => c.body(null, 204));
  app.get('/fault', () => {
    throw new Error('a bug');
  });
  app.get('/cookies', (c) => {
    c.header('set-cookie', 'a=1', { append: true });
    c.header('set-cookie', 'b=2', { append: true });
    return c.text('two');
  });
  app.get('/gate', async (c) => {
    gate.waiting += 1;
    await new Promise<void>((resolve) => {
      gate.open = resolve;
    });
    gate.waiting -= 1;
    return c.text('through');
  });
  app.get('/chunks', (c) => c.body(numbers(5)));
  app.get('/endless', (c) => c.body(endless()));
  app.onError((_error, c) => c.json({ title: 'fault' }, 500));
  return app;
}

function numbers(count: number): ReadableStream<Uint8Array> {
  let n = 0;
  return new ReadableStream({
    async pull(controller) {
      await nextTurn();
      await nextTurn();
      controller.enqueue(Buffer.from(`${n}\n`));
      n += 1;
      if (n === count) controller.close();
    },
  });
}

function endless(): ReadableStream<Uint8Array> {
  open.streams += 1;
  return new ReadableStream({
    async pull(controller) {
      await nextTurn();
      controller.enqueue(Buffer.alloc(64 * 1024, '.'));
    },
    cancel() {
      open.cancelled += 1;
    },
  });
}

describe.each(['uws', 'ws'] as const)('http on %s', (engine) => {
  let feed: RunningFeed;
  let lines: readonly Record<string, unknown>[];

  beforeEach(async () => {
    const app = createApp();
    const memory = createMemoryLog();
    lines = memory.lines;
    const fetch = (request: Request) => {
      if (new URL(request.url).pathname === '/reject') throw new Error('the application itself failed');
      return app.fetch(request);
    };
    feed = await runFeed(engine, {
      server: { fetch, maxBodyBytes: 100_000, allowedOrigins: ['https://overlay.example'], openPaths: ['/livez'] },
      log: memory.log,
    });
  });

  afterEach(() => feed.stop());

  function ask(path: string, { method = 'GET', headers = {}, body, port = feed.server.address().port }: Ask = {}) {
    return new Promise<Answer>((resolve, reject) => {
      const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString(),
          });
        });
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  /** Sends text as it is; resolves with all that comes back until the server closes. */
  function exchange(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const client = connectTcp(feed.server.address().port, '127.0.0.1', () => client.end(text));
      const chunks: Buffer[] = [];
      client.on('data', (chunk) => chunks.push(chunk));
      client.on('error', reject);
      client.on('close', () => resolve(Buffer.concat(chunks).toString()));
    });
  }

  it('passes method, URL, query and headers to the application and its answer back', async () => {
    const answer = await ask('/json?q=a%20b', { headers: { 'x-agent': 'test' } });
    expect(answer.status).toBe(201);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['content-length']).toBe(String(answer.body.length));
    expect(JSON.parse(answer.body)).toEqual({ url: `${feed.origin}/json?q=a%20b`, q: 'a b', agent: 'test' });
  });

  it.each(['/json', '/json?', '/json?q=', '/json?q=a?b'])('passes the URL %s exactly', async (path) => {
    expect(JSON.parse((await ask(path)).body).url).toBe(`${feed.origin}${path}`);
  });

  it.each([
    ['127.1', '127.0.0.1'],
    ['[0:0:0:0:0:0:0:1]:8080', '[::1]:8080'],
    ['LOCALHOST', 'localhost'],
  ])('answers to its name written as %s', async (host, name) => {
    expect(JSON.parse((await ask('/json', { headers: { host } })).body).url).toBe(`http://${name}/json`);
  });

  it.each(['gauge.example', '10.1.2.3:8080', '[fd00::1]'])('answers probes that ask for %s', async (host) => {
    const answer = await ask('/livez?q=1', { headers: { host } });
    expect([answer.status, JSON.parse(answer.body).url]).toEqual([200, 'http://localhost/livez?q=1']);
  });

  it.each(['a b', 'evil.example/json?x=', 'evil.example#', 'a:b:c', '[::1', 'x:99999'])(
    'answers 400 to the malformed Host "%s", without a word in the log',
    async (host) => {
      for (const path of ['/livez', '/json']) {
        const answer = await ask(path, { headers: { host } });
        expect([path, answer.status, JSON.parse(answer.body).code]).toEqual([path, 400, 'bad_host']);
      }
      expect(lines).toEqual([]);
    },
  );

  it('answers 400 to a path with a backslash, without a word in the log', async () => {
    expect((await exchange('GET /a\\b HTTP/1.1\r\nHost: LOCALHOST\r\n\r\n')).slice(0, 12)).toBe('HTTP/1.1 400');
    expect(lines).toEqual([]);
  });

  it('answers a probe of HTTP/1.0 without Host, where the engine speaks HTTP/1.0', async () => {
    const status = (await exchange('GET /livez HTTP/1.0\r\n\r\n')).slice(0, 12);
    expect(status).toBe(engine === 'ws' ? 'HTTP/1.1 200' : 'HTTP/1.1 505');
    expect(lines).toEqual([]);
  });

  it.each([
    ['Upgrade, HTTP2-Settings', 'h2c'],
    ['Upgrade', 'TLS/1.0'],
    ['Upgrade', 'websocket'],
  ])('answers as ever when Connection is %s and Upgrade is %s', async (connection, upgrade) => {
    const headers = { connection, upgrade, 'http2-settings': 'AAMAAABkAAQAAP__' };
    expect(JSON.parse((await ask('/json?q=1', { headers })).body).url).toBe(`${feed.origin}/json?q=1`);
    const body = '👋 '.repeat(10_000);
    expect(await ask('/echo', { method: 'POST', headers, body })).toMatchObject({ status: 200, body });
  });

  it('answers 426 on the feed’s path to upgrades to anything else', async () => {
    const key = 'dGhlIHNhbXBsZSBub25jZQ==';
    const headers = { connection: 'Upgrade', upgrade: 'h2c', 'sec-websocket-key': key, 'sec-websocket-version': '13' };
    expect(await ask('/v1/feed', { headers })).toMatchObject({ status: 426, headers: { upgrade: 'websocket' } });
  });

  it('keeps a connection whose offer to upgrade it declined', async () => {
    const offer = 'Host: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n';
    const last = 'Host: localhost\r\nConnection: close\r\n\r\n';
    const text = await exchange(`GET /livez HTTP/1.1\r\n${offer}GET /livez HTTP/1.1\r\n${last}`);
    expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(2);
  });

  it('passes bodies', async () => {
    const text = '👋 '.repeat(10_000);
    const answer = await ask('/echo', { method: 'POST', body: text });
    expect(answer.body).toBe(text);
    expect(answer.headers['x-length']).toBe(String(Buffer.byteLength(text)));
    expect((await ask('/echo', { method: 'POST', body: '' })).body).toBe('');
  });

  it('answers HEAD without a body', async () => {
    expect(await ask('/json', { method: 'HEAD' })).toMatchObject({ status: 201, body: '' });
    expect(await ask('/big', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  it.each([
    ['/nowhere', 404],
    ['/none', 204],
    ['/fault', 500],
    ['/reject', 500],
    ['/v1/feed', 426],
  ])('answers %s with %i', async (path, status) => {
    expect((await ask(path)).status).toBe(status);
  });

  it('answers its own faults as the application does, and logs them', async () => {
    expect(JSON.parse((await ask('/reject')).body)).toMatchObject({
      type: 'about:blank',
      title: 'Internal Server Error',
      status: 500,
      code: 'internal',
    });
    expect(lines).toMatchObject([{ msg: 'request failed' }]);
  });

  it('sends each cookie in a header of its own', async () => {
    expect((await ask('/cookies')).headers['set-cookie']).toEqual(['a=1', 'b=2']);
  });

  it('sends big bodies whole, and many at once', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask('/big')));
    for (const { body } of answers) expect(body.length).toBe(bigBody.length);
    const small = await Promise.all(Array.from({ length: 200 }, (_, n) => ask(`/json?q=${n}`)));
    expect(small.map(({ body }) => JSON.parse(body).q)).toEqual(small.map((_, n) => String(n)));
  });

  it('sends a body that comes in pieces', async () => {
    expect(await ask('/chunks')).toMatchObject({ status: 200, body: '0\n1\n2\n3\n4\n' });
  });

  it('stops the source of a body when the client goes away', async () => {
    const before = { ...open };
    const { port } = feed.server.address();
    const request = httpRequest({ host: '127.0.0.1', port, path: '/endless', agent: false }, (response) => {
      response.once('data', () => request.destroy());
      response.on('error', () => undefined);
    });
    request.on('error', () => undefined);
    request.end();
    await expect.poll(() => open.cancelled - before.cancelled).toBe(1);
    expect(open.streams - before.streams).toBe(1);
  });

  it('refuses bodies that are too long or of unknown length', async () => {
    expect(await ask('/echo', { method: 'POST', body: 'x'.repeat(100_000) })).toMatchObject({ status: 200 });
    const tooLong = await ask('/echo', { method: 'POST', headers: { 'content-length': '100001' } });
    expect(tooLong.status).toBe(413);
    expect(JSON.parse(tooLong.body)).toMatchObject({ status: 413, code: 'too_large' });
    const chunked = await ask('/echo', { method: 'POST', headers: { 'transfer-encoding': 'chunked' } });
    expect(chunked.status).toBe(411);
  });

  it('holds requests and upgrades to the same door', async () => {
    for (const headers of [
      { host: 'evil.example' },
      { host: '127.0.0.1', origin: 'http://evil.example' },
      { host: '127.0.0.1', origin: 'null' },
    ]) {
      const answer = await ask('/json', { headers });
      expect([headers, answer.status, answer.headers['content-type']]).toEqual([
        headers,
        403,
        'application/problem+json',
      ]);
      const client = feed.connect('', { headers });
      await client.until(() => client.refusal !== undefined);
      expect([headers, client.refusal?.status]).toEqual([headers, 403]);
    }
    const headers = { origin: 'https://overlay.example' };
    expect((await ask('/json', { headers })).status).toBe(201);
    await feed.connect('', { headers }).live();
    expect(feed.hub.status().refused).toEqual({ host_not_allowed: 1, origin_not_allowed: 2 });
  });

  it('says clearly that a port is in use', async () => {
    const { port } = feed.server.address();
    const { hub } = feed;
    const log = createLog({ level: 'silent' });
    const fetch = () => new Response();
    const second = createFeedServer({ engine, host: '127.0.0.1', port, hub, fetch, log });
    const starting = second.start(new AbortController().signal, () => undefined);
    await expect(starting).rejects.toThrow(new RegExp(`listen 127.0.0.1:${port}: the port is`));
    await second.stop(AbortSignal.timeout(1_000));
    await second.stop(AbortSignal.timeout(1_000));
    expect((await ask('/json')).status).toBe(201);
  });

  it('does not wait, when it stops, for an idle connection whose offer to upgrade it declined', async () => {
    const client = connectTcp(feed.server.address().port, '127.0.0.1');
    client.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
    const [answer] = await once(client, 'data');
    expect(String(answer)).toMatch(/^HTTP\/1.1 200/);
    const startedAt = performance.now();
    await feed.stop();
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    client.destroy();
  });

  it('lets a request that is under way finish when it stops', async () => {
    const { port } = feed.server.address();
    const answer = ask('/gate', { port });
    await expect.poll(() => gate.waiting).toBe(1);
    const stopping = feed.server.stop(AbortSignal.timeout(5_000));
    await expect(ask('/json', { port })).rejects.toThrow('ECONNREFUSED');
    expect(feed.server.address().port).toBe(port);
    gate.open();
    expect(await answer).toMatchObject({ status: 200, body: 'through' });
    await stopping;
  });
});
