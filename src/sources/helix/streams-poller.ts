/**
 * Asks Helix on schedule who of the watched channels is live. A sweep counts only when every batch of it was answered:
 * one that did not finish changes nothing, so a failed request never looks like a channel that went offline.
 */
import type { Channel } from '../../domain/channel.ts';
import type { Observation } from '../../domain/fact.ts';
import type { Service } from '../../lib/lifecycle.ts';
import { createSchedule, type ScheduleStatus } from '../../lib/schedule.ts';
import type { Logger } from '../../ops/log.ts';
import { type HelixBudget, type HelixClient, helixBatchSize } from './helix-client.ts';
import { observeStream } from './observe-stream.ts';

export interface StreamsPollerOptions {
  readonly client: HelixClient;
  readonly everySeconds: number;
  /** Whom to ask about, those with an id. */
  readonly channels: () => readonly Channel[];
  readonly ingest: (observation: Observation) => void;
  readonly log: Logger;
  readonly now?: () => number;
}

export interface StreamsPoller extends Service {
  status(): HelixStatus;
  /** One sweep now, off schedule. */
  sweepNow(): Promise<void>;
}

export interface HelixStatus {
  readonly sweep: ScheduleStatus;
  readonly budget: HelixBudget;
}

export function createStreamsPoller(options: StreamsPollerOptions): StreamsPoller {
  const now = options.now ?? Date.now;
  const schedule = createSchedule({
    name: 'helix streams',
    everySeconds: options.everySeconds,
    now,
    run: (tick, signal) => sweep(tick, signal),
    onFault: (error) => options.log.warn({ reason: error.message }, 'sweep failed, nothing changed'),
  });

  let lastSweptAt = 0;

  async function sweep(sweptAt: number, signal: AbortSignal): Promise<void> {
    // A sweep off schedule just before a tick counts for that tick.
    if (sweptAt === lastSweptAt) return;
    const channels = options.channels();
    if (channels.length === 0) return;
    const pages = await Promise.all(
      chunk(channels, helixBatchSize).map((batch) =>
        options.client.streams(
          batch.map((channel) => channel.id),
          signal,
        ),
      ),
    );
    const receivedAt = now();
    lastSweptAt = sweptAt;
    const live = new Map(pages.flatMap((page) => page.live.map((wire) => [wire.user_id, wire])));
    const unclear = new Set(pages.flatMap((page) => page.unclear));
    for (const channel of channels) {
      if (unclear.has(channel.id)) continue;
      const observation = observeStream(channel, live.get(channel.id), { sweptAt, receivedAt });
      if (observation !== undefined) options.ingest(observation);
    }
    options.log.debug({ channels: channels.length, live: live.size }, 'sweep done');
  }

  return {
    name: schedule.name,
    async start(signal, fail) {
      await schedule.start(signal, fail);
      // The first picture must not wait for the next tick.
      void schedule.runNow();
    },
    stop: (deadline) => schedule.stop(deadline),
    status: () => ({ sweep: schedule.status(), budget: options.client.budget() }),
    sweepNow: () => schedule.runNow(),
  };
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += size) chunks.push(items.slice(at, at + size));
  return chunks;
}
