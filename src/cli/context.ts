/** What a command gets from the process it runs in, and how it tells how it went. */
import type { Writable } from 'node:stream';

export interface CommandContext {
  /** Results, and nothing else. */
  readonly out: Writable;
  readonly err: (text: string) => void;
  /** A person is looking at standard error. */
  readonly isTerminal: boolean;
  readonly columns: number;
  /** First signal: stop in order. Its reason is an Error when a bug asks for it. */
  readonly interrupted: AbortSignal;
  /** Second signal: stop now. */
  readonly hurried: AbortSignal;
}

/** 78 is EX_CONFIG of sysexits.h, which systemd's RestartPreventExitStatus can name. */
export const exitCodes = { done: 0, fault: 1, badUsage: 2, badConfig: 78 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
