/** How long the chat connections wait for what. Injected as a whole, so that tests need not wait as long as the daemon does. */
import type { BackoffOptions } from '../../lib/backoff.ts';

export interface ChatTiming {
  /** No registration within this time: the attempt is given up. */
  readonly registerTimeoutMs: number;
  /** Twitch pings about every 5 minutes and tmi.js every minute: longer than that without any byte means a dead peer. */
  readonly silenceTimeoutMs: number;
  /** No JOIN or ROOMSTATE within this time: the JOIN was lost. */
  readonly joinTimeoutMs: number;
  /** Between two looks at the clocks above. */
  readonly watchEveryMs: number;
  readonly joinRetry: BackoffOptions;
  readonly reconnect: BackoffOptions;
  /** A connection that lived this long earned a fresh back-off. */
  readonly stableMs: number;
  /** Twitch allows 20 authentications in 10 s (dev.twitch.tv/docs/chat/irc). */
  readonly openSpacingMs: number;
}

export const chatTiming: ChatTiming = {
  registerTimeoutMs: 15_000,
  silenceTimeoutMs: 90_000,
  joinTimeoutMs: 15_000,
  watchEveryMs: 1_000,
  joinRetry: { firstMs: 5_000, maxMs: 600_000 },
  reconnect: { firstMs: 1_000, maxMs: 60_000 },
  stableMs: 60_000,
  openSpacingMs: 550,
};
