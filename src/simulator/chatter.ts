/**
 * Makes PRIVMSG lines that look like a busy chat of today: full tags, replies, cheers, /me, highlighted and mirrored messages.
 * Built for speed: people and phrases are prepared, a line is string concatenation; nothing is parsed or escaped per line
 * except in replies.
 */
import { inventCrowd, type Person, type Standing, standingOf } from './people.ts';
import { inventPhrases, measure, type Phrase } from './phrases.ts';
import type { Random } from './random.ts';
import type { SimChannel } from './settlement.ts';
import { escapeTag } from './tags.ts';

/** The last message of a room, for replies and deletions. */
export interface Spoken {
  readonly id: string;
  readonly person: Person;
  readonly text: string;
}

/** Where a mirrored copy was written. */
export interface Origin {
  readonly roomId: string;
  readonly messageId: string;
}

export interface Talk {
  readonly person: Person;
  readonly phrase: Phrase;
  readonly id: string;
  /** ms since the epoch. */
  readonly at: number;
  /** Tags that stand only in some messages, each with its trailing `;`. */
  readonly bits?: number;
  readonly messageType?: string;
  readonly replyTo?: Spoken;
  readonly origin?: Origin;
  readonly isAction?: boolean;
  readonly isFirst?: boolean;
}

export class Chatter {
  readonly #random: Random;
  readonly #crowd: readonly Person[];
  readonly #phrases: readonly [Phrase, ...Phrase[]];
  readonly #last = new Map<string, Spoken>();

  constructor(random: Random, crowdSize = 2_000) {
    this.#random = random;
    this.#crowd = inventCrowd(random, crowdSize);
    this.#phrases = inventPhrases(random, 700);
  }

  person(): Person {
    const person = this.#crowd[this.#random.int(this.#crowd.length)];
    if (!person) throw new RangeError('the crowd is empty');
    return person;
  }

  phrase(): Phrase {
    return this.#random.pick(this.#phrases);
  }

  /** What the person is in this room: the same every time. */
  standing(person: Person, channel: SimChannel): Standing {
    return standingOf(person, (Number(person.id) * 31 + Number(channel.id) * 17) % 1_000_003);
  }

  lastIn(channel: SimChannel): Spoken | undefined {
    return this.#last.get(channel.id);
  }

  /** Draws one message for the room. */
  talk(channel: SimChannel, at: number): Talk {
    const random = this.#random;
    const person = this.person();
    const id = random.uuid();
    let talk: Talk = { person, phrase: this.phrase(), id, at };
    const roll = random.next();
    if (roll < 0.07) {
      const replyTo = this.#last.get(channel.id);
      if (replyTo) talk = { ...talk, replyTo, phrase: measure(`@${replyTo.person.displayName} ${talk.phrase.text}`) };
    } else if (roll < 0.09) talk = { ...talk, isAction: true };
    else if (roll < 0.1) {
      const bits = random.pick([1, 5, 50, 100, 500, 1_000]);
      talk = { ...talk, bits, phrase: measure(`Cheer${bits} ${talk.phrase.text}`) };
    } else if (roll < 0.107) talk = { ...talk, messageType: 'highlighted-message' };
    else if (roll < 0.122) talk = { ...talk, isFirst: true };
    this.#last.set(channel.id, { id, person, text: talk.phrase.text });
    return talk;
  }

  /** Writes a message as Twitch sends it into the room, without the line end. */
  write(channel: SimChannel, talk: Talk): string {
    const { person, phrase } = talk;
    const standing = this.standing(person, channel);
    const text = talk.isAction ? `\u0001ACTION ${phrase.text}\u0001` : phrase.text;
    return (
      `@badge-info=${standing.badgeInfo};badges=${standing.badges};${talk.bits ? `bits=${talk.bits};` : ''}` +
      `client-nonce=${this.#random.hex(32)};color=${person.color};display-name=${person.displayName};` +
      `${phrase.isEmoteOnly ? 'emote-only=1;' : ''}emotes=${phrase.emotes};first-msg=${talk.isFirst ? 1 : 0};flags=;` +
      `id=${talk.id};mod=${standing.isMod ? 1 : 0};${talk.messageType ? `msg-id=${talk.messageType};` : ''}` +
      `${talk.replyTo ? writeReply(talk.replyTo) : ''}returning-chatter=0;room-id=${channel.id};` +
      `${talk.origin ? writeOrigin(talk.origin, standing) : ''}subscriber=${standing.isSubscriber ? 1 : 0};` +
      `tmi-sent-ts=${talk.at};turbo=${person.isTurbo ? 1 : 0};user-id=${person.id};user-type=${standing.isMod ? 'mod' : ''}` +
      `${standing.isVip ? ';vip=1' : ''} :${person.mask} PRIVMSG #${channel.login} :${text}`
    );
  }
}

/** The thread here is always one deep: the parent is the head of its thread. */
function writeReply({ id, person, text }: Spoken): string {
  return (
    `reply-parent-display-name=${person.displayName};reply-parent-msg-body=${escapeTag(text)};reply-parent-msg-id=${id};` +
    `reply-parent-user-id=${person.id};reply-parent-user-login=${person.login};` +
    `reply-thread-parent-display-name=${person.displayName};reply-thread-parent-msg-id=${id};` +
    `reply-thread-parent-user-id=${person.id};reply-thread-parent-user-login=${person.login};`
  );
}

function writeOrigin({ roomId, messageId }: Origin, { badges, badgeInfo }: Standing): string {
  return `source-badge-info=${badgeInfo};source-badges=${badges};source-id=${messageId};source-only=0;source-room-id=${roomId};`;
}
