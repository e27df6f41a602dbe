/** The three kinds of fault that somebody other than us can mend. Anything else that is thrown is a bug. */

/** The operator's: a setting that cannot work. The command prints every problem at once and exits 78 (EX_CONFIG, sysexits.h). */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], options?: ErrorOptions) {
    super(`configuration: ${problems.map((p) => `${p.path}: ${p.message}`).join('; ')}`, options);
    this.problems = problems;
  }
}

export interface ConfigProblem {
  /** Where: `chat.channels[2]`, or the name of a file or variable. */
  readonly path: string;
  readonly message: string;
}

/** A service we depend on refused or vanished. Its connection's owner decides by `retry`. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly retry: boolean;

  constructor(message: string, options: ErrorOptions & { retry: boolean }) {
    super(message, options);
    this.retry = options.retry;
  }
}

/** The caller's: a request that cannot be answered as asked. Becomes an RFC 9457 problem document or an `err` frame. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
  }
}
