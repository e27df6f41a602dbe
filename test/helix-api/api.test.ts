import { describe, expect, it, vi } from 'vitest';
import { pointTwurpleAt } from '../../src/config/load.ts';
import { HelixError } from '../../src/helix-api/helix-error.ts';
import { UpstreamError } from '../../src/lib/errors.ts';
import type { Simulator } from '../../src/simulator/simulator.ts';
import { waitUntil } from '../simulator/support.ts';
import { makeApi, serve, setScene } from './support.ts';

const purpose = { purpose: 'streams', priority: 'state' } as const;
const streams = (simulator: Simulator, count = 1) => ({
  user_id: simulator.world.channels.slice(0, count).map(({ id }) => id),
  first: '100',
});
const rows = (answer: unknown): number => (answer as { data: unknown[] }).data.length;

describe('the Helix api', () => {
  it('gets all of 100 live channels in one request, and knows what it cost', async () => {
    const { api, simulator, metrics } = await setScene();
    expect(rows(await api.get('streams', streams(simulator, 100), purpose))).toBe(100);
    expect(simulator.truth().helix.requests).toMatchObject({ 'GET /streams 200': 1 });
    expect(api.budget()).toMatchObject({ limit: 800, left: 799, queued: 0, underWay: 0 });
    expect(metrics.pointsUsed()).toEqual({ app: { streams: 1 } });
  });

  it('asks for another token when Twitch refuses the one it has, and goes on', async () => {
    const { api, simulator, renewed } = await setScene();
    await api.get('streams', streams(simulator), purpose);
    simulator.order({ order: 'expire_tokens' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => api.get('streams', streams(simulator), purpose)));
    expect(answers.map(rows)).toEqual([1, 1, 1, 1, 1]);
    expect(new Set(renewed).size).toBe(1);
  });

  it('gives up on a token that is refused although it is new', async () => {
    const { api, simulator, renewed } = await setScene();
    simulator.order({ order: 'http_status', status: 401, path: '/mock/streams', times: 10 });
    const call = api.get('streams', streams(simulator), purpose);
    await expect(call).rejects.toMatchObject({ name: 'UpstreamError', retry: true, status: 401 });
    expect(renewed).toHaveLength(1);
    expect(simulator.truth().helix.requests).toMatchObject({ 'GET /streams 401': 2 });
  });

  it.each([
    ['http_status', { status: 503 }, 'GET /streams 503'],
    ['http_truncate', {}, 'GET /streams truncated'],
    ['http_hang', {}, 'GET /streams hung'],
  ] as const)('outlives %s %o, with longer and longer waits', async (order, details, recorded) => {
    const { api, simulator, waits } = await setScene({}, { attemptTimeoutMs: 1_000 });
    simulator.order({ order, path: '/mock/streams', times: 3, ...details } as Parameters<Simulator['order']>[0]);
    expect(rows(await api.get('streams', streams(simulator), purpose))).toBe(1);
    expect(simulator.truth().helix.requests).toMatchObject({ [recorded]: 3, 'GET /streams 200': 1 });
    expect(waits).toEqual([500, 1_000, 2_000]);
  });

  it('waits for the reset after a 429, and holds the others back meanwhile', async () => {
    const { api, simulator, waits } = await setScene();
    await api.get('streams', streams(simulator), purpose);
    simulator.order({ order: 'http_status', status: 429, path: '/mock/streams', times: 1 });
    const all = Array.from({ length: 3 }, () => api.get('streams', streams(simulator), purpose));
    await waitUntil(() => waits.length === 1);
    expect(api.budget().left).toBe(0);
    expect((await Promise.all(all)).map(rows)).toEqual([1, 1, 1]);
    expect(waits[0]).toBeGreaterThanOrEqual(1_000);
    expect(simulator.truth().helix.requests).toMatchObject({ 'GET /streams 429': 1, 'GET /streams 200': 4 });
  });

  it('never makes Twitch say 429 by itself, whatever is asked at once', async () => {
    const { api, simulator } = await setScene({ helixPointsPerMinute: 40 });
    const stop = new AbortController();
    const all = Array.from({ length: 60 }, (_, i) =>
      api
        .get('streams', streams(simulator), {
          purpose: 'test',
          priority: i < 50 ? 'state' : 'clips',
          signal: stop.signal,
        })
        .catch((thrown: unknown) => expect(thrown).toBe(stop.signal.reason)),
    );
    await waitUntil(() => api.budget().left === 0 && api.budget().underWay === 0 && api.budget().queued > 10);
    stop.abort(new Error('enough'));
    await Promise.all(all);
    const { requests } = simulator.truth().helix;
    expect(requests['GET /streams 429']).toBeUndefined();
    expect(requests['GET /streams 200']).toBeGreaterThanOrEqual(39);
  });

  it('takes no for an answer', async () => {
    const { api, simulator, waits } = await setScene();
    await expect(api.get('nowhere', {}, purpose)).rejects.toMatchObject({ retry: false, status: 404 });
    const tooMany = { user_id: Array.from({ length: 101 }, (_, i) => String(i)) };
    const call = api.get('streams', tooMany, purpose);
    await expect(call).rejects.toBeInstanceOf(HelixError);
    await expect(call).rejects.toMatchObject({
      retry: false,
      status: 400,
      message: expect.stringMatching(/^Helix GET streams: HTTP 400, .*at most 100/),
    });
    expect(waits).toEqual([]);
    expect(simulator.truth().helix.requests).toMatchObject({ 'GET /streams 400': 1 });
  });

  it('says in the end that it may be tried again, without the token in its words', async () => {
    const { api, simulator, registry, renewed } = await setScene();
    simulator.order({ order: 'http_status', status: 503, path: '/mock/streams', times: 100 });
    const error = await api.get('streams', streams(simulator), purpose).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'UpstreamError', retry: true, status: 503 });
    simulator.order({ order: 'behave' });
    simulator.order({ order: 'expire_tokens' });
    await api.get('streams', streams(simulator), purpose);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(renewed[0]);
    expect(await registry.metrics()).toContain('helix_requests_total{status="503"} 6');
  });

  it('is done by its deadline, whatever it waits for', async () => {
    const { api, simulator } = await setScene({}, { sleep: (_ms, signal) => untilAborted(signal) });
    const soon = { ...purpose, deadlineMs: 50 };
    const late = { name: 'UpstreamError', retry: true, message: 'Helix GET streams: not done within 50 ms' };
    simulator.order({ order: 'http_hang', path: '/mock/streams' });
    await expect(api.get('streams', streams(simulator), soon)).rejects.toMatchObject(late);
    simulator.order({ order: 'http_status', status: 503, path: '/mock/streams' });
    await expect(api.get('streams', streams(simulator), soon)).rejects.toMatchObject(late);
    const { api: waiting } = makeApi({ get: () => new Promise<string>(() => {}), renew: async () => '' });
    await expect(waiting.get('streams', {}, soon)).rejects.toMatchObject(late);
    expect(api.budget()).toMatchObject({ queued: 0, underWay: 0 });
  });

  it('ends at once when its caller leaves, and gives its place back', async () => {
    const { api, simulator } = await setScene();
    simulator.order({ order: 'http_hang', path: '/mock/streams' });
    const leave = new AbortController();
    const call = api.get('streams', streams(simulator), { ...purpose, signal: leave.signal });
    await waitUntil(() => simulator.truth().helix.requests['GET /streams hung'] === 1);
    leave.abort(new Error('not needed any more'));
    await expect(call).rejects.toThrow('not needed any more');
    const again = api.get('streams', streams(simulator), { ...purpose, signal: leave.signal });
    await expect(again).rejects.toThrow('not needed any more');
    expect(api.budget()).toMatchObject({ queued: 0, underWay: 0 });
  });

  it('ends everything when it stops', async () => {
    const { api, simulator } = await setScene();
    simulator.order({ order: 'http_hang', path: '/mock/streams', times: 10 });
    const calls = Array.from({ length: 30 }, () => api.get('streams', streams(simulator), purpose));
    const ended = Promise.allSettled(calls);
    await waitUntil(() => simulator.truth().helix.requests['GET /streams hung'] === 1);
    await api.stop(new AbortController().signal);
    for (const call of await ended) expect(call).toMatchObject({ status: 'rejected', reason: { retry: true } });
    await expect(api.get('streams', {}, purpose)).rejects.toMatchObject({ name: 'UpstreamError' });
    await api.stop(new AbortController().signal);
  });

  it('tries again when there is no token for a while, and not when there never will be', async () => {
    const { simulator } = await setScene();
    const get = vi.fn<() => Promise<string>>();
    get.mockRejectedValue(new UpstreamError('no token yet', { retry: true }));
    const { api, waits } = makeApi({ get, renew: get });
    await expect(api.get('streams', {}, purpose)).rejects.toMatchObject({
      retry: true,
      message: 'Helix GET streams: no token yet',
    });
    expect(waits).toHaveLength(5);
    get.mockRejectedValue(new UpstreamError('wrong credentials', { retry: false }));
    await expect(api.get('streams', {}, purpose)).rejects.toMatchObject({ retry: false, message: 'wrong credentials' });
    expect(simulator.truth().helix.requests['GET /streams 401']).toBeUndefined();
    expect(api.budget()).toMatchObject({ left: 800, underWay: 0 });
  });

  it('may be tried again when nobody listens', async () => {
    const { api, waits } = await setScene();
    pointTwurpleAt('http://127.0.0.1:1');
    await expect(api.get('streams', {}, purpose)).rejects.toMatchObject({
      retry: true,
      status: undefined,
      message: 'Helix GET streams: network',
    });
    expect(waits).toHaveLength(5);
  });

  it('does not stall at a mock that says nothing of points', async () => {
    let asked = 0;
    await serve((_request, response) => {
      asked++;
      response.setHeader('content-type', 'application/json');
      response.end('{"data":[]}');
    });
    const { api } = makeApi({ get: async () => 'token', renew: async () => 'token' });
    const all = Array.from({ length: 200 }, () => api.get('streams', { first: '1' }, purpose));
    expect(await Promise.all(all)).toHaveLength(200);
    expect(asked).toBe(200);
  });

  it('does not storm a mock that says 429 and nothing else', async () => {
    let asked = 0;
    await serve((_request, response) => {
      asked++;
      response.writeHead(429).end();
    });
    const { api, waits } = makeApi({ get: async () => 'token', renew: async () => 'token' });
    await expect(api.get('streams', {}, purpose)).rejects.toMatchObject({ retry: true, status: 429 });
    expect(asked).toBe(6);
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 60_000]);
  });

  it('takes a 204 and an answer that is no JSON for what they are', async () => {
    let bodies = ['', '<html>', '{"data":', '{"data":[1]}'];
    await serve((_request, response) => {
      const [body, ...rest] = bodies;
      bodies = rest;
      response.writeHead(body === '' ? 204 : 200).end(body);
    });
    const { api, waits } = makeApi({ get: async () => 'token', renew: async () => 'token' });
    expect(await api.get('nothing', {}, purpose)).toBeUndefined();
    expect(await api.get('streams', {}, purpose)).toEqual({ data: [1] });
    expect(waits).toHaveLength(2);
  });

  it('writes with a body, and does not repeat what may have been done', async () => {
    const seen: string[] = [];
    await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += String(chunk);
      });
      request.on('end', () => {
        seen.push(`${request.method} ${request.url} ${body}`);
        response.writeHead(seen.length === 1 ? 202 : 503).end('{"data":[]}');
      });
    });
    const { api } = makeApi({ get: async () => 'token', renew: async () => 'token' });
    const body = { type: 'stream.online' };
    const write = () => api.send('POST', 'eventsub/subscriptions', { body }, purpose);
    expect(await write()).toEqual({ data: [] });
    await expect(write()).rejects.toMatchObject({ retry: true, status: 503 });
    expect(seen).toEqual(Array(2).fill('POST /eventsub/subscriptions {"type":"stream.online"}'));
  });

  it('keeps several applications in buckets of their own', async () => {
    const { api, metrics, simulator } = await setScene();
    const source = { get: async () => 'another', renew: async () => 'another' };
    const { api: second } = makeApi(source, { name: 'second', metrics });
    await api.get('streams', streams(simulator), purpose);
    expect([api.budget().left, second.budget().left]).toEqual([799, 800]);
    expect(metrics.pointsUsed()).toEqual({ app: { streams: 1 } });
  });
});

function untilAborted(signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    signal.addEventListener('abort', () => resolve(false), { once: true });
  });
}
