/** What one line of chat means to us. Every field that an analyst may want is typed; tags we do not know stay in `extra`. */
import type { Channel } from './channel.ts';

export interface ChatUser {
  /** Twitch user id, decimal string; `'0'` when the line did not carry one. */
  readonly id: string;
  readonly login: string;
  readonly displayName: string;
  /** `#RRGGBB`, or `''` for users who never chose one. */
  readonly color: string;
}

/** One emote and where it stands in the text: pairs of first and last index, both inclusive, in Unicode code points. */
export interface EmoteUse {
  readonly id: string;
  readonly at: readonly (readonly [first: number, last: number])[];
}

export interface ChatReply {
  readonly messageId: string;
  readonly userId: string;
  readonly userLogin: string;
  readonly displayName: string;
  readonly text: string;
  /** The first message of the thread; `''` on lines from before threads had one. */
  readonly threadMessageId: string;
}

/** Where a line of a shared chat session was written. `channelId` equals the channel's own id on native lines. */
export interface ChatOrigin {
  readonly channelId: string;
  readonly messageId: string;
}

/** Bits of `ChatMessage.flags` and of the column `flags`, least significant first. Never renumber. */
export const chatFlags = {
  mod: 1 << 0,
  subscriber: 1 << 1,
  vip: 1 << 2,
  firstMessage: 1 << 3,
  returningChatter: 1 << 4,
  turbo: 1 << 5,
  emoteOnly: 1 << 6,
  action: 1 << 7,
  broadcaster: 1 << 8,
  sourceOnly: 1 << 9,
  historical: 1 << 10,
} as const;

interface ChatLine {
  /** UUID. Twitch's own where the line has one, else derived from the line so that a second copy gets the same id. */
  readonly id: string;
  readonly channel: Channel;
  /** Twitch's clock (`tmi-sent-ts`), ms since the epoch; `receivedAt` where the line carries none. */
  readonly sentAt: number;
  /** Our clock, ms since the epoch. */
  readonly receivedAt: number;
  readonly text: string;
  /** Bits of `chatFlags`. */
  readonly flags: number;
  /** `set/version`, in the order of the line. */
  readonly badges: readonly string[];
  readonly emotes: readonly EmoteUse[];
  /** Set during shared chat only. */
  readonly origin: ChatOrigin | undefined;
  /** Tags without a field of their own, unescaped. Random nonces are left out. */
  readonly extra: Readonly<Record<string, string>>;
}

/** A PRIVMSG. */
export interface ChatMessage extends ChatLine {
  readonly kind: 'chat_message';
  readonly user: ChatUser;
  /** Twitch's `msg-id` of a PRIVMSG (`highlighted-message`, …), else `''`. */
  readonly type: string;
  /** From `badge-info`: real months, unlike the badge's step. 0 when not subscribed. */
  readonly subscriberMonths: number;
  readonly bits: number;
  readonly reply: ChatReply | undefined;
}

export type ChatEventCommand = 'USERNOTICE' | 'CLEARCHAT' | 'CLEARMSG' | 'NOTICE' | 'ROOMSTATE';

/** Everything else that happens in a chat room. */
export interface ChatEvent extends ChatLine {
  readonly kind: 'chat_event';
  readonly command: ChatEventCommand;
  /**
   * USERNOTICE and NOTICE: Twitch's `msg-id` (`sub`, `raid`, `slow_on`, …; `''` if absent). CLEARCHAT: `ban`, `timeout`
   * or `clear`. CLEARMSG: `delete`. ROOMSTATE: `room_state`.
   */
  readonly type: string;
  /** Who did it; empty strings and id `'0'` where Twitch does not tell (moderators are never named). */
  readonly user: ChatUser;
  /** Who it was done to: the banned user, the recipient of a gift, the author of a deleted message. */
  readonly target: { readonly userId: string; readonly login: string; readonly messageId: string };
  /** Twitch's own sentence about a USERNOTICE. */
  readonly systemText: string;
  /** `Prime`, `1000`, `2000`, `3000` or `''`. */
  readonly tier: string;
  /** Cumulative months of a subscription. */
  readonly months: number;
  /** Viewers of a raid, number of gifts, threshold of a badge, value of a milestone. */
  readonly amount: number;
  /** Seconds of a timeout; 0 for a ban. */
  readonly durationSeconds: number;
}
