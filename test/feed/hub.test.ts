/** The hub and its sessions on sockets made of arrays and a clock that stands still. */
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { createFeedHub, type FeedHubOptions } from '../../src/feed/hub.ts';
import type { FeedSocket, SocketListener } from '../../src/feed/transport.ts';
import { alpha, beta, channels, chatMessage } from './support/facts.ts';
import { resolveChannel, state } from './support/feed-server.ts';

class FakeSocket implements FeedSocket {
  readonly sent: Record<string, unknown>[] = [];
  readonly topics = new Set<string>();
  buffered = 0;
  closed: number | undefined;
  listener: SocketListener | undefined;

  send(frame: string): void {
    this.sent.push(JSON.parse(frame));
  }

  subscribe(topic: string): void {
    if (this.topics.size > 0) throw new Error('a socket is in one topic at a time');
    this.topics.add(topic);
  }

  unsubscribe(topic: string): void {
    this.topics.delete(topic);
  }

  bufferedBytes(): number {
    return this.buffered;
  }

  close(code: number): void {
    this.closed = code;
  }

  say(message: object): void {
    const text = JSON.stringify(message);
    this.listener?.onText(text, text.length);
  }

  kinds(): unknown[] {
    return this.sent.map(({ k }) => k);
  }
}

function setUp(options: Partial<FeedHubOptions> = {}) {
  const clock = { now: 1_000_000 };
  const sockets: FakeSocket[] = [];
  const registry = new Registry();
  const hub = createFeedHub({ state, resolveChannel, registry, serverVersion: '1', now: () => clock.now, ...options });
  hub.attach({
    publish: (topic, frame) => {
      for (const socket of sockets) if (socket.topics.has(topic)) socket.send(frame);
    },
  });
  const connect = (query = '') => {
    const socket = new FakeSocket();
    sockets.push(socket);
    socket.listener = hub.connect(socket, query);
    return socket;
  };
  return { hub, clock, connect, registry };
}

