/** The parts that status pages, probes and snapshots look at. */
import type { WatchList } from '../channels/watch-list.ts';
import type { LiveBoard } from '../detect/live-board.ts';
import type { FeedServer } from '../feed/feed-server.ts';
import type { FeedHub } from '../feed/hub.ts';
import type { EventLoopWatch } from '../ops/event-loop.ts';
import type { ChatSource } from '../sources/chat/chat-source.ts';
import type { StreamsPoller } from '../sources/helix/streams-poller.ts';
import type { EmbeddedEngine } from '../store/engine/embedded-engine.ts';
import type { Writer } from '../store/writer.ts';

export interface ViewedParts {
  readonly startedAt: number;
  readonly watchList: WatchList;
  readonly board: LiveBoard;
  readonly writer: Writer;
  readonly hub: FeedHub;
  readonly server: () => FeedServer;
  readonly loop: EventLoopWatch;
  /** undefined when chat is switched off. */
  readonly chat: ChatSource | undefined;
  /** undefined without credentials. */
  readonly streams: StreamsPoller | undefined;
  /** undefined with a server by URL. */
  readonly engine: EmbeddedEngine | undefined;
  readonly isStoreReady: () => boolean;
}
