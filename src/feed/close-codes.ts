/**
 * Every code with which the feed ends a connection. The range is the verdict for clients that know no codes:
 * 1xxx and 4000–4499 come back, 4500–4999 do not.
 */

export interface CloseCode {
  readonly code: number;
  /** Goes into the close frame, so it stays below the 123 bytes of RFC 6455 §5.5. */
  readonly reason: string;
}

export const closeCodes = {
  internal: { code: 4000, reason: 'internal error' },
  restart: { code: 4001, reason: 'restart' },
  slowConsumer: { code: 4008, reason: 'slow consumer' },
  tooManyOperations: { code: 4029, reason: 'too many operations' },
  badRequest: { code: 4500, reason: 'bad request' },
  versionNotSupported: { code: 4506, reason: 'version not supported' },
  messageNotAccepted: { code: 4509, reason: 'message too large or binary' },
} as const satisfies Record<string, CloseCode>;

/** Codes that a peer or an engine produces; with ours, the bounded set of values of the metric's label. */
const commonCodes = [1000, 1001, 1002, 1005, 1006, 1007, 1009, 1011];
const knownCodes = new Set([...commonCodes, ...Object.values(closeCodes).map((entry) => entry.code)]);

/** The code as a label: a peer may invent codes, and a metric must not grow with its imagination. */
export function closeCodeLabel(code: number): string {
  return knownCodes.has(code) ? String(code) : 'other';
}
