/** Periodic work on node-cron: it never overlaps itself, a failed run is reported and changes nothing, and its last and next run can be asked for. */
import cron, { type ScheduledTask } from 'node-cron';
import { asError, type Service } from './lifecycle.ts';

export interface ScheduleOptions {
  readonly name: string;
  /** Seconds between runs, aligned to the clock: a divisor of 60, or of 3600 in whole minutes. */
  readonly everySeconds: number;
  /**
   * @param tick the scheduled instant, ms since the epoch: a multiple of the interval, the same in every process.
   * @param signal aborts when the daemon stops.
   */
  readonly run: (tick: number, signal: AbortSignal) => Promise<void>;
  readonly onFault: (error: Error) => void;
  readonly now?: () => number;
}

export interface ScheduleStatus {
  /** ms since the epoch. */
  readonly lastRunAt: number | undefined;
  readonly lastSuccessAt: number | undefined;
  readonly lastDurationMs: number | undefined;
  readonly lastError: string | undefined;
  readonly nextRunAt: number | undefined;
  /** undefined between runs. */
  readonly runningForMs: number | undefined;
  readonly runs: number;
  readonly failures: number;
  /** Ticks left out because the run before was not over. */
  readonly overlaps: number;
}

export interface Schedule extends Service {
  status(): ScheduleStatus;
  /** Runs now, off schedule, unless a run is under way. Resolves when it is over. */
  runNow(): Promise<void>;
}

/** Whether an interval can be aligned to the clock. */
export function isAlignedInterval(seconds: number): boolean {
  if (!Number.isInteger(seconds) || seconds < 1) return false;
  return seconds < 60 ? 60 % seconds === 0 : seconds % 60 === 0 && 3600 % seconds === 0;
}

export function createSchedule(options: ScheduleOptions): Schedule {
  return new CronSchedule(options);
}

class CronSchedule implements Schedule {
  readonly name: string;
  readonly #options: ScheduleOptions;
  readonly #now: () => number;
  #task: ScheduledTask | undefined;
  #signal: AbortSignal = AbortSignal.abort();
  #current: Promise<void> | undefined;
  /** performance.now() of the start of the last run. */
  #began = 0;
  #lastRunAt: number | undefined;
  #lastSuccessAt: number | undefined;
  #lastDurationMs: number | undefined;
  #lastError: string | undefined;
  #runs = 0;
  #failures = 0;
  #overlaps = 0;

  constructor(options: ScheduleOptions) {
    this.name = options.name;
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  async start(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#task = cron.createTask(cronExpression(this.#options.everySeconds), () => this.runNow(), {
      name: this.name,
      suppressMissedWarning: true,
    });
    await this.#task.start();
  }

  async stop(deadline: AbortSignal): Promise<void> {
    await this.#task?.destroy();
    this.#task = undefined;
    // The run's own signal has aborted by now; one that does not heed it is left behind.
    if (this.#current !== undefined) await Promise.race([this.#current, aborted(deadline)]);
  }

  runNow(): Promise<void> {
    if (this.#signal.aborted) return Promise.resolve();
    if (this.#current !== undefined) {
      this.#overlaps += 1;
      return this.#current;
    }
    this.#current = this.#run().finally(() => {
      this.#current = undefined;
    });
    return this.#current;
  }

  status(): ScheduleStatus {
    return {
      lastRunAt: this.#lastRunAt,
      lastSuccessAt: this.#lastSuccessAt,
      lastDurationMs: this.#lastDurationMs,
      lastError: this.#lastError,
      nextRunAt: this.#task?.getNextRun()?.getTime(),
      runningForMs: this.#current === undefined ? undefined : Math.round(performance.now() - this.#began),
      runs: this.#runs,
      failures: this.#failures,
      overlaps: this.#overlaps,
    };
  }

  async #run(): Promise<void> {
    const startedAt = this.#now();
    this.#began = performance.now();
    const everyMs = this.#options.everySeconds * 1000;
    try {
      // A timer may fire a few milliseconds early; half a second forgives that.
      await this.#options.run(Math.floor((startedAt + 500) / everyMs) * everyMs, this.#signal);
      this.#lastError = undefined;
      this.#lastSuccessAt = startedAt;
    } catch (thrown) {
      const error = asError(thrown);
      this.#failures += 1;
      this.#lastError = error.message;
      if (!this.#signal.aborted) this.#options.onFault(error);
    }
    this.#runs += 1;
    this.#lastRunAt = startedAt;
    this.#lastDurationMs = Math.round(performance.now() - this.#began);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function cronExpression(everySeconds: number): string {
  if (everySeconds < 60) return `*/${everySeconds} * * * * *`;
  return everySeconds === 3600 ? '0 0 * * * *' : `0 */${everySeconds / 60} * * * *`;
}
