/**
 * Twitch's own word on the budget, read from the headers of each answer. twurple keeps them to itself, so they are taken
 * where Node's fetch publishes every answer (diagnostics channel `undici:request:headers`, nodejs.org/api/diagnostics_channel).
 */
import diagnostics from 'node:diagnostics_channel';

export interface HelixBudget {
  /** Points a minute. */
  readonly limit: number;
  readonly remaining: number;
  /** ms since the epoch when the bucket is full again. */
  readonly resetsAt: number;
}

interface AnswerMessage {
  readonly response: { readonly headers: readonly (Buffer | string)[] };
}

/** Calls back with each answer that carries all three headers. @returns a function that ends it. */
export function watchRateLimit(onBudget: (budget: HelixBudget) => void): () => void {
  const listener = (message: unknown) => {
    const budget = readBudget((message as AnswerMessage).response.headers);
    if (budget !== undefined) onBudget(budget);
  };
  diagnostics.subscribe('undici:request:headers', listener);
  return () => diagnostics.unsubscribe('undici:request:headers', listener);
}

/** @param headers names and values in turn. */
export function readBudget(headers: readonly (Buffer | string)[]): HelixBudget | undefined {
  const found = new Map<string, number>();
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = String(headers[i]).toLowerCase();
    if (name.startsWith('ratelimit-')) found.set(name, Number(String(headers[i + 1])));
  }
  const limit = found.get('ratelimit-limit');
  const remaining = found.get('ratelimit-remaining');
  const resetSeconds = found.get('ratelimit-reset');
  if (limit === undefined || remaining === undefined || resetSeconds === undefined) return undefined;
  return { limit, remaining, resetsAt: resetSeconds * 1000 };
}
