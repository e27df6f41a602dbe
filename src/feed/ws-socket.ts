/**
 * One socket of the `ws` engine, and the topics that join them. The frames of a topic are collected for one turn of the loop and
 * written to each member as one shared buffer; anything that must keep its place among them flushes the topic first.
 */
import type { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';
import { type FeedSocket, hardLimitBytes } from './transport.ts';
import { encodeTextFrames } from './ws-frame.ts';

/** A topic does not wait for the end of the turn once this much is collected. */
const flushAfterChars = 64 * 1024;

export class WsTopics {
  readonly #byName = new Map<string, Topic>();
  readonly #waiting = new Set<Topic>();
  #flushing: NodeJS.Immediate | undefined;

  publish(name: string, frame: string): void {
    const topic = this.#byName.get(name);
    if (topic === undefined) return;
    topic.frames.push(frame);
    topic.chars += frame.length;
    if (topic.chars >= flushAfterChars) {
      this.flush(topic);
      return;
    }
    this.#waiting.add(topic);
    this.#flushing ??= setImmediate(() => this.#flushAll());
  }

  join(name: string, socket: WsSocket): Topic {
    const topic = this.#byName.get(name) ?? { name, members: new Set(), frames: [], chars: 0 };
    this.#byName.set(name, topic);
    this.flush(topic);
    topic.members.add(socket);
    return topic;
  }

  leave(topic: Topic, socket: WsSocket): void {
    this.flush(topic);
    topic.members.delete(socket);
    if (topic.members.size === 0) this.#byName.delete(topic.name);
  }

  flush(topic: Topic): void {
    this.#waiting.delete(topic);
    if (topic.frames.length === 0) return;
    const bytes = encodeTextFrames(topic.frames);
    topic.frames = [];
    topic.chars = 0;
    for (const member of topic.members) member.write(bytes);
  }

  #flushAll(): void {
    this.#flushing = undefined;
    for (const topic of this.#waiting) this.flush(topic);
  }
}

interface Topic {
  readonly name: string;
  readonly members: Set<WsSocket>;
  frames: string[];
  chars: number;
}

export class WsSocket implements FeedSocket {
  readonly #client: WebSocket;
  readonly #stream: Duplex;
  readonly #topics: WsTopics;
  readonly #onHardLimit: () => void;
  #topic: Topic | undefined;

  constructor(client: WebSocket, stream: Duplex, topics: WsTopics, onHardLimit: () => void) {
    this.#client = client;
    this.#stream = stream;
    this.#topics = topics;
    this.#onHardLimit = onHardLimit;
  }

  send(frame: string): void {
    if (this.#topic) this.#topics.flush(this.#topic);
    this.write(encodeTextFrames([frame]));
  }

  subscribe(topic: string): void {
    this.#topic = this.#topics.join(topic, this);
  }

  unsubscribe(): void {
    if (this.#topic) this.#topics.leave(this.#topic, this);
    this.#topic = undefined;
  }

  bufferedBytes(): number {
    return this.#stream.writableLength;
  }

  close(code: number, reason: string): void {
    this.unsubscribe();
    setImmediate(() => this.#client.close(code, reason));
  }

  /** Whole frames, straight to the stream: `ws` would write header and payload of every frame for every socket again. */
  write(frames: Buffer): void {
    if (this.#client.readyState !== this.#client.OPEN) return;
    this.#stream.write(frames);
    if (this.#stream.writableLength <= hardLimitBytes) return;
    this.#onHardLimit();
    this.#client.terminate();
  }
}
