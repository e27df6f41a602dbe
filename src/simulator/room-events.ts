/** Everything in a chat room that is not a message: subscriptions, gifts, raids, bans, deletions, changes of mode. */
import type { Chatter } from './chatter.ts';
import type { Person } from './people.ts';
import type { Random } from './random.ts';
import type { RoomModes, SimChannel } from './settlement.ts';
import { writeTags } from './tags.ts';
import type { RoomCommand } from './truth.ts';
import type { WorldRaid } from './world.ts';

export interface RoomLine {
  readonly command: RoomCommand;
  readonly line: string;
}

type Tags = Readonly<Record<string, string | number>>;

const plans = ['Prime', '1000', '1000', '1000', '2000', '3000'] as const;
const planNames: Readonly<Record<string, string>> = {
  Prime: 'Prime',
  '1000': 'Tier 1',
  '2000': 'Tier 2',
  '3000': 'Tier 3',
};
const announcementColors = ['PRIMARY', 'BLUE', 'GREEN', 'ORANGE', 'PURPLE'] as const;

export class RoomEvents {
  readonly #random: Random;
  readonly #chatter: Chatter;

  constructor(random: Random, chatter: Chatter) {
    this.#random = random;
    this.#chatter = chatter;
  }

  /** Draws one happening; a gift bomb is several lines. May be nothing, when there is no message yet to delete. */
  draw(channel: SimChannel, at: number): readonly RoomLine[] {
    const roll = this.#random.next();
    if (roll < 0.4) return [this.#moderation(channel, at, roll / 0.4)];
    if (roll < 0.5) return this.#deletion(channel, at);
    if (roll < 0.72) return [this.#subscription(channel, at)];
    if (roll < 0.84) return this.#gifts(channel, at);
    if (roll < 0.9) return [this.#milestone(channel, at)];
    if (roll < 0.97) return [this.#announcement(channel, at)];
    return [this.#fromSharedChat(channel, at)];
  }

  /** The line that the raided room sees. */
  raid(raid: WorldRaid, from: SimChannel, to: SimChannel): RoomLine {
    const raider: Person = {
      id: from.id,
      login: from.login,
      displayName: from.displayName,
      color: '#9ACD32',
      globalBadge: 'partner/1',
      isTurbo: false,
      mask: '',
    };
    const params = {
      'msg-param-displayName': from.displayName,
      'msg-param-login': from.login,
      'msg-param-profileImageURL': `https://static-cdn.example/${from.login}-profile_image-%s.png`,
      'msg-param-viewerCount': raid.viewers,
    };
    return this.#userNotice(
      to,
      raider,
      raid.at,
      'raid',
      `${raid.viewers} raiders from ${from.displayName} have joined!`,
      params,
    );
  }

  /** A NOTICE and a ROOMSTATE that holds only what changed, as Twitch does it. */
  modeChange(channel: SimChannel, mode: keyof RoomModes, value: number): readonly RoomLine[] {
    const isOn = mode === 'followers-only' ? value >= 0 : value > 0;
    const name = {
      'emote-only': 'emote_only',
      'followers-only': 'followers',
      r9k: 'r9k',
      slow: 'slow',
      'subs-only': 'subs',
    }[mode];
    const msgId = mode === 'followers-only' && value === 0 ? 'followers_on_zero' : `${name}_${isOn ? 'on' : 'off'}`;
    const words = `This room is ${isOn ? 'now' : 'no longer'} in ${mode} mode.`;
    return [
      {
        command: 'ROOMSTATE',
        line: `@room-id=${channel.id};${mode}=${value} :tmi.twitch.tv ROOMSTATE #${channel.login}`,
      },
      { command: 'NOTICE', line: `@msg-id=${msgId} :tmi.twitch.tv NOTICE #${channel.login} :${words}` },
    ];
  }

  #moderation(channel: SimChannel, at: number, roll: number): RoomLine {
    const person = this.#chatter.person();
    const room: Tags = { 'room-id': channel.id, 'tmi-sent-ts': at };
    if (roll < 0.03)
      return { command: 'CLEARCHAT', line: `${writeTags(room)}:tmi.twitch.tv CLEARCHAT #${channel.login}` };
    const target: Tags = { ...room, 'target-user-id': person.id };
    const tags = roll < 0.25 ? target : { ...target, 'ban-duration': this.#random.pick([1, 10, 60, 600, 86_400]) };
    return {
      command: 'CLEARCHAT',
      line: `${writeTags(tags)}:tmi.twitch.tv CLEARCHAT #${channel.login} :${person.login}`,
    };
  }

  #deletion(channel: SimChannel, at: number): readonly RoomLine[] {
    const last = this.#chatter.lastIn(channel);
    if (!last) return [];
    const tags = { login: last.person.login, 'room-id': channel.id, 'target-msg-id': last.id, 'tmi-sent-ts': at };
    return [{ command: 'CLEARMSG', line: `${writeTags(tags)}:tmi.twitch.tv CLEARMSG #${channel.login} :${last.text}` }];
  }

  #subscription(channel: SimChannel, at: number): RoomLine {
    const person = this.#chatter.person();
    const { months } = this.#chatter.standing(person, channel);
    const plan = this.#random.pick(plans);
    const isFirst = months === 0;
    const params = {
      'msg-param-cumulative-months': Math.max(1, months),
      'msg-param-months': 0,
      'msg-param-multimonth-duration': 1,
      'msg-param-multimonth-tenure': 0,
      'msg-param-should-share-streak': isFirst ? 0 : 1,
      ...(isFirst ? {} : { 'msg-param-streak-months': 1 + (months % 12) }),
      'msg-param-sub-plan': plan,
      'msg-param-sub-plan-name': `Channel Subscription (${channel.login})`,
      'msg-param-was-gifted': 'false',
    };
    const how = plan === 'Prime' ? 'with Prime' : `at ${planNames[plan]}`;
    const sentence = `${person.displayName} subscribed ${how}.${isFirst ? '' : ` They've subscribed for ${months} months!`}`;
    const text = !isFirst && this.#random.chance(0.7) ? this.#chatter.phrase().text : undefined;
    return this.#userNotice(channel, person, at, isFirst ? 'sub' : 'resub', sentence, params, text);
  }

  /** One gift, or a bomb: a submysterygift and its subgifts, tied together by `community-gift-id`. */
  #gifts(channel: SimChannel, at: number): readonly RoomLine[] {
    const giver = this.#chatter.person();
    const count = this.#random.pick([1, 1, 1, 5, 10]);
    const giftId = String(4_000_000_000_000 + this.#random.int(1_000_000_000));
    const common = { 'msg-param-origin-id': giftId, 'msg-param-sub-plan': '1000' };
    const bomb = {
      ...common,
      'msg-param-community-gift-id': giftId,
      'msg-param-mass-gift-count': count,
      'msg-param-sender-count': count + 10,
    };
    const sentence = `${giver.displayName} is gifting ${count} Tier 1 Subs to ${channel.displayName}'s community!`;
    const head = count > 1 ? [this.#userNotice(channel, giver, at, 'submysterygift', sentence, bomb)] : [];
    const gifts = Array.from({ length: count }, (_, index) => {
      const receiver = this.#chatter.person();
      const params = {
        ...common,
        ...(count > 1 ? { 'msg-param-community-gift-id': giftId } : {}),
        'msg-param-gift-months': 1,
        'msg-param-months': 1 + this.#random.int(20),
        'msg-param-recipient-display-name': receiver.displayName,
        'msg-param-recipient-id': receiver.id,
        'msg-param-recipient-user-name': receiver.login,
        'msg-param-sender-count': count > 1 ? 0 : 1,
        'msg-param-sub-plan-name': `Channel Subscription (${channel.login})`,
      };
      const words = `${giver.displayName} gifted a Tier 1 sub to ${receiver.displayName}!`;
      return this.#userNotice(channel, giver, at + index, 'subgift', words, params);
    });
    return [...head, ...gifts];
  }

  #milestone(channel: SimChannel, at: number): RoomLine {
    const person = this.#chatter.person();
    const streams = this.#random.pick([3, 5, 10, 15, 20]);
    const params = {
      'msg-param-category': 'watch-streak',
      'msg-param-copoReward': 450,
      'msg-param-id': this.#random.uuid(),
      'msg-param-value': streams,
    };
    const sentence = `${person.displayName} watched ${streams} consecutive streams this month and sparked a watch streak!`;
    return this.#userNotice(channel, person, at, 'viewermilestone', sentence, params, this.#chatter.phrase().text);
  }

  #announcement(channel: SimChannel, at: number): RoomLine {
    const params = { 'msg-param-color': this.#random.pick(announcementColors) };
    return this.#userNotice(
      channel,
      this.#chatter.person(),
      at,
      'announcement',
      '',
      params,
      this.#chatter.phrase().text,
    );
  }

  /** A subscription of another room, seen here because both share a chat; `source-msg-id` says what it is. */
  #fromSharedChat(channel: SimChannel, at: number): RoomLine {
    const person = this.#chatter.person();
    const params = {
      'msg-param-cumulative-months': 1,
      'msg-param-sub-plan': '1000',
      'source-badge-info': '',
      'source-badges': '',
      'source-id': this.#random.uuid(),
      'source-msg-id': 'sub',
      'source-room-id': String(600_000_000 + this.#random.int(1_000_000)),
    };
    const sentence = `${person.displayName} subscribed at Tier 1.`;
    return this.#userNotice(channel, person, at, 'sharedchatnotice', sentence, params);
  }

  #userNotice(
    channel: SimChannel,
    person: Person,
    at: number,
    msgId: string,
    sentence: string,
    params: Tags,
    text?: string,
  ): RoomLine {
    const standing = this.#chatter.standing(person, channel);
    const tags = writeTags({
      'badge-info': standing.badgeInfo,
      badges: standing.badges,
      color: person.color,
      'display-name': person.displayName,
      emotes: '',
      flags: '',
      id: this.#random.uuid(),
      login: person.login,
      mod: standing.isMod ? 1 : 0,
      'msg-id': msgId,
      'room-id': channel.id,
      subscriber: standing.isSubscriber ? 1 : 0,
      'system-msg': sentence,
      'tmi-sent-ts': at,
      'user-id': person.id,
      'user-type': standing.isMod ? 'mod' : '',
      vip: standing.isVip ? 1 : 0,
      ...params,
    });
    const trailing = text === undefined ? '' : ` :${text}`;
    return { command: 'USERNOTICE', line: `${tags}:tmi.twitch.tv USERNOTICE #${channel.login}${trailing}` };
  }
}
