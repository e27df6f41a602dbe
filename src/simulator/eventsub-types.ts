/** The subscription types that this Twitch knows: condition, and whose consent in which scope they need. */

export interface SubscriptionType {
  readonly version: string;
  /** The fields of which at least one must be given. */
  readonly condition: readonly string[];
  /** Any one of these scopes will do; none means that strangers' channels may be watched, at a cost of 1. */
  readonly scopes: readonly string[];
}

const broadcaster = ['broadcaster_user_id'];

/** @see https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types/ */
export const subscriptionTypes: Readonly<Record<string, SubscriptionType>> = {
  'stream.online': { version: '1', condition: broadcaster, scopes: [] },
  'stream.offline': { version: '1', condition: broadcaster, scopes: [] },
  'channel.update': { version: '2', condition: broadcaster, scopes: [] },
  'channel.raid': { version: '1', condition: ['from_broadcaster_user_id', 'to_broadcaster_user_id'], scopes: [] },
  'user.update': { version: '1', condition: ['user_id'], scopes: [] },
  'channel.follow': { version: '2', condition: broadcaster, scopes: ['moderator:read:followers'] },
  'channel.subscribe': { version: '1', condition: broadcaster, scopes: ['channel:read:subscriptions'] },
  'channel.cheer': { version: '1', condition: broadcaster, scopes: ['bits:read'] },
  'channel.chat.message': { version: '1', condition: broadcaster, scopes: ['user:read:chat'] },
  'channel.hype_train.begin': { version: '2', condition: broadcaster, scopes: ['channel:read:hype_train'] },
  'channel.hype_train.end': { version: '2', condition: broadcaster, scopes: ['channel:read:hype_train'] },
  'channel.poll.begin': {
    version: '1',
    condition: broadcaster,
    scopes: ['channel:read:polls', 'channel:manage:polls'],
  },
  'channel.prediction.begin': {
    version: '1',
    condition: broadcaster,
    scopes: ['channel:read:predictions', 'channel:manage:predictions'],
  },
};
