/** The subscription types that this Twitch knows: condition, and whose consent in which scope they need. */

export interface SubscriptionType {
  readonly versions: readonly string[];
  /** Sets of fields, exactly one of which must be given whole. */
  readonly condition: readonly (readonly string[])[];
  /** Any one of these scopes will do; none means that strangers' channels may be watched, at a cost of 1. */
  readonly scopes: readonly string[];
}

const broadcaster = [['broadcaster_user_id']];
const moderator = [['broadcaster_user_id', 'moderator_user_id']];
const reader = [['broadcaster_user_id', 'user_id']];
const raider = [['from_broadcaster_user_id'], ['to_broadcaster_user_id']];
const account = [['user_id']];
const application = [['client_id']];

/** @see https://dev.twitch.tv/docs/eventsub/eventsub-subscription-types/ */
const types = {
  'stream.online': { versions: ['1'], condition: broadcaster, scopes: [] },
  'stream.offline': { versions: ['1'], condition: broadcaster, scopes: [] },
  'channel.update': { versions: ['2'], condition: broadcaster, scopes: [] },
  'channel.raid': { versions: ['1'], condition: raider, scopes: [] },
  'channel.shared_chat.begin': { versions: ['1'], condition: broadcaster, scopes: [] },
  'channel.shared_chat.update': { versions: ['1'], condition: broadcaster, scopes: [] },
  'channel.shared_chat.end': { versions: ['1'], condition: broadcaster, scopes: [] },
  'user.update': { versions: ['1'], condition: account, scopes: [] },
  'conduit.shard.disabled': { versions: ['1'], condition: application, scopes: [] },
  'channel.chat.message': { versions: ['1'], condition: reader, scopes: ['user:read:chat'] },
  'channel.chat.notification': { versions: ['1'], condition: reader, scopes: ['user:read:chat'] },
  'channel.chat.message_delete': { versions: ['1'], condition: reader, scopes: ['user:read:chat'] },
  'channel.chat.clear': { versions: ['1'], condition: reader, scopes: ['user:read:chat'] },
  'channel.chat.clear_user_messages': { versions: ['1'], condition: reader, scopes: ['user:read:chat'] },
  'channel.chat_settings.update': { versions: ['1'], condition: reader, scopes: ['user:read:chat'] },
  'channel.follow': { versions: ['2'], condition: moderator, scopes: ['moderator:read:followers'] },
  'channel.subscribe': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:subscriptions'] },
  'channel.subscription.end': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:subscriptions'] },
  'channel.subscription.gift': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:subscriptions'] },
  'channel.subscription.message': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:subscriptions'] },
  'channel.cheer': { versions: ['1'], condition: broadcaster, scopes: ['bits:read'] },
  'channel.bits.use': { versions: ['1'], condition: broadcaster, scopes: ['bits:read'] },
  'channel.ban': { versions: ['1'], condition: broadcaster, scopes: ['channel:moderate'] },
  'channel.unban': { versions: ['1'], condition: broadcaster, scopes: ['channel:moderate'] },
  'channel.moderate': {
    versions: ['1', '2'],
    condition: moderator,
    scopes: ['moderator:read:banned_users', 'moderator:manage:banned_users'],
  },
  'channel.moderator.add': { versions: ['1'], condition: broadcaster, scopes: ['moderation:read'] },
  'channel.moderator.remove': { versions: ['1'], condition: broadcaster, scopes: ['moderation:read'] },
  'channel.vip.add': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:vips', 'channel:manage:vips'] },
  'channel.vip.remove': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:vips', 'channel:manage:vips'],
  },
  'channel.hype_train.begin': { versions: ['2'], condition: broadcaster, scopes: ['channel:read:hype_train'] },
  'channel.hype_train.progress': { versions: ['2'], condition: broadcaster, scopes: ['channel:read:hype_train'] },
  'channel.hype_train.end': { versions: ['2'], condition: broadcaster, scopes: ['channel:read:hype_train'] },
  'channel.poll.begin': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:polls', 'channel:manage:polls'],
  },
  'channel.poll.progress': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:polls', 'channel:manage:polls'],
  },
  'channel.poll.end': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:polls', 'channel:manage:polls'],
  },
  'channel.prediction.begin': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:predictions', 'channel:manage:predictions'],
  },
  'channel.prediction.progress': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:predictions', 'channel:manage:predictions'],
  },
  'channel.prediction.lock': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:predictions', 'channel:manage:predictions'],
  },
  'channel.prediction.end': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:predictions', 'channel:manage:predictions'],
  },
  'channel.ad_break.begin': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:ads'] },
  'channel.shoutout.create': {
    versions: ['1'],
    condition: moderator,
    scopes: ['moderator:read:shoutouts', 'moderator:manage:shoutouts'],
  },
  'channel.shoutout.receive': {
    versions: ['1'],
    condition: moderator,
    scopes: ['moderator:read:shoutouts', 'moderator:manage:shoutouts'],
  },
  'channel.shield_mode.begin': {
    versions: ['1'],
    condition: moderator,
    scopes: ['moderator:read:shield_mode', 'moderator:manage:shield_mode'],
  },
  'channel.shield_mode.end': {
    versions: ['1'],
    condition: moderator,
    scopes: ['moderator:read:shield_mode', 'moderator:manage:shield_mode'],
  },
  'channel.goal.begin': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:goals'] },
  'channel.goal.progress': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:goals'] },
  'channel.goal.end': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:goals'] },
  'channel.charity_campaign.donate': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:charity'] },
  'channel.charity_campaign.start': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:charity'] },
  'channel.charity_campaign.progress': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:charity'] },
  'channel.charity_campaign.stop': { versions: ['1'], condition: broadcaster, scopes: ['channel:read:charity'] },
  'channel.channel_points_custom_reward.add': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:redemptions', 'channel:manage:redemptions'],
  },
  'channel.channel_points_custom_reward.update': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:redemptions', 'channel:manage:redemptions'],
  },
  'channel.channel_points_custom_reward.remove': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:redemptions', 'channel:manage:redemptions'],
  },
  'channel.channel_points_custom_reward_redemption.add': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:redemptions', 'channel:manage:redemptions'],
  },
  'channel.channel_points_custom_reward_redemption.update': {
    versions: ['1'],
    condition: broadcaster,
    scopes: ['channel:read:redemptions', 'channel:manage:redemptions'],
  },
  'channel.channel_points_automatic_reward_redemption.add': {
    versions: ['1', '2'],
    condition: broadcaster,
    scopes: ['channel:read:redemptions', 'channel:manage:redemptions'],
  },
  'channel.unban_request.create': {
    versions: ['1'],
    condition: moderator,
    scopes: ['moderator:read:unban_requests', 'moderator:manage:unban_requests'],
  },
  'channel.unban_request.resolve': {
    versions: ['1'],
    condition: moderator,
    scopes: ['moderator:read:unban_requests', 'moderator:manage:unban_requests'],
  },
  'channel.warning.acknowledge': {
    versions: ['1'],
    condition: moderator,
    scopes: ['moderator:read:warnings', 'moderator:manage:warnings'],
  },
  'channel.warning.send': {
    versions: ['1'],
    condition: moderator,
    scopes: ['moderator:read:warnings', 'moderator:manage:warnings'],
  },
  'channel.suspicious_user.message': {
    versions: ['1'],
    condition: moderator,
    scopes: ['moderator:read:suspicious_users'],
  },
  'channel.suspicious_user.update': {
    versions: ['1'],
    condition: moderator,
    scopes: ['moderator:read:suspicious_users'],
  },
  'automod.message.hold': { versions: ['1', '2'], condition: moderator, scopes: ['moderator:manage:automod'] },
  'automod.message.update': { versions: ['1', '2'], condition: moderator, scopes: ['moderator:manage:automod'] },
  'automod.settings.update': { versions: ['1'], condition: moderator, scopes: ['moderator:read:automod_settings'] },
  'automod.terms.update': { versions: ['1'], condition: moderator, scopes: ['moderator:manage:automod'] },
} as const satisfies Readonly<Record<string, SubscriptionType>>;

export const subscriptionTypes: ReadonlyMap<string, SubscriptionType> = new Map(Object.entries(types));

/** @returns the fields of the condition that the type asks for, or `undefined` when they are not all there. */
export function readCondition(
  type: SubscriptionType,
  condition: Readonly<Record<string, unknown>>,
): Readonly<Record<string, string>> | undefined {
  const given = Object.entries(condition).filter((entry): entry is [string, string] => isText(entry[1]));
  const whole = type.condition.filter((fields) => fields.every((field) => given.some(([key]) => key === field)));
  return whole.length === 1 ? Object.fromEntries(given) : undefined;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
