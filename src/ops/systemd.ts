/**
 * Tells systemd that the daemon is ready, how it is doing, that it is alive and that it stops (sd_notify(3)). Node cannot
 * open unix datagram sockets, so each message is one run of `systemd-notify`; the unit needs `NotifyAccess=all` for that.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { asError, pause, type Service } from '../lib/lifecycle.ts';
import type { Logger } from './log.ts';

const run = promisify(execFile);

/** Without a watchdog, systemd hears the status this often, and only when it changed. */
const statusIntervalMs = 30_000;
const sendTimeoutMs = 5000;

/** What the service manager asked for. */
export interface NotifySettings {
  /** Path of the socket, or `@name` of an abstract one. */
  readonly socket: string;
  /** A ping must come at least this often; `undefined` when no watchdog is set. */
  readonly watchdogMs: number | undefined;
}

/**
 * Reads what systemd put into the environment (sd_notify(3), sd_watchdog_enabled(3)).
 *
 * @param pid our own: a watchdog that is meant for another process is none of ours.
 * @returns `undefined` when nobody wants to be notified.
 */
export function readNotifySettings(
  env: Readonly<Record<string, string | undefined>>,
  pid: number,
): NotifySettings | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: usec, WATCHDOG_PID: watchdogPid } = env;
  if (socket === undefined || socket === '') return undefined;
  const isOurs = watchdogPid === undefined || watchdogPid === String(pid);
  const watchdogMs = Number(usec) / 1000;
  return { socket, watchdogMs: isOurs && watchdogMs > 0 ? watchdogMs : undefined };
}

export interface SystemdOptions {
  /** With `undefined` the service does nothing at all. */
  readonly settings: NotifySettings | undefined;
  /** Asked before each ping. While it says no, the pings stop, and systemd restarts us when its patience ends. */
  readonly isHealthy: () => boolean;
  /** One line for `systemctl status`. */
  readonly describe: () => string;
  readonly log: Logger;
  /** The program that sends; looked up in the system's own folders unless it is a path. */
  readonly command?: string;
}

/** Belongs last in the list of services: its start says `READY=1` for all before it, its stop comes before theirs. */
export function createSystemd(options: SystemdOptions): Service {
  return new SystemdService(options);
}

class SystemdService implements Service {
  readonly name = 'systemd';
  readonly #options: SystemdOptions;
  readonly #stopping = new AbortController();
  #pulse: Promise<void> | undefined;
  #lastStatus = '';

  constructor(options: SystemdOptions) {
    this.#options = options;
  }

  async start(_signal: AbortSignal, fail: (error: Error) => void): Promise<void> {
    const { settings } = this.#options;
    if (settings === undefined) return;
    // A READY that cannot be sent ends in a time-out far from its cause: rather fail here, where the reason is known.
    await this.#send(settings, ['READY=1', ...this.#status(true)]);
    this.#pulse = this.#beat(settings).catch((error) => fail(asError(error)));
  }

  async stop(deadline: AbortSignal): Promise<void> {
    if (this.#pulse === undefined || this.#options.settings === undefined) return;
    const isFirst = !this.#stopping.signal.aborted;
    this.#stopping.abort();
    await this.#pulse;
    if (isFirst) await this.#try(this.#options.settings, ['STOPPING=1', 'STATUS=stopping'], deadline);
  }

  /** Twice per watchdog interval, as sd_watchdog_enabled(3) advises. The loop itself proves that the event loop turns. */
  async #beat(settings: NotifySettings): Promise<void> {
    const { watchdogMs } = settings;
    const { isHealthy, log } = this.#options;
    const intervalMs = watchdogMs === undefined ? statusIntervalMs : watchdogMs / 2;
    while (await pause(intervalMs, this.#stopping.signal)) {
      const isAlive = isHealthy();
      if (!isAlive && watchdogMs !== undefined) log.warn('not healthy: no ping for the watchdog');
      const ping = watchdogMs !== undefined && isAlive ? ['WATCHDOG=1'] : [];
      const message = [...ping, ...this.#status(false)];
      if (message.length > 0) await this.#try(settings, message, this.#stopping.signal);
    }
  }

  #status(always: boolean): string[] {
    const status = this.#options.describe().replaceAll('\n', ' ');
    if (status === this.#lastStatus && !always) return [];
    this.#lastStatus = status;
    return [`STATUS=${status}`];
  }

  async #try(settings: NotifySettings, message: readonly string[], signal: AbortSignal): Promise<void> {
    try {
      await this.#send(settings, message, signal);
    } catch (error) {
      if (signal.aborted) return;
      this.#options.log.warn({ err: error }, 'systemd was not notified');
    }
  }

  async #send({ socket }: NotifySettings, message: readonly string[], signal?: AbortSignal): Promise<void> {
    const command = this.#options.command ?? 'systemd-notify';
    try {
      await run(command, message, {
        env: { NOTIFY_SOCKET: socket, PATH: '/usr/bin:/bin' },
        timeout: sendTimeoutMs,
        ...(signal && { signal }),
      });
    } catch (error) {
      throw new Error(`${command} could not deliver ${message[0]}`, { cause: error });
    }
  }
}
