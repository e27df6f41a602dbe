/** A place in the stream of events: the epoch names the journal, `seq` the entry. One opaque string to clients. */
import { BadRequest } from './bad-request.ts';

export interface Cursor {
  readonly epoch: string;
  readonly seq: number;
}

export function formatCursor(epoch: string, seq: number): string {
  return `${epoch}-${seq}`;
}

const cursorPattern = /^([a-z0-9]{1,32})-(0|[1-9][0-9]{0,15})$/;

/** @throws BadRequest when the text is no cursor; whether it can be honoured is another question. */
export function parseCursor(text: string | undefined): Cursor | undefined {
  if (text === undefined) return undefined;
  const [, epoch, digits] = cursorPattern.exec(text) ?? [];
  const seq = Number(digits);
  if (epoch === undefined || !Number.isSafeInteger(seq)) {
    throw new BadRequest('bad_parameter', 'since is no cursor of this feed', { path: 'since' });
  }
  return { epoch, seq };
}
