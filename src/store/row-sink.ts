/** The one thing that ingest knows of the store: rows go in, on one synchronous stack, and are kept from then on. */
import type { Row } from './rows.ts';

export interface RowSink {
  /** Never waits, never throws. @returns false when the row could not be accepted; it is counted as dropped, with a reason. */
  append(row: Row): boolean;
}
