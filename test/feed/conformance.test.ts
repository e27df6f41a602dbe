/** What every client may rely on, asked of both engines by a client that knows only the protocol. */
import { connect as connectTcp } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { alpha, beta, chatEvent, chatMessage, gamma, modFlags, streamSample } from './support/facts.ts';
import { type RunningFeed, type RunOptions, resolveChannel, runFeed } from './support/feed-server.ts';
import type { OracleClient } from './support/oracle-client.ts';

describe.each(['uws', 'ws'] as const)('feed on %s', (engine) => {
  let feed: RunningFeed;

  async function start(options?: RunOptions): Promise<RunningFeed> {
    feed = await runFeed(engine, options);
    return feed;
  }

  afterEach(async () => {
    await feed.stop();
    expect(feed.faults).toEqual([]);
    expect(feed.hub.status()).toMatchObject({ connections: 0, groups: 0, hardLimit: 0 });
  });

  it('greets with hello, sub, snap and live, in this order, then sends events', async () => {
    await start();
    const client = await feed.connect('?channels=alpha,id:102&types=chat.*,stream.*').live();
    feed.hub.publish(chatMessage({ channel: beta, text: 'héllo 👋 \u2028 \ud800' }));
    await client.until(() => client.events.length === 1);
    const { epoch } = feed.hub.status();
    expect(client.kinds).toEqual(['hello', 'sub', 'snap', 'live', 'ev']);
    const [hello, sub, snap, live, event] = client.frames;
    expect(hello).toMatchObject({ v: '1.0', server: '0.0.0', epoch, head: 0, oldest: 1, hb: 10_000, conn: 'ws' });
    expect(hello?.limits).toEqual({ replay: 0, filters: 64, frame: 16384 });
    expect(sub).toMatchObject({ id: 0, cursor: `${epoch}-0`, recovered: true, replay: 0 });
    expect(sub?.filter).toEqual({ types: ['chat.*', 'stream.*'], channels: ['101', '102'] });
    expect(snap).toMatchObject({ seq: 0, channels: [{ login: 'alpha', live: true, viewers: 5123 }, { live: false }] });
    expect(live).toEqual({ k: 'live', seq: 0 });
    expect(event).toMatchObject({ seq: 1, prev: 0, type: 'chat.message', src: 'irc', ch: beta });
    expect(client.events[0]?.data.text).toBe('héllo 👋 \u2028 \ud800');
  });

  it('lets clients join under load without hole, duplicate or inversion', async () => {
    await start();
    const last = 6_000;
    let sent = 0;
    const joining: Promise<OracleClient>[] = [];
    while (sent < last) {
      for (let burst = 0; burst < 20; burst += 1) {
        sent += 1;
        feed.hub.publish(chatMessage({ channel: sent % 3 === 0 ? beta : alpha, text: `line ${sent}` }));
      }
      if (joining.length < 60) {
        const query = joining.length % 2 === 0 ? '' : '?channels=alpha&types=chat.message';
        joining.push(feed.connect(query).live());
      }
      await nextTurn();
    }
    const clients = await Promise.all(joining);
    feed.hub.publish(chatMessage({ text: 'end' }));
    for (const client of clients) {
      await client.until(() => client.events.at(-1)?.data.text === 'end');
      expect(client).toMatchObject({ holes: 0, duplicates: 0, cursor: last + 1 });
      const begin = Number(String(client.first('sub')?.cursor).split('-')[1]);
      const wanted = client.events.every((event) => event.ch.id === '101') ? '101' : 'all';
      const expected = [];
      for (let seq = begin + 1; seq <= last + 1; seq += 1) {
        if (wanted === 'all' || seq % 3 !== 0 || seq === last + 1) expected.push(seq);
      }
      expect(client.events.map(({ seq }) => seq)).toEqual(expected);
    }
    expect(new Set(clients.map((client) => client.events.length)).size).toBeGreaterThan(10);
  });

  it('numbers each stream for itself, so that a filtered client sees an unbroken chain', async () => {
    await start();
    const mods = await feed.connect('?types=chat.message&roles=mod&users=ronni').live();
    const all = await feed.connect('?types=*').live();
    feed.hub.publish(chatMessage({ flags: modFlags }));
    feed.hub.publish(chatMessage({ flags: 0 }));
    feed.hub.publish(streamSample());
    feed.hub.publish(chatMessage({ channel: gamma, flags: modFlags }));
    feed.hub.publish(
      chatMessage({ flags: modFlags, user: { id: '9', login: 'else', displayName: 'Else', color: '' } }),
    );
    await all.until(() => all.events.length === 5);
    await mods.until(() => mods.events.length === 2);
    expect(mods.events.map(({ seq, prev }) => [seq, prev])).toEqual([
      [1, 0],
      [4, 1],
    ]);
    expect(all.events.map(({ seq, prev }) => [seq, prev])).toEqual([
      [1, 0],
      [2, 1],
      [3, 2],
      [4, 3],
      [5, 4],
    ]);
    expect(all.events[2]?.type).toBe('viewers.snapshot');
  });

  it('replaces the filter in one turn: nothing published before is lost, nothing after is of the old one', async () => {
    const publishing = { resolve: (_name: string): void => undefined };
    await start({
      hub: {
        resolveChannel: (name) => {
          publishing.resolve(name);
          return resolveChannel(name);
        },
      },
    });
    const client = await feed.connect('?channels=alpha').live();
    // In the very turn in which the filter changes, events of the old one are still on their way.
    publishing.resolve = () => {
      for (let n = 0; n < 50; n += 1) feed.hub.publish(chatMessage({ channel: alpha, text: `old ${n}` }));
    };
    client.say({ op: 'sub', id: 7, filter: { channels: ['beta'] }, snapshot: false });
    await client.until(() => client.all('live').length === 2);
    publishing.resolve = () => undefined;
    feed.hub.publish(chatMessage({ channel: alpha }));
    feed.hub.publish(chatMessage({ channel: beta, text: 'new' }));
    await client.until(() => client.events.at(-1)?.ch.id === beta.id);
    expect(client.kinds.slice(4)).toEqual([...Array(50).fill('ev'), 'sub', 'live', 'ev']);
    expect(client.all('sub')[1]).toMatchObject({ id: 7, filter: { channels: ['102'] } });
    expect(client).toMatchObject({ holes: 0, duplicates: 0 });
    expect(client.events.at(-1)).toMatchObject({ seq: 52, prev: 50 });
  });

  it('adds and drops channels, shows the state and answers pings', async () => {
    await start();
    const client = await feed.connect('?channels=alpha&snapshot=0').live();
    expect(client.kinds).toEqual(['hello', 'sub', 'live']);
    client.say({ op: 'add', id: 'a', channels: ['beta', 'gamma'] });
    client.say({ op: 'drop', id: 2, channels: ['alpha'] });
    client.say({ op: 'state', id: 3 });
    client.say({ op: 'ack', seq: 0 });
    client.say({ op: 'ping', id: 4 });
    await client.until(() => client.kinds.includes('ok'));
    expect(client.kinds.slice(3)).toEqual(['sub', 'snap', 'live', 'sub', 'live', 'snap', 'ok']);
    expect(client.all('sub')[1]).toMatchObject({ id: 'a', filter: { channels: ['101', '102', '103'] } });
    expect(client.all('sub')[2]).toMatchObject({ id: 2, filter: { channels: ['102', '103'] } });
    expect(client.all('snap')[1]).toMatchObject({ id: 3, channels: [{ login: 'beta' }, { login: 'gamma' }] });
    feed.hub.publish(chatMessage({ channel: alpha }));
    feed.hub.publish(chatMessage({ channel: gamma }));
    await client.until(() => client.events.length === 1);
    expect(client.events[0]?.ch).toEqual(gamma);
  });

  it.each([
    ['?channel=alpha', 'bad_parameter', 'channel', 4500],
    ['?types=chat.mesage', 'bad_filter', 'types[0]', 4500],
    ['?types=chat.*,strem.*', 'bad_filter', 'types[1]', 4500],
    ['?types=clip.created', 'not_supported', 'types[0]', 4500],
    ['?types=', 'bad_filter', 'types', 4500],
    ['?channels=alpha,nobody_here', 'unknown_channel', 'channels[1]', 4500],
    ['?channels=al%20pha', 'bad_filter', 'channels[0]', 4500],
    ['?roles=king', 'bad_filter', 'roles[0]', 4500],
    ['?hb=4', 'bad_parameter', 'hb', 4500],
    ['?hb=10&hb=20', 'bad_parameter', 'hb', 4500],
    ['?snapshot=yes', 'bad_parameter', 'snapshot', 4500],
    ['?since=yesterday', 'bad_parameter', 'since', 4500],
    ['?last=20', 'not_supported', 'last', 4500],
    ['?batch=50', 'not_supported', 'batch', 4500],
    ['?on_slow=latest', 'not_supported', 'on_slow', 4500],
    ['?token=secret', 'not_supported', 'token', 4500],
    ['?v=2.0', 'version_not_supported', 'v', 4506],
  ])('refuses %s loudly: %s at %s, close %i', async (query, code, path, closeCode) => {
    await start();
    const client = feed.connect(query);
    expect(await client.closed()).toBe(closeCode);
    expect(client.kinds).toEqual(['hello', 'err']);
    expect(client.first('err')).toMatchObject({ id: 0, code, path, retry: false });
    expect(JSON.stringify(client.frames)).not.toContain('secret');
  });

  it('answers a wrong operation and keeps the connection and its filter', async () => {
    await start();
    const client = await feed.connect('?channels=alpha').live();
    const wrong = [
      [{ op: 'dance', id: 1 }, 'unknown_op', 'op'],
      [{ id: 2 }, 'unknown_op', 'op'],
      [{ op: 'sub', id: 3, filter: { types: ['x.y'] } }, 'bad_filter', 'types[0]'],
      [{ op: 'sub', id: 4, filter: { any: [] } }, 'not_supported', 'filter.any'],
      [{ op: 'sub', id: 5, fliter: {} }, 'bad_request', 'fliter'],
      [{ op: 'sub', id: 6, filter: { channels: 'alpha' } }, 'bad_request', 'filter.channels'],
      [{ op: 'sub', id: 7, last: 5 }, 'not_supported', 'last'],
      [{ op: 'drop', id: 8, channels: ['alpha'] }, 'bad_filter', 'channels'],
      [{ op: 'ack', id: 9, seq: 'x' }, 'bad_request', 'seq'],
      [{ op: 'auth', id: 10 }, 'not_supported', 'op'],
    ] as const;
    for (const [message] of wrong) client.say(message);
    await client.until(() => client.all('err').length === wrong.length);
    const answers = client.all('err').map((frame) => [frame.id, frame.code, frame.path]);
    expect(answers).toEqual(wrong.map(([message, code, path]) => [message.id, code, path]));
    feed.hub.publish(chatMessage());
    await client.until(() => client.events.length === 1);
  });

  it.each([
    ['text that is not JSON', 'nonsense', 'bad_json', 4500],
    ['JSON that is no object', '[1]', 'bad_json', 4500],
    ['a message over 16 KiB', `{"op":"ping","x":"${'x'.repeat(17_000)}"}`, 'too_large', 4509],
    ['a binary message', Buffer.from('{"op":"ping"}'), 'binary', 4509],
  ])('closes on %s, with a code that the client sees', async (_title, message, code, closeCode) => {
    await start();
    const client = await feed.connect().live();
    client.socket.send(message);
    expect(await client.closed()).toBe(closeCode);
    expect(client.frames.at(-1)).toMatchObject({ k: 'err', code });
  });

  it('closes with 4029 after more than 50 operations in 10 s', async () => {
    await start();
    const client = await feed.connect().live();
    for (let n = 0; n < 60; n += 1) client.say({ op: 'ping', id: n });
    expect(await client.closed()).toBe(4029);
    expect(client.all('ok').length).toBe(50);
    expect(client.frames.at(-1)).toMatchObject({ k: 'bye', code: 4029, retry_ms: expect.any(Number) });
  });

  it('sends heartbeats with the head and the last event of the stream', async () => {
    await start({ hub: { heartbeatMs: 120 } });
    const client = await feed.connect('?channels=beta').live();
    feed.hub.publish(chatMessage({ channel: beta }));
    feed.hub.publish(chatMessage({ channel: alpha }));
    feed.hub.publish(chatMessage({ channel: alpha }));
    await client.until(() => client.all('hb').length >= 2);
    expect(client.all('hb')[1]).toEqual({ k: 'hb', seq: 3, prev: 1, t: expect.any(Number) });
    expect(client).toMatchObject({ holes: 0, duplicates: 0, cursor: 3 });
  });

  it('closes a client that does not read with 4008, after everything it was sent, without a hole', async () => {
    await start();
    const slow = await feed.connect('?channels=alpha').live();
    const healthy = await feed.connect('?channels=alpha').live();
    slow.socket.pause();
    let sent = 0;
    while (feed.hub.status().slow === 0) {
      for (let burst = 0; burst < 10; burst += 1, sent += 1) feed.hub.publish(chatMessage({ text: 'x'.repeat(8_000) }));
      await healthy.until(() => healthy.events.length === sent);
    }
    feed.hub.publish(chatMessage({ text: 'after' }));
    await healthy.until(() => healthy.events.length === sent + 1);
    slow.socket.resume();
    expect(await slow.closed()).toBe(4008);
    const bye = slow.frames.at(-1);
    expect(bye).toMatchObject({ k: 'bye', code: 4008, cursor: `${feed.hub.status().epoch}-${slow.cursor}` });
    expect(slow).toMatchObject({ holes: 0, duplicates: 0 });
    expect(slow.events.length).toBe(slow.cursor);
    expect(healthy).toMatchObject({ holes: 0, closeCode: undefined });
  });

  it('tells slow clients even when a burst comes in one turn', async () => {
    await start();
    const slow = await feed.connect('?types=chat.message').live();
    slow.socket.pause();
    for (let n = 0; n < 5_000; n += 1) feed.hub.publish(chatMessage({ text: 'é'.repeat(4_000) }));
    slow.socket.resume();
    expect(await slow.closed()).toBe(4008);
    expect(slow).toMatchObject({ holes: 0, duplicates: 0 });
    expect(slow.events.length).toBe(slow.cursor);
  });

  it('recovers a cursor only while nothing was missed', async () => {
    await start();
    const stays = await feed.connect('?channels=alpha').live();
    feed.hub.publish(chatMessage({ channel: alpha }));
    feed.hub.publish(chatMessage({ channel: beta }));
    const { epoch } = feed.hub.status();
    const outcome = async (since: string) => {
      const client = await feed.connect(`?channels=alpha&snapshot=0&since=${since}`).live();
      return [client.first('sub')?.recovered, client.kinds.includes('snap')];
    };
    expect(await outcome(`${epoch}-2`)).toEqual([true, false]);
    expect(await outcome(`${epoch}-1`)).toEqual([true, false]);
    expect(await outcome(`${epoch}-0`)).toEqual([false, true]);
    expect(await outcome(`${epoch}-3`)).toEqual([false, true]);
    expect(await outcome('elsewhere-2')).toEqual([false, true]);
    await stays.close();
  });

  it('says bye to everybody when it stops, each to come back at another time, and closes with 4001', async () => {
    await start();
    const clients = await Promise.all(Array.from({ length: 20 }, () => feed.connect().live()));
    feed.hub.publish(chatMessage());
    await feed.stop();
    for (const client of clients) {
      expect(await client.closed()).toBe(4001);
      expect(client.kinds.slice(-2)).toEqual(['ev', 'bye']);
      expect(client.frames.at(-1)).toMatchObject({ code: 4001, cursor: `${feed.hub.status().epoch}-1` });
    }
    const retries = clients.map((client) => Number(client.frames.at(-1)?.retry_ms));
    expect(new Set(retries).size).toBe(20);
    expect(Math.min(...retries)).toBeGreaterThanOrEqual(500);
    expect(Math.max(...retries)).toBeLessThanOrEqual(5_000);
    expect(feed.hub.status().closes).toEqual({ 4001: 20 });
  });

  it('stops within the deadline though a client never reads', async () => {
    await start();
    const stuck = await feed.connect().live();
    stuck.socket.pause();
    while (feed.hub.status().slow === 0) {
      feed.hub.publish(chatMessage({ text: 'x'.repeat(8_000) }));
      await nextTurn();
    }
    const startedAt = performance.now();
    await feed.server.stop(AbortSignal.timeout(200));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('refuses connections beyond the limit before the upgrade, with 503 and a time to come back', async () => {
    await start({ hub: { maxConnections: 2 } });
    await Promise.all([feed.connect().live(), feed.connect().live()]);
    const third = feed.connect();
    await third.until(() => third.refusal !== undefined);
    expect(third.refusal).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
    expect(JSON.parse(third.refusal?.body ?? '')).toMatchObject({ status: 503, code: 'connection_limit' });
    expect(feed.hub.status().refused).toEqual({ connection_limit: 1 });
  });

  it('refuses more connections from one address than it may have, with 429 and a time to come back', async () => {
    await start({ server: { maxConnectionsPerAddress: 2, isExemptAddress: () => false } });
    const [first] = await Promise.all([feed.connect().live(), feed.connect().live()]);
    const third = feed.connect();
    await third.until(() => third.refusal !== undefined);
    expect(third.refusal).toMatchObject({ status: 429, headers: { 'retry-after': '10' } });
    expect(JSON.parse(third.refusal?.body ?? '')).toMatchObject({ status: 429, code: 'address_limit' });
    expect(await feed.registry.metrics()).toContain('feed_refused_total{reason="address_limit"} 1');
    await first?.close();
    await expect.poll(() => feed.hub.status().connections).toBe(1);
    await feed.connect().live();
  });

  it.each(['127.0.0.1', '::1'])('does not count what comes from %s, where all local overlays live', async (host) => {
    await start({ server: { host, maxConnectionsPerAddress: 1 } });
    await Promise.all([feed.connect().live(), feed.connect().live()]);
  });

  it('speaks feed.v1 and no other subprotocol', async () => {
    await start();
    const client = await feed.connect('', { protocols: ['cloudevents.json', 'feed.v1'] }).live();
    expect(client.socket.protocol).toBe('feed.v1');
    const other = feed.connect('', { protocols: ['cloudevents.json'] });
    await other.until(() => other.refusal !== undefined);
    expect(other.refusal?.status).toBe(400);
  });

  it('survives clients that vanish at any moment', async () => {
    await start();
    const { port } = feed.server.address();
    for (let n = 0; n < 30; n += 1) {
      const raw = connectTcp(port, '127.0.0.1');
      raw.on('error', () => undefined);
      raw.write('GET /v1/feed HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n');
      if (n % 3 > 0) raw.write('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n');
      // An unmasked frame, which the protocol forbids.
      if (n % 3 > 1) raw.write(Buffer.from([0x81, 0x02, 0x7b, 0x7d]));
      feed.hub.publish(chatEvent({ command: 'CLEARCHAT', type: 'clear' }));
      await nextTurn();
      raw.resetAndDestroy();
    }
    const client = await feed.connect().live();
    await expect.poll(() => feed.hub.status().connections).toBe(1);
    feed.hub.publish(chatMessage());
    await client.until(() => client.events.length === 1);
  });

  it('counts what it does', async () => {
    await start();
    const client = await feed.connect('?types=chat.message').live();
    feed.hub.publish(chatMessage());
    feed.hub.publish(streamSample());
    await client.until(() => client.events.length === 1);
    await client.close();
    await expect.poll(() => feed.hub.status().connections).toBe(0);
    expect(feed.hub.status()).toMatchObject({
      head: 2,
      opened: 1,
      published: { 'chat.message': 1, 'viewers.snapshot': 1 },
      delivered: 1,
    });
    const metrics = await feed.registry.metrics();
    expect(metrics).toContain('feed_events_total{type="chat.message"} 1');
    expect(metrics).toContain('feed_deliveries_total{transport="ws"} 1');
    expect(metrics).toContain('feed_disconnects_total{code="1005"} 1');
    const bytes = Buffer.byteLength(JSON.stringify(client.events[0]));
    expect(metrics).toContain(`feed_delivered_bytes_total{transport="ws"} ${bytes}`);
  });
});
