/**
 * Keeps one cause from filling the log: of warnings and errors with the same words, so many a minute are written, and the
 * rest is told as a number when the minute is over. Nothing is left out without being counted.
 */
import type { LogFn, Logger } from 'pino';

/** Of each message in one window. */
const burst = 10;
const windowMs = 60_000;
/** Below pino's level of `warn` nothing is held back. */
const warnLevel = 40;

type LogMethod = (this: Logger, args: Parameters<LogFn>, method: LogFn, level: number) => void;

/** For pino's hook `logMethod`. Messages are constant texts, so there are few of them. */
export function limitRepeats(): LogMethod {
  const written = new Map<string, { count: number }>();
  return function logMethod(args, method, level) {
    if (level < warnLevel) {
      method.apply(this, args);
      return;
    }
    const [first, second] = args as readonly unknown[];
    const message = typeof first === 'string' ? first : String(second);
    const key = `${level} ${String(this.bindings().part ?? '')} ${message}`;
    const window = written.get(key) ?? { count: 0 };
    window.count += 1;
    if (window.count <= burst) method.apply(this, args);
    if (window.count > 1) return;
    written.set(key, window);
    setTimeout(() => {
      written.delete(key);
      const heldBack = window.count - burst;
      if (heldBack > 0) method.apply(this, [{ heldBack, seconds: windowMs / 1000 }, `${message} (repeated)`]);
    }, windowMs).unref();
  };
}
