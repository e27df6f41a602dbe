/**
 * Everything that runs is a Service; the supervisor starts services in order and stops them in reverse.
 * A service that calls `fail` after its start brings the whole process down in order: there is no partial life.
 */

/** A part of the daemon that owns sockets, timers or buffers. `create…()` does no I/O; `start` does. */
export interface Service {
  readonly name: string;
  /**
   * Resolves when the service does its work. Rejects when it cannot start.
   * `signal` aborts when the daemon begins to stop; `fail` reports a fault that the service cannot heal by itself.
   */
  start(signal: AbortSignal, fail: (error: Error) => void): Promise<void>;
  /**
   * Ends the work and frees everything. Safe to call twice and after a failed start.
   * `deadline` aborts when the time for an orderly stop is over: give up what is left, do not throw for it.
   */
  stop(deadline: AbortSignal): Promise<void>;
}

/** One fault of one service, in which phase it happened. */
export interface Fault {
  readonly service: string;
  readonly phase: 'start' | 'run' | 'stop';
  readonly error: Error;
}

export interface Supervisor {
  /**
   * Starts all services in order. On a failed start those already started are stopped again, and the fault is thrown.
   * @returns whether all have started: false when a stop came first.
   */
  start(): Promise<boolean>;
  /** Stops all services in reverse order within the deadline. Idempotent: later calls wait for the first. */
  stop(): Promise<void>;
  /** Cuts a running stop short: the deadline is now (second signal). */
  hurry(): void;
  /** Resolves when everything has stopped, with all faults in the order in which they happened. */
  readonly closed: Promise<readonly Fault[]>;
}

export interface SupervisorOptions {
  readonly services: readonly Service[];
  /** How long an orderly stop may take, milliseconds. Must be shorter than the service manager's own limit. */
  readonly stopTimeoutMs: number;
  readonly onFault: (fault: Fault) => void;
  readonly onPhase?: (service: string, phase: 'starting' | 'started' | 'stopping' | 'stopped') => void;
}

export function createSupervisor(options: SupervisorOptions): Supervisor {
  return new OrderedSupervisor(options);
}

/** What a service gets after the deadline to give up what it still holds. */
const graceMs = 500;

class OrderedSupervisor implements Supervisor {
  readonly closed: Promise<readonly Fault[]>;
  readonly #options: SupervisorOptions;
  readonly #running = new AbortController();
  readonly #deadline = new AbortController();
  readonly #begun: Service[] = [];
  readonly #faults: Fault[] = [];
  readonly #close: (faults: readonly Fault[]) => void;
  /** Of the service that is starting right now. */
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const { promise, resolve } = deferred<readonly Fault[]>();
    this.closed = promise;
    this.#close = resolve;
  }

  async start(): Promise<boolean> {
    for (const service of this.#options.services) {
      if (this.#running.signal.aborted) return false;
      this.#begun.push(service);
      this.#options.onPhase?.(service.name, 'starting');
      try {
        this.#starting = service.start(this.#running.signal, (error) => this.#failed(service, error));
        await this.#starting;
      } catch (thrown) {
        // A start that the stop interrupted is no fault.
        if (this.#running.signal.aborted) return false;
        const fault = this.#report(service, 'start', asError(thrown));
        await this.stop();
        throw fault.error;
      }
      this.#options.onPhase?.(service.name, 'started');
    }
    return !this.#running.signal.aborted;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  hurry(): void {
    this.#deadline.abort(new Error('stop was cut short'));
  }

  #failed(service: Service, error: Error): void {
    if (this.#running.signal.aborted) return;
    this.#report(service, 'run', error);
    void this.stop();
  }

  async #stopAll(): Promise<void> {
    this.#running.abort(new Error('the daemon is stopping'));
    const timer = setTimeout(() => this.#deadline.abort(new Error('stop deadline')), this.#options.stopTimeoutMs);
    // What is half started cannot be stopped: it would go on to listen afterwards.
    await settled(this.#starting, this.#deadline.signal);
    for (const service of this.#begun.toReversed()) {
      this.#options.onPhase?.(service.name, 'stopping');
      try {
        await this.#stopOne(service);
      } catch (thrown) {
        this.#report(service, 'stop', asError(thrown));
      }
      this.#options.onPhase?.(service.name, 'stopped');
    }
    clearTimeout(timer);
    this.#close(this.#faults);
  }

  /** A service that does not heed the deadline must not keep the others from stopping. */
  async #stopOne(service: Service): Promise<void> {
    const deadline = this.#deadline.signal;
    const { promise: overdue, resolve } = deferred<'overdue'>();
    let timer: NodeJS.Timeout | undefined;
    const arm = () => {
      timer = setTimeout(() => resolve('overdue'), graceMs);
    };
    deadline.addEventListener('abort', arm, { once: true });
    if (deadline.aborted) arm();
    try {
      const outcome = await Promise.race([service.stop(deadline).then(() => 'stopped' as const), overdue]);
      if (outcome === 'overdue') throw new Error('did not stop within the deadline');
    } finally {
      clearTimeout(timer);
      deadline.removeEventListener('abort', arm);
    }
  }

  #report(service: Service, phase: Fault['phase'], error: Error): Fault {
    const fault: Fault = { service: service.name, phase, error };
    this.#faults.push(fault);
    this.#options.onFault(fault);
    return fault;
  }
}

/** Waits for a promise whatever becomes of it, but no longer than the signal allows. */
async function settled(promise: Promise<unknown> | undefined, deadline: AbortSignal): Promise<void> {
  if (promise === undefined || deadline.aborted) return;
  const { promise: over, resolve } = deferred<void>();
  deadline.addEventListener('abort', () => resolve(), { once: true });
  await Promise.race([
    promise.then(
      () => {},
      () => {},
    ),
    over,
  ]);
}

/** A promise and its resolve function (Promise.withResolvers exists only from Node 22 on). */
export function deferred<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** Waits; resolves early (without throwing) when the signal aborts. Returns whether the full time passed. */
export function pause(ms: number, signal?: AbortSignal): Promise<boolean> {
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const done = (whole: boolean) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(whole);
    };
    const onAbort = () => done(false);
    const timer = setTimeout(() => done(true), ms);
    signal?.addEventListener('abort', onAbort);
  });
}
