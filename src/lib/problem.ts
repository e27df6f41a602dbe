/** The shape of an RFC 9457 problem document, for everything that answers HTTP: one content type, one set of members and titles. */
import { STATUS_CODES } from 'node:http';

export const problemContentType = 'application/problem+json';

/** The `code` of every fault of our own (status 500): the caller learns no more than that it is not the caller's. */
export const internalFaultCode = 'internal';

export interface ProblemMembers {
  readonly status: number;
  /** Stable, for programs. */
  readonly code: string;
  /** For people. */
  readonly detail: string;
}

export type ProblemDocument<Members extends ProblemMembers> = {
  readonly type: string;
  readonly title: string;
} & Members;

/** @param members go into the document as they are; extension members (RFC 9457 §3.2) are welcome. */
export function problemDocument<Members extends ProblemMembers>(members: Members): ProblemDocument<Members> {
  return { type: 'about:blank', title: statusTitle(members.status), ...members };
}

/** The reason phrase of a status, which RFC 9457 §4.2.1 asks for as the title under the type `about:blank`. */
export function statusTitle(status: number): string {
  return STATUS_CODES[status] ?? 'Error';
}
