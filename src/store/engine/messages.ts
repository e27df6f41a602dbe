/** What the daemon and the process that hosts the engine say to each other over the channel that `fork` opens. */

/** How analysts may read: who, and how much one query may take. */
export interface ReaderOptions {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly limits: ReadLimits;
}

export interface ReadLimits {
  readonly maxSeconds: number;
  /** A longer result is an error, never a silent cut. */
  readonly maxRows: number;
  readonly maxMemoryBytes: number;
  /** Queries at the same time; one more is refused. Each holds a thread of the engine's process. */
  readonly maxQueries: number;
}

export interface OpenMessage {
  readonly kind: 'open';
  readonly directory: string;
  readonly socketPath: string;
  readonly database: string;
  readonly memoryLimitBytes: number;
  readonly reader: ReaderOptions | undefined;
}

export type ToEngine = OpenMessage | { readonly kind: 'close' };

/** The analysts' port: where it listens, or why it does not. It is tried again then. */
export type ReaderState =
  | { readonly port: number }
  /** code: Node's, such as EADDRINUSE. */
  | { readonly error: string; readonly code: string | undefined };

export type FromEngine =
  /** Comes as soon as the daemon is served; reader is undefined when none was asked for. */
  | { readonly kind: 'ready'; readonly version: string; readonly reader: ReaderState | undefined }
  /** A reader that could not listen at first does now. */
  | { readonly kind: 'reader'; readonly reader: ReaderState }
  | { readonly kind: 'failed'; readonly reason: FailReason; readonly message: string };

/** `missing`: the optional package is not installed. `locked`: another process holds the directory. */
export type FailReason = 'missing' | 'locked' | 'other';
