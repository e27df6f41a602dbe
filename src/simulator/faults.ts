/** Misbehaviour on order: a fault is laid in with a number of times, and taken by the protocol that meets the occasion. */

/** Faults that wait for their occasion. Each name says what happens to whom. */
export const waitingFaults = [
  'irc.lose_join',
  'irc.ghost_join',
  'irc.refuse_capabilities',
  'irc.refuse_login',
  'irc.split_line',
  /** The last page of a list is full, and brings a cursor that leads to an empty page. */
  'helix.cursor_on_last_page',
  'eventsub.no_welcome',
  'eventsub.lose_notification',
  'eventsub.repeat_notification',
  'oauth.fail',
] as const;
export type WaitingFault = (typeof waitingFaults)[number];

/** What befalls an HTTP request instead of, or before, its answer. */
export type HttpMishap =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'slow'; readonly delayMs: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'truncate' };

interface HttpFault {
  readonly mishap: HttpMishap;
  readonly path: string;
  times: number;
}

export class Faults {
  readonly #waiting = new Map<WaitingFault, number>();
  readonly #http: HttpFault[] = [];
  /** Live channels that the next answers of GET /streams leave out: channel id → how many times. */
  readonly #hidden = new Map<string, number>();

  lay(fault: WaitingFault, times: number): void {
    this.#waiting.set(fault, times);
  }

  /** True, and one fewer left, when the fault is due. */
  take(fault: WaitingFault): boolean {
    const left = this.#waiting.get(fault) ?? 0;
    if (left <= 0) return false;
    this.#waiting.set(fault, left - 1);
    return true;
  }

  /** @param path a prefix of the request's path: `/mock/streams`, `/mock`, `/auth/token`, … */
  layHttp(mishap: HttpMishap, path: string, times: number): void {
    this.#http.push({ mishap, path, times });
  }

  takeHttp(path: string): HttpMishap | undefined {
    const fault = this.#http.find((candidate) => candidate.times > 0 && path.startsWith(candidate.path));
    if (!fault) return undefined;
    fault.times--;
    return fault.mishap;
  }

  hideStream(channelId: string, times: number): void {
    this.#hidden.set(channelId, times);
  }

  takeHidden(channelId: string): boolean {
    const left = this.#hidden.get(channelId) ?? 0;
    if (left > 0) this.#hidden.set(channelId, left - 1);
    return left > 0;
  }

  /** Back to good behaviour. */
  clear(): void {
    this.#waiting.clear();
    this.#http.length = 0;
    this.#hidden.clear();
  }
}
