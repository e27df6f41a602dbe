/** The feed's figures, for the status route and for Prometheus. The hub keeps plain numbers; they are copied when somebody asks. */
import { Counter, Gauge, Histogram, type Registry } from '../ops/metrics.ts';
import type { EventType } from './event-types.ts';

export interface FeedStatus {
  readonly epoch: string;
  /** `seq` of the newest event. */
  readonly head: number;
  readonly connections: number;
  /** Connections since the start. */
  readonly opened: number;
  /** Distinct filters in use. */
  readonly groups: number;
  /** Events put on the feed, each counted once, whether or not anybody listened. */
  readonly published: Readonly<Partial<Record<EventType, number>>>;
  /** Event frames handed to sockets, and their bytes. */
  readonly delivered: number;
  readonly deliveredBytes: number;
  /** Ended connections by close code, `other` for codes that nobody defined. */
  readonly closes: Readonly<Record<string, number>>;
  /** Connections refused before they opened. */
  readonly refused: Readonly<Record<string, number>>;
  /** Clients closed because they did not keep up. */
  readonly slow: number;
  /** Sockets that an engine cut by itself; anything but 0 is a fault of ours. */
  readonly hardLimit: number;
}

/** Unread bytes over all connections. */
export interface Backlog {
  readonly bytes: number;
  readonly maxBytes: number;
}

export interface FeedMetrics {
  /** From a Fact's arrival to its frames in the hands of the sockets. */
  readonly fanoutSeconds: Histogram;
}

export function createFeedMetrics(registry: Registry, status: () => FeedStatus, backlog: () => Backlog): FeedMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const counter = (name: string, help: string, read: () => number, labels: Readonly<Record<string, string>> = {}) =>
    new Counter({
      name,
      help,
      registers,
      labelNames: Object.keys(labels),
      collect() {
        this.reset();
        this.inc(labels, read());
      },
    });
  const counters = (name: string, help: string, label: string, read: () => Readonly<Record<string, number>>) =>
    new Counter({
      name,
      help,
      registers,
      labelNames: [label],
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(read())) this.inc({ [label]: value }, count);
      },
    });
  const websocket = { transport: 'ws' };
  gauge('feed_connections', 'Open connections.', () => status().connections);
  gauge('feed_groups', 'Distinct filters in use.', () => status().groups);
  gauge('feed_head_seq', 'seq of the newest event.', () => status().head);
  gauge('feed_buffered_bytes', 'Bytes waiting for clients.', () => backlog().bytes);
  gauge('feed_buffered_bytes_max', 'Bytes waiting for the client that is furthest behind.', () => backlog().maxBytes);
  counter('feed_connections_total', 'Connections opened.', () => status().opened, websocket);
  counter('feed_deliveries_total', 'Event frames handed to sockets.', () => status().delivered, websocket);
  counter('feed_delivered_bytes_total', 'Bytes of those frames.', () => status().deliveredBytes, websocket);
  counter('feed_slow_total', 'Clients that did not keep up.', () => status().slow, { action: 'close' });
  counter('feed_hard_limit_total', 'Sockets that the engine cut by itself.', () => status().hardLimit);
  counters('feed_events_total', 'Events put on the feed.', 'type', () => status().published);
  counters('feed_disconnects_total', 'Ended connections.', 'code', () => status().closes);
  counters('feed_refused_total', 'Connections refused before they opened.', 'reason', () => status().refused);
  const fanoutSeconds = new Histogram({
    name: 'feed_fanout_duration_seconds',
    help: 'From the arrival of a fact to its frames in the hands of the sockets.',
    buckets: [0.00001, 0.00005, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05],
    registers,
  });
  return { fanoutSeconds };
}