describe('hub', () => {
  it('keeps each client to its own heartbeat', () => {
    const { hub, clock, connect } = setUp();
    const usual = connect();
    const eager = connect('hb=5');
    for (let second = 0; second < 20; second += 1) {
      clock.now += 1_000;
      hub.tick();
    }
    expect(usual.kinds().filter((kind) => kind === 'hb').length).toBe(2);
    expect(eager.kinds().filter((kind) => kind === 'hb').length).toBe(4);
    expect(eager.sent[0]).toMatchObject({ k: 'hello', hb: 5_000 });
  });

  it('dismisses a client over the soft limit once, and only in groups that had traffic', () => {
    const { hub, connect } = setUp({ softLimitBytes: 1_000 });
    const slow = connect('channels=alpha&snapshot=0');
    const quiet = connect('channels=beta&snapshot=0');
    slow.buffered = 1_001;
    quiet.buffered = 1_001;
    hub.tick();
    expect(slow.closed).toBeUndefined();
    hub.publish(chatMessage({ channel: alpha }));
    hub.tick();
    hub.publish(chatMessage({ channel: alpha }));
    hub.tick();
    expect(slow.closed).toBe(4008);
    expect(slow.kinds()).toEqual(['hello', 'sub', 'live', 'ev', 'bye']);
    expect(quiet.closed).toBeUndefined();
    expect(hub.status()).toMatchObject({ slow: 1, groups: 1, connections: 2 });
  });

  it('does not take a large snapshot on its way for slowness', () => {
    const { hub, connect } = setUp({ softLimitBytes: 100 });
    const client = connect('types=chat.message');
    const size = JSON.stringify(client.sent[2]).length;
    client.buffered = 100 + size;
    hub.publish(chatMessage());
    hub.tick();
    expect(client.closed).toBeUndefined();
    client.buffered = 0;
    hub.publish(chatMessage());
    hub.tick();
    client.buffered = 101;
    hub.publish(chatMessage());
    hub.tick();
    expect(client.closed).toBe(4008);
  });

  it('counts operations anew in every window', () => {
    const { clock, connect } = setUp();
    const client = connect();
    for (let window = 0; window < 3; window += 1) {
      for (let n = 0; n < 50; n += 1) client.say({ op: 'ping' });
      clock.now += 10_000;
    }
    expect(client.closed).toBeUndefined();
    for (let n = 0; n < 51; n += 1) client.say({ op: 'ping' });
    expect(client.closed).toBe(4029);
    expect(client.sent.at(-1)).toMatchObject({ k: 'bye', retry_ms: 10_000 });
  });

  it('is deaf to a client it is closing', () => {
    const { connect } = setUp();
    const client = connect('types=nonsense');
    const before = client.sent.length;
    client.say({ op: 'sub', filter: {} });
    client.listener?.onBinary();
    expect(client.sent.length).toBe(before);
    expect(client.topics.size).toBe(0);
  });

  it('numbers what nobody listens to', () => {
    const { hub, connect } = setUp();
    hub.publish(chatMessage());
    hub.publish(chatMessage({ channel: beta }));
    expect(connect().sent[0]).toMatchObject({ k: 'hello', head: 2, oldest: 3 });
    expect(hub.status()).toMatchObject({ head: 2, published: { 'chat.message': 2 }, delivered: 0 });
  });

  it('keeps channels that can still be found when one of the filter is no longer watched', () => {
    const watched = new Set(channels.map(({ login }) => login));
    const { connect } = setUp({
      resolveChannel: (name) => {
        const channel = resolveChannel(name);
        return channel && watched.has(channel.login) ? channel : undefined;
      },
    });
    const client = connect('channels=alpha,beta');
    watched.delete('alpha');
    client.say({ op: 'add', id: 1, channels: ['gamma'] });
    expect(client.sent.findLast(({ k }) => k === 'sub')).toMatchObject({ filter: { channels: ['102', '103'] } });
    client.say({ op: 'drop', id: 2, channels: ['alpha'] });
    expect(client.sent.at(-1)).toMatchObject({ k: 'err', id: 2, code: 'unknown_channel' });
  });

  it('holds the chain of every client through any order of joins, leaves, filter changes and events', () => {
    const action = fc.oneof(
      fc.record({ do: fc.constant('publish' as const), channel: fc.nat(2), who: fc.nat(3) }),
      fc.record({ do: fc.constant('join' as const), channel: fc.nat(3), who: fc.nat(3) }),
      fc.record({ do: fc.constant('change' as const), channel: fc.nat(3), who: fc.nat(3) }),
      fc.record({ do: fc.constant('leave' as const), channel: fc.nat(3), who: fc.nat(3) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const { hub, connect } = setUp();
        const clients: (FakeSocket | undefined)[] = [];
        const everybody: FakeSocket[] = [];
        for (const step of actions) {
          const client = clients[step.who];
          const channel = channels[step.channel]?.login ?? '*';
          if (step.do === 'publish') hub.publish(chatMessage({ channel: channels[step.channel] ?? alpha }));
          else if (step.do === 'change') client?.say({ op: 'sub', filter: { channels: [channel] } });
          else {
            client?.listener?.onClose(1000);
            clients[step.who] = undefined;
            if (step.do !== 'join') continue;
            const joined = connect(`channels=${channel}`);
            clients[step.who] = joined;
            everybody.push(joined);
          }
        }
        for (const { sent } of everybody) checkChain(sent);
        expect(hub.status().connections).toBe(clients.filter((client) => client !== undefined).length);
      }),
    );
  });
});

/** Each event follows the cursor: its `prev` is not beyond it, its `seq` is; and each is of the filter in force. */
function checkChain(frames: readonly Record<string, unknown>[]): void {
  let cursor = 0;
  let selected = '';
  for (const frame of frames) {
    if (frame.k === 'sub') {
      cursor = Number(String(frame.cursor).split('-')[1]);
      selected = (frame.filter as { channels: string[] }).channels[0] ?? '';
    }
    if (frame.k !== 'ev') continue;
    expect(Number(frame.prev)).toBeLessThanOrEqual(cursor);
    expect(Number(frame.seq)).toBeGreaterThan(cursor);
    if (selected !== '*') expect((frame.ch as { id: string }).id).toBe(selected);
    cursor = Number(frame.seq);
  }
}
