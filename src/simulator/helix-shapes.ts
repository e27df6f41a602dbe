/** The world in Helix's words: snake_case, strings, ISO times without fractions. */

import type { SimBroadcast, SimChannel } from './settlement.ts';
import type { DirectoryEntry } from './vocabulary.ts';

const isoSeconds = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** @see https://dev.twitch.tv/docs/api/reference/#get-streams */
export function shapeStream(channel: SimChannel, broadcast: SimBroadcast) {
  return {
    id: broadcast.id,
    user_id: channel.id,
    user_login: channel.login,
    user_name: channel.displayName,
    game_id: channel.category.id,
    game_name: channel.category.name,
    type: 'live',
    title: channel.title,
    viewer_count: channel.viewers,
    started_at: isoSeconds(broadcast.startedAt),
    language: channel.language,
    thumbnail_url: `https://static-cdn.example/previews/live_user_${channel.login}-{width}x{height}.jpg`,
    tag_ids: [],
    tags: channel.tags,
    is_mature: false,
  };
}

/** @see https://dev.twitch.tv/docs/api/reference/#get-users */
export function shapeUser(channel: SimChannel) {
  return {
    id: channel.id,
    login: channel.login,
    display_name: channel.displayName,
    type: '',
    broadcaster_type: channel.broadcasterType,
    description: `The channel of ${channel.displayName}, in a world that is made up.`,
    profile_image_url: `https://static-cdn.example/${channel.login}-profile_image-300x300.png`,
    offline_image_url: '',
    view_count: 0,
    created_at: isoSeconds(channel.createdAt),
  };
}

/** @see https://dev.twitch.tv/docs/api/reference/#get-channel-information */
export function shapeChannel(channel: SimChannel) {
  return {
    broadcaster_id: channel.id,
    broadcaster_login: channel.login,
    broadcaster_name: channel.displayName,
    broadcaster_language: channel.language,
    game_id: channel.category.id,
    game_name: channel.category.name,
    title: channel.title,
    delay: 0,
    tags: channel.tags,
    content_classification_labels: [],
    is_branded_content: false,
  };
}

/** @see https://dev.twitch.tv/docs/api/reference/#get-games */
export function shapeGame(entry: DirectoryEntry) {
  return {
    id: entry.id,
    name: entry.name,
    box_art_url: `https://static-cdn.example/boxart/${entry.id}-{width}x{height}.jpg`,
    igdb_id: entry.igdbId,
  };
}
