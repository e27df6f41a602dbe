/** Twitch's PING on one chat connection: now and then the server asks, and who does not answer in time has gone. */

export interface PulseOptions {
  /** How often the server asks, ms. */
  readonly everyMs: number;
  /** How long an answer may take, ms. */
  readonly graceMs: number;
  /** @returns false when the question cannot reach the client, so that no answer is owed. */
  readonly ask: () => boolean;
  readonly onSilence: () => void;
}

export class Pulse {
  readonly #options: PulseOptions;
  readonly #asking: NodeJS.Timeout;
  #waiting: NodeJS.Timeout | undefined;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#asking = setInterval(() => this.#ask(), options.everyMs);
  }

  /** The client said PONG. */
  answer(): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
  }

  end(): void {
    clearInterval(this.#asking);
    this.answer();
  }

  #ask(): void {
    const { ask, graceMs, onSilence } = this.#options;
    if (ask()) this.#waiting ??= setTimeout(onSilence, graceMs);
  }
}
