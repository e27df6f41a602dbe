/** The figures of all budgets and requests of the process: made once, handed to each. */
import { Counter, Gauge, type Registry, Tally } from '../ops/metrics.ts';

export interface BudgetStatus {
  /** Points a minute. */
  readonly limit: number;
  /** Points that may be spent now. */
  readonly left: number;
  readonly queued: number;
  readonly underWay: number;
}

export type DropReason = 'queue_full';

/** What a budget reports to. */
export interface BudgetMetrics {
  watch(bucket: string, read: () => BudgetStatus): void;
  unwatch(bucket: string): void;
  countPoint(bucket: string, purpose: string): void;
  countDropped(reason: DropReason): void;
}

export interface HelixMetrics extends BudgetMetrics {
  /** @param status of one answer, or why there was none: `network`, `timeout`, `truncated`, `cancelled`. */
  countAnswer(status: string): void;
  /** Points used so far by bucket and purpose. */
  pointsUsed(): Readonly<Record<string, Readonly<Record<string, number>>>>;
}

export function createHelixMetrics(registry: Registry): HelixMetrics {
  const budgets = new Map<string, () => BudgetStatus>();
  const used: Record<string, Record<string, number>> = {};
  const answers = new Tally(registry, {
    name: 'helix_requests_total',
    help: 'Answers of Helix by HTTP status; network, timeout, truncated or cancelled for requests without one',
    label: 'status',
  });
  const dropped = new Tally<DropReason>(registry, {
    name: 'helix_requests_dropped_total',
    help: 'Requests to Helix that were never sent',
    label: 'reason',
  });
  const points = new Counter({
    name: 'helix_points_used_total',
    help: 'Points of the rate limit spent, by whose bucket and for what',
    labelNames: ['bucket', 'purpose'],
    registers: [registry],
  });
  const gauge = (name: string, help: string, read: (status: BudgetStatus) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['bucket'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [bucket, status] of budgets) this.set({ bucket }, read(status()));
      },
    });
  gauge('helix_points_left', 'Points that may be spent now', ({ left }) => left);
  gauge('helix_points_limit', 'Points a minute that Twitch allows', ({ limit }) => limit);
  gauge('helix_queue_length', 'Requests that wait for their point', ({ queued }) => queued);

  return {
    watch: (bucket, read) => {
      if (budgets.has(bucket)) throw new TypeError(`there is a bucket ${bucket} already`);
      budgets.set(bucket, read);
    },
    unwatch: (bucket) => {
      budgets.delete(bucket);
    },
    countPoint(bucket, purpose) {
      points.inc({ bucket, purpose });
      used[bucket] ??= {};
      used[bucket][purpose] = (used[bucket][purpose] ?? 0) + 1;
    },
    countDropped: (reason) => dropped.add(reason),
    countAnswer: (status) => answers.add(status),
    pointsUsed: () => structuredClone(used),
  };
}
