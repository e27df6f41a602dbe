/** What a person sees of the demo: one line that moves while it plays, and a table at the end. */
import type { Simulator } from '../simulator/simulator.ts';
import type { CommandContext } from './context.ts';
import type { Daemon } from './daemon.ts';
import type { DemoReport } from './demo-report.ts';

export interface Progress {
  end(): void;
}

/** One line a second on a terminal, nothing elsewhere. */
export function showProgress(
  context: CommandContext,
  options: { readonly for?: number },
  { simulator, daemon }: { readonly simulator: Simulator; readonly daemon: Daemon },
): Progress {
  if (!context.isTerminal) return { end: () => {} };
  const began = performance.now();
  const width = Math.max(0, context.columns - 1);
  const timer = setInterval(() => {
    const { chat, changes, liveNow } = simulator.truth();
    const elapsed = performance.now() - began;
    const bar = options.for === undefined ? `${Math.round(elapsed / 1000)} s` : renderBar(elapsed / options.for);
    const status = daemon.app.writer.status();
    const stored = Object.values(status.tables).reduce((sum, table) => sum + table.insertedRows, 0);
    const line = `${bar}  ${liveNow.length} live  ${chat.sent} lines sent  ${stored} rows stored  ${changes.length} changes`;
    context.err(`\r${line.slice(0, width).padEnd(width)}`);
  }, 1000);
  return {
    end: () => {
      clearInterval(timer);
      context.err(`\r${' '.repeat(width)}\r`);
    },
  };
}

function renderBar(share: number): string {
  const width = 20;
  const full = Math.min(width, Math.floor(share * width));
  return `[${'█'.repeat(full)}${'·'.repeat(width - full)}] ${Math.min(100, Math.floor(share * 100))}%`;
}

export function renderReport({ chat, changes, snapshots, feed, differences, ...rest }: DemoReport): string {
  const rows = [
    ['', 'really', 'stored', 'on the feed'],
    ['chat lines', chat.sent, chat.stored, chat.fed],
    ...Object.entries(chat.byCommand).map(([command, { sent, stored }]) => [`  ${command}`, sent, stored, '']),
    ['changes', changes.truth, changes.detected, changes.fed],
    ['snapshots', snapshots.expected, snapshots.stored, ''],
  ];
  const table = rows.map(
    ([name, ...cells]) => `${String(name).padEnd(16)}${cells.map((cell) => String(cell).padStart(13)).join('')}`,
  );
  const { p50, p99 } = changes.latencyMs;
  const words = [
    `changes noticed after ${p50 ?? '–'} ms (median), ${p99 ?? '–'} ms (99 of 100)`,
    `${feed.clients} feed clients got ${feed.delivered} events with ${feed.holes} holes; ${rest.lost} lost`,
    differences.length === 0
      ? 'Everything agrees.'
      : `It does not agree:\n${differences.map((text) => `  ${text}`).join('\n')}`,
  ];
  return `${[...table, '', ...words].join('\n')}\n`;
}
