/** What the writer counts, per batch and never per row except for drops. */
import { Counter, Gauge, Histogram, type Registry } from '../ops/metrics.ts';
import type { ByteBudget } from './buffer.ts';

export type WriterMetrics = ReturnType<typeof createWriterMetrics>;

export function createWriterMetrics(registry: Registry, budget: ByteBudget) {
  const registers = [registry];
  new Gauge({
    name: 'store_buffer_bytes',
    help: 'Bytes of rows accepted and not stored yet',
    registers,
    collect() {
      this.set(budget.used);
    },
  });
  return {
    inserted: new Counter({
      name: 'store_inserted_rows_total',
      help: 'Rows that ClickHouse acknowledged',
      labelNames: ['table'] as const,
      registers,
    }),
    attempts: new Counter({
      name: 'store_insert_attempts_total',
      help: 'INSERTs sent, by what came of them',
      labelNames: ['table', 'outcome'] as const,
      registers,
    }),
    seconds: new Histogram({
      name: 'store_insert_seconds',
      help: 'Duration of INSERTs that succeeded',
      labelNames: ['table'] as const,
      buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
    dropped: new Counter({
      name: 'store_dropped_rows_total',
      help: 'Rows lost: refused (overflow, stopped) or given up at the deadline of a stop',
      labelNames: ['table', 'reason'] as const,
      registers,
    }),
    quarantined: new Counter({
      name: 'store_quarantined_rows_total',
      help: 'Rows that ClickHouse does not take, kept in the quarantine directory',
      labelNames: ['table', 'code'] as const,
      registers,
    }),
  };
}
