/** A request to Helix that was given up. Its words hold the path and Twitch's reason, never the query or a credential. */
import { UpstreamError } from '../lib/errors.ts';

export class HelixError extends UpstreamError {
  /** Of the last answer; `undefined` when there was none. 404 means that there is no such thing, and is not repeated. */
  readonly status: number | undefined;

  constructor(message: string, options: ErrorOptions & { readonly retry: boolean; readonly status?: number }) {
    super(message, options);
    this.status = options.status;
  }
}
