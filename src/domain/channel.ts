/** A broadcaster's channel. The id is Twitch's user id and never changes; the login may be changed by its owner. */
export interface Channel {
  /** Decimal string. `'0'` where Twitch did not tell the id and we have not learnt it. */
  readonly id: string;
  /** Lower-case login without `#`. */
  readonly login: string;
}

/** Where the knowledge came from. */
export type Source = 'irc' | 'eventsub' | 'helix';
