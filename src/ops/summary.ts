/** One line a minute that says how it goes, so that a log read afterwards tells more than its faults. */
import type { Service } from '../lib/lifecycle.ts';
import type { Logger } from './log.ts';

export interface SummaryOptions {
  /** What to say; read when it is said. */
  readonly read: () => Readonly<Record<string, unknown>>;
  readonly log: Logger;
  /** A minute when not given. */
  readonly everyMs?: number;
}

export function createSummary({ read, log, everyMs = 60_000 }: SummaryOptions): Service {
  let timer: NodeJS.Timeout | undefined;
  return {
    name: 'summary',
    async start() {
      timer = setInterval(() => log.info(read(), 'summary'), everyMs);
    },
    async stop() {
      clearInterval(timer);
    },
  };
}
