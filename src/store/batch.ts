/** Rows that travel in one INSERT under one deduplication token, and how such a batch falls into pieces when ClickHouse refuses it. */
import { type Lines, lineBytes } from './buffer.ts';

export interface Batch extends Lines {
  readonly token: string;
}

/**
 * Pieces of refused rows, in order. Nothing of a refused batch was stored: a
 * single block is stored whole or not at all.
 * @param row the row that ClickHouse named, from 1. It goes by itself, so that a good one is never set aside for it; where none was
 * named, halving finds it.
 */
export function splitRefused(lines: readonly string[], row: number | undefined): readonly Lines[] {
  const isNamed = row !== undefined && row >= 1 && row <= lines.length;
  const cuts = isNamed ? [row - 1, row] : [Math.ceil(lines.length / 2)];
  return [...cuts, lines.length]
    .map((end, index) => lines.slice(cuts[index - 1] ?? 0, end))
    .filter((part) => part.length > 0)
    .map((part) => ({ lines: part, bytes: part.reduce((sum, line) => sum + lineBytes(line), 0) }));
}
