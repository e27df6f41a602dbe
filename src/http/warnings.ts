/** What a person should look at, derived from the status by fixed rules, worst first. Pure, so that the page and scripts agree. */
import type { Status } from './deps.ts';

export const warningLevels = ['error', 'warning', 'info'] as const;

export interface Warning {
  /** `error`: data is being lost or a person is needed; `warning`: degraded, healing itself; `info`: a choice with consequences. */
  readonly level: (typeof warningLevels)[number];
  /** Stable, for programs. */
  readonly code: string;
  /** One or two sentences: what is wrong and what to do. */
  readonly message: string;
}

/** Below this share of the rate-limit bucket the sweeps are about to be slowed down. */
const lowBudgetShare = 0.1;
const fullBacklogShare = 0.5;
/** Timers fire at least this late in the slowest hundredth: people see it as lag in the feed. */
const slowLoopMs = 100;
const overdueMs = 30_000;

/** @param now ms since the epoch. */
export function findWarnings(status: Status, now: number): readonly Warning[] {
  const found = [
    ...chatWarnings(status),
    ...helixWarnings(status, now),
    ...storeWarnings(status),
    ...lossWarnings(status),
    ...loopWarnings(status),
  ];
  return found.toSorted((a, b) => warningLevels.indexOf(a.level) - warningLevels.indexOf(b.level));
}

function* chatWarnings({ chat, credentials }: Status): Generator<Warning> {
  if (credentials.state === 'absent') {
    const message = `Who is live is not known: ${credentials.reason}.`;
    yield { level: 'info', code: 'chat_only', message };
  }
  const { open, wanted } = chat.connections;
  if (open < wanted) {
    const level = open === 0 ? 'error' : 'warning';
    yield { level, code: 'chat_disconnected', message: `${wanted - open} of ${wanted} chat connections are down.` };
  }
  if (chat.failed > 0) {
    const noun = chat.failed === 1 ? 'channel was' : 'channels were';
    yield { level: 'warning', code: 'join_failed', message: `${chat.failed} ${noun} not joined: no chat from there.` };
  }
}

function* helixWarnings({ helix }: Status, now: number): Generator<Warning> {
  if (helix === undefined) return;
  if (helix.lastError !== undefined) {
    yield { level: 'warning', code: 'sweep_failing', message: `The last sweep failed: ${helix.lastError.message}` };
  } else if (helix.nextSweepAt !== undefined && now - helix.nextSweepAt > overdueMs) {
    const seconds = Math.round((now - helix.nextSweepAt) / 1000);
    yield { level: 'warning', code: 'sweep_overdue', message: `The next sweep is ${seconds} s overdue.` };
  }
  if (helix.budget !== undefined && helix.budget.left < helix.budget.limit * lowBudgetShare) {
    const message = `Only ${helix.budget.left} of ${helix.budget.limit} Helix points are left this minute.`;
    yield { level: 'warning', code: 'budget_low', message };
  }
}

function* storeWarnings({ store }: Status): Generator<Warning> {
  if (store.lastError !== undefined) {
    yield { level: 'error', code: 'store_failing', message: `ClickHouse refuses rows: ${store.lastError.message}` };
  }
  if (store.queryPortError !== undefined) {
    yield {
      level: 'warning',
      code: 'query_port',
      message: `Analysts cannot query ClickHouse: ${store.queryPortError}`,
    };
  }
  if (store.pendingBytes > store.maxPendingBytes * fullBacklogShare) {
    const percent = Math.round((100 * store.pendingBytes) / store.maxPendingBytes);
    const message = `The buffer before ClickHouse is ${percent} % full; when it overflows, rows are lost.`;
    yield { level: 'error', code: 'store_backlog', message };
  }
}

function* lossWarnings({ drops, gaps }: Status): Generator<Warning> {
  const dropped = drops.reduce((sum, drop) => sum + drop.count, 0);
  if (dropped > 0) {
    const reasons = drops.filter((drop) => drop.count > 0).map((drop) => `${drop.part} ${drop.reason} ${drop.count}`);
    yield { level: 'warning', code: 'dropped', message: `${dropped} dropped since the start: ${reasons.join(', ')}.` };
  }
  const missed = gaps.reduce((sum, gap) => sum + gap.count, 0);
  if (missed > 0) {
    const seconds = Math.round(gaps.reduce((sum, gap) => sum + gap.totalMs, 0) / 1000);
    const noun = missed === 1 ? 'gap' : 'gaps';
    const message = `${missed} ${noun} in what we received since the start, ${seconds} s in all.`;
    yield { level: 'warning', code: 'gaps', message };
  }
}

function* loopWarnings({ eventLoop }: Status): Generator<Warning> {
  if (eventLoop.delayP99Ms <= slowLoopMs) return;
  const message = `The process is overloaded: timers fire ${Math.round(eventLoop.delayP99Ms)} ms late (p99).`;
  yield { level: 'warning', code: 'event_loop_slow', message };
}
