/** What a client asked wrongly. Thrown while a request is read, caught where requests are answered: it becomes an `err` frame. */
import { RequestError } from '../lib/errors.ts';
import { type CloseCode, closeCodes } from './close-codes.ts';

export interface BadRequestOptions {
  /** Which part of the request: `types[0]`, `hb`. */
  readonly path?: string;
  /** How the connection ends when the fault is in its URL, or is one that no connection survives. */
  readonly close?: CloseCode;
}

/** Messages quote the client; this keeps the quotation short. */
const maxMessageLength = 200;

export class BadRequest extends RequestError {
  readonly path: string | undefined;
  readonly close: CloseCode;

  /** @param code for programs: `bad_parameter`, `bad_filter`, `unknown_channel`, `unknown_op`, `not_supported`, … */
  constructor(code: string, message: string, options: BadRequestOptions = {}) {
    super(400, code, message.slice(0, maxMessageLength));
    this.path = options.path?.slice(0, maxMessageLength);
    this.close = options.close ?? closeCodes.badRequest;
  }
}

/** For what the protocol has and this version has not: better refused than quietly ignored. */
export function notSupported(what: string, path: string): BadRequest {
  return new BadRequest('not_supported', `${what} is not supported in this version`, { path });
}
