/**
 * What the simulated Twitch really did against what the daemon kept and sent: a pure comparison, which must be able to fail.
 * "Sent" is the simulator's own ledger, "stored" is counted in ClickHouse, "fed" by a client of the websocket feed.
 */
import type { Truth } from '../simulator/truth.ts';
import type { RowCount } from '../store/queries.ts';

/** A Change as it lies in ClickHouse. `after` is made comparable by `changeKey`'s rules. */
export interface StoredChange {
  readonly id: string;
  readonly kind: string;
  readonly channelId: string;
  readonly streamId: string;
  readonly after: string;
  /** ms since the epoch, the daemon's clock. */
  readonly detectedAt: number;
}

export interface DemoEvidence {
  readonly truth: Truth;
  readonly rows: readonly RowCount[];
  readonly changes: readonly StoredChange[];
  /** Events by feed type, as the client counted them. */
  readonly fed: Readonly<Record<string, number>>;
  readonly feed: { readonly clients: number; readonly delivered: number; readonly holes: number };
  /** Lines that the chat source could not keep, by reason. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly gaps: readonly {
    readonly source: string;
    readonly reason: string;
    readonly count: number;
    readonly totalMs: number;
  }[];
}

export interface DemoReport {
  readonly chat: {
    readonly sent: number;
    readonly stored: number;
    readonly fed: number;
    /** Rows beyond one for each different line. */
    readonly duplicates: number;
    /** Lines that the recording holds more than once, by Twitch's own id. Only with --replay. */
    readonly repeated: number;
    readonly rejected: Readonly<Record<string, number>>;
    readonly byCommand: Readonly<Record<string, { readonly sent: number; readonly stored: number }>>;
  };
  readonly changes: {
    readonly truth: number;
    readonly detected: number;
    readonly fed: number;
    readonly missed: number;
    readonly spurious: number;
    readonly latencyMs: { readonly p50: number | null; readonly p99: number | null };
  };
  readonly snapshots: { readonly expected: number; readonly stored: number };
  readonly feed: DemoEvidence['feed'];
  readonly gaps: DemoEvidence['gaps'];
  readonly lost: number;
  /** What does not agree, in words; empty when all is well. */
  readonly differences: readonly string[];
}

const chatTypes = ['chat.message', 'chat.notification', 'chat.cleared', 'chat.deleted', 'chat.notice', 'chat.settings'];
const changeTypes = ['stream.online', 'stream.offline', 'stream.update', 'channel.renamed'];

export function compareWithTruth(evidence: DemoEvidence): DemoReport {
  const chat = compareChat(evidence);
  const changes = compareChanges(evidence);
  const snapshots = {
    expected: evidence.truth.helix.streamRows,
    stored: sumOf(evidence.rows.filter(({ table }) => table === 'stream_snapshots').map(({ distinct }) => distinct)),
  };
  const lost =
    Math.max(0, chat.sent - chat.repeated - chat.stored) + Math.max(0, snapshots.expected - snapshots.stored);
  const report = { chat, changes, snapshots, feed: evidence.feed, gaps: evidence.gaps, lost };
  return { ...report, differences: differencesOf(report, evidence) };
}

function compareChat({ truth, rows, fed, rejected }: DemoEvidence): DemoReport['chat'] {
  const stored = rows.filter(({ table }) => table === 'chat_messages' || table === 'chat_events');
  const byCommand = Object.entries(truth.chat.byCommand).map(([command, sent]) => {
    const count = sumOf(stored.filter(({ kind }) => kind === command).map(({ distinct }) => distinct));
    return [command, { sent, stored: count }] as const;
  });
  return {
    sent: truth.chat.sent,
    stored: sumOf(stored.map(({ distinct }) => distinct)),
    fed: sumOf(chatTypes.map((type) => fed[type] ?? 0)),
    duplicates: sumOf(stored.map((row) => row.stored - row.distinct)),
    repeated: truth.chat.duplicates,
    rejected,
    byCommand: Object.fromEntries(byCommand),
  };
}

function compareChanges({ truth, changes, fed }: DemoEvidence): DemoReport['changes'] {
  const open = new Map<string, number[]>();
  for (const change of truth.changes) {
    const key = changeKey(change.kind, change.channelId, change.streamId, comparable(change.after));
    open.set(key, [...(open.get(key) ?? []), change.at]);
  }
  const latencies: number[] = [];
  let spurious = 0;
  for (const change of changes) {
    const happenedAt = open.get(changeKey(change.kind, change.channelId, change.streamId, change.after))?.shift();
    if (happenedAt === undefined) spurious += 1;
    else latencies.push(change.detectedAt - happenedAt);
  }
  latencies.sort((a, b) => a - b);
  return {
    truth: truth.changes.length,
    detected: latencies.length,
    fed: sumOf(changeTypes.map((type) => fed[type] ?? 0)),
    missed: truth.changes.length - latencies.length,
    spurious,
    latencyMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) },
  };
}

/** Online and offline are told by the session they belong to, everything else by what it became. */
function changeKey(kind: string, channelId: string, streamId: string, after: string): string {
  const isSession = kind === 'stream_online' || kind === 'stream_offline';
  return JSON.stringify([kind, channelId, isSession ? streamId : after]);
}

/** Tags are a set: their order says nothing. */
export function comparable(after: string | readonly string[]): string {
  return typeof after === 'string' ? after : JSON.stringify(after.toSorted());
}

function differencesOf(report: Omit<DemoReport, 'differences'>, { truth }: DemoEvidence): string[] {
  const { chat, changes, snapshots, feed, gaps } = report;
  const malformed = sumOf(Object.values(truth.chat.malformed));
  const checks: readonly (readonly [string, number, number])[] = [
    ['chat lines stored', chat.sent - chat.repeated, chat.stored],
    ['chat lines fed', chat.sent, chat.fed],
    ['rows doubled', 0, chat.duplicates],
    ['malformed lines counted', malformed, sumOf(Object.values(chat.rejected))],
    ['changes detected', changes.truth, changes.detected],
    ['changes fed', changes.truth, changes.fed],
    ['changes invented', 0, changes.spurious],
    ['snapshots stored', snapshots.expected, snapshots.stored],
    ['holes in the feed', 0, feed.holes],
    ['gaps in listening', 0, sumOf(gaps.map(({ count }) => count))],
  ];
  return checks.flatMap(([what, expected, found]) =>
    expected === found ? [] : [`${what}: ${found} instead of ${expected}`],
  );
}

function quantile(sorted: readonly number[], q: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? null;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0);
}
