/** How late the event loop is, over the last interval that somebody looked at. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Service } from '../lib/lifecycle.ts';
import { Gauge, type Registry } from './metrics.ts';

export interface LoopDelay {
  readonly delayP50Ms: number;
  readonly delayP99Ms: number;
  readonly delayMaxMs: number;
}

export interface EventLoopWatch extends Service {
  /** Of the last whole interval; zeros before the first. */
  read(): LoopDelay;
}

const resolutionMs = 10;
const intervalMs = 10_000;

export function watchEventLoop(registry: Registry): EventLoopWatch {
  let histogram: IntervalHistogram | undefined;
  let timer: NodeJS.Timeout | undefined;
  let last: LoopDelay = { delayP50Ms: 0, delayP99Ms: 0, delayMaxMs: 0 };
  // Node's histogram holds whole sampling intervals: what is above the interval itself is the delay.
  const delay = (nanoseconds: number) => Math.max(0, Math.round((nanoseconds / 1e6 - resolutionMs) * 10) / 10);
  new Gauge({
    name: 'event_loop_delay_seconds',
    help: 'How late timers fire, over the last 10 seconds',
    labelNames: ['quantile'],
    registers: [registry],
    collect() {
      this.set({ quantile: '0.5' }, last.delayP50Ms / 1000);
      this.set({ quantile: '0.99' }, last.delayP99Ms / 1000);
      this.set({ quantile: '1' }, last.delayMaxMs / 1000);
    },
  });
  return {
    name: 'event loop watch',
    async start() {
      const measured = monitorEventLoopDelay({ resolution: resolutionMs });
      histogram = measured;
      measured.enable();
      timer = setInterval(() => {
        last = {
          delayP50Ms: delay(measured.percentile(50)),
          delayP99Ms: delay(measured.percentile(99)),
          delayMaxMs: delay(measured.max),
        };
        measured.reset();
      }, intervalMs);
    },
    async stop() {
      clearInterval(timer);
      histogram?.disable();
    },
    read: () => last,
  };
}
