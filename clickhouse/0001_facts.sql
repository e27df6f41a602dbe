-- The tables of facts. All of them collapse copies of a row by its key: two daemons, or a replay, may write the same fact twice.
-- Codecs are chosen by measurement on real chat; text and ids are most of the bytes.

CREATE TABLE IF NOT EXISTS {database}.chat_messages (
  message_id UUID COMMENT 'Twitch''s id of the message',
  ts DateTime64(3, 'UTC') COMMENT 'when Twitch took the message' CODEC(Delta(8), ZSTD(1)),
  recv_lag_ms Int32 COMMENT 'how much later it reached us' CODEC(T64, ZSTD(1)),
  channel_id UInt64 CODEC(ZSTD(1)),
  channel_login LowCardinality(String),
  user_id UInt64 CODEC(ZSTD(1)),
  user_login String CODEC(ZSTD(3)),
  display_name String COMMENT 'empty when equal to the login' CODEC(ZSTD(3)),
  color LowCardinality(String) COMMENT '#RRGGBB, or empty',
  text String CODEC(ZSTD(3)),
  type LowCardinality(String) COMMENT 'Twitch''s msg-id, mostly empty',
  flags UInt16 COMMENT 'bits, see the is_… columns' CODEC(ZSTD(1)),
  badges Array(LowCardinality(String)) COMMENT 'set/version',
  emote_ids Array(LowCardinality(String)) COMMENT 'one entry for each time an emote stands in the text',
  emote_first Array(UInt16) COMMENT 'first code point of that emote' CODEC(ZSTD(1)),
  emote_last Array(UInt16) COMMENT 'last code point, inclusive' CODEC(ZSTD(1)),
  source_channel_id UInt64 COMMENT 'shared chat: where it was written; 0 outside of shared chat' CODEC(ZSTD(1)),
  source_message_id UUID CODEC(ZSTD(1)),
  extra Map(LowCardinality(String), String) COMMENT 'tags without a column' CODEC(ZSTD(3)),
  sub_months UInt16 CODEC(ZSTD(1)),
  bits UInt32 CODEC(ZSTD(1)),
  reply_to UUID COMMENT 'the message it answers; nil for none' CODEC(ZSTD(1)),
  reply_thread UUID COMMENT 'the first message of that thread' CODEC(ZSTD(1)),
  reply_user_id UInt64 CODEC(ZSTD(1)),
  reply_user_login String CODEC(ZSTD(3)),
  reply_display_name String CODEC(ZSTD(3)),
  reply_text String CODEC(ZSTD(3)),
  received_at DateTime64(3, 'UTC') ALIAS addMilliseconds(ts, recv_lag_ms),
  is_mod Bool ALIAS bitTest(flags, 0),
  is_subscriber Bool ALIAS bitTest(flags, 1),
  is_vip Bool ALIAS bitTest(flags, 2),
  is_first_message Bool ALIAS bitTest(flags, 3),
  is_returning_chatter Bool ALIAS bitTest(flags, 4),
  is_turbo Bool ALIAS bitTest(flags, 5),
  is_emote_only Bool ALIAS bitTest(flags, 6),
  is_action Bool ALIAS bitTest(flags, 7),
  is_broadcaster Bool ALIAS bitTest(flags, 8),
  is_source_only Bool ALIAS bitTest(flags, 9),
  is_historical Bool ALIAS bitTest(flags, 10),
  is_mirrored Bool ALIAS source_channel_id != 0 AND source_channel_id != channel_id
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(ts)
PRIMARY KEY (channel_id, ts)
ORDER BY (channel_id, ts, message_id)
SETTINGS {settings}
COMMENT 'One row for each PRIVMSG';

CREATE TABLE IF NOT EXISTS {database}.chat_events (
  event_id UUID COMMENT 'Twitch''s id, else derived from the line',
  command LowCardinality(String) COMMENT 'USERNOTICE, CLEARCHAT, CLEARMSG, NOTICE or ROOMSTATE',
  ts DateTime64(3, 'UTC') COMMENT 'Twitch''s time, or ours where the line has none' CODEC(Delta(8), ZSTD(1)),
  recv_lag_ms Int32 CODEC(T64, ZSTD(1)),
  channel_id UInt64 CODEC(ZSTD(1)),
  channel_login LowCardinality(String),
  user_id UInt64 CODEC(ZSTD(1)),
  user_login String CODEC(ZSTD(3)),
  display_name String COMMENT 'empty when equal to the login' CODEC(ZSTD(3)),
  color LowCardinality(String),
  text String CODEC(ZSTD(3)),
  type LowCardinality(String) COMMENT 'sub, raid, ban, timeout, clear, delete, slow_on, room_state, …',
  flags UInt16 COMMENT 'bits as in chat_messages' CODEC(ZSTD(1)),
  badges Array(LowCardinality(String)),
  emote_ids Array(LowCardinality(String)),
  emote_first Array(UInt16) CODEC(ZSTD(1)),
  emote_last Array(UInt16) CODEC(ZSTD(1)),
  source_channel_id UInt64 CODEC(ZSTD(1)),
  source_message_id UUID CODEC(ZSTD(1)),
  extra Map(LowCardinality(String), String) CODEC(ZSTD(3)),
  target_user_id UInt64 COMMENT 'who it was done to' CODEC(ZSTD(1)),
  target_login String CODEC(ZSTD(3)),
  target_message_id UUID CODEC(ZSTD(1)),
  system_text String COMMENT 'Twitch''s own sentence' CODEC(ZSTD(3)),
  tier LowCardinality(String) COMMENT 'Prime, 1000, 2000, 3000 or empty',
  months UInt16 CODEC(ZSTD(1)),
  amount UInt32 COMMENT 'viewers of a raid, number of gifts, …' CODEC(ZSTD(1)),
  duration_s UInt32 COMMENT 'of a timeout; 0 for a ban' CODEC(ZSTD(1)),
  received_at DateTime64(3, 'UTC') ALIAS addMilliseconds(ts, recv_lag_ms),
  is_mirrored Bool ALIAS source_channel_id != 0 AND source_channel_id != channel_id
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(ts)
PRIMARY KEY (channel_id, type, ts)
ORDER BY (channel_id, type, ts, event_id)
SETTINGS {settings}
COMMENT 'One row for everything else that happened in a chat room';

CREATE TABLE IF NOT EXISTS {database}.stream_snapshots (
  ts DateTime64(3, 'UTC') COMMENT 'the scheduled instant of the sweep' CODEC(Delta(8), ZSTD(1)),
  recv_lag_ms Int32 COMMENT 'how much later the answer came' CODEC(T64, ZSTD(1)),
  channel_id UInt64 CODEC(ZSTD(1)),
  channel_login LowCardinality(String),
  stream_id String COMMENT 'names the broadcast' CODEC(ZSTD(1)),
  viewers UInt32 CODEC(Delta(4), ZSTD(1)),
  title LowCardinality(String),
  category_id LowCardinality(String),
  category_name LowCardinality(String),
  started_at DateTime64(3, 'UTC') CODEC(Delta(8), ZSTD(1)),
  language LowCardinality(String),
  tags Array(LowCardinality(String)),
  is_mature Bool,
  thumbnail_url LowCardinality(String)
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(ts)
ORDER BY (channel_id, ts)
SETTINGS {settings}
COMMENT 'One row for each live channel in each finished sweep';

CREATE TABLE IF NOT EXISTS {database}.stream_changes (
  change_id UUID COMMENT 'derived from what happened: the same whichever source or daemon saw it',
  ts DateTime64(3, 'UTC') COMMENT 'when it happened' CODEC(Delta(8), ZSTD(1)),
  detected_at DateTime64(3, 'UTC') COMMENT 'when we noticed' CODEC(Delta(8), ZSTD(1)),
  channel_id UInt64 CODEC(ZSTD(1)),
  channel_login LowCardinality(String),
  stream_id String CODEC(ZSTD(1)),
  kind LowCardinality(String) COMMENT 'stream_online, stream_offline, title_changed, category_changed, tags_changed, language_changed or channel_renamed',
  source LowCardinality(String) COMMENT 'irc, eventsub or helix',
  is_late Bool COMMENT 'happened while we were not watching',
  before String COMMENT 'title, language, login or name of the category' CODEC(ZSTD(3)),
  after String CODEC(ZSTD(3)),
  before_id LowCardinality(String) COMMENT 'id of the category',
  after_id LowCardinality(String),
  before_tags Array(LowCardinality(String)),
  after_tags Array(LowCardinality(String)),
  viewers UInt32 COMMENT 'this and the columns after it: of stream_online and stream_offline only' CODEC(ZSTD(1)),
  title String CODEC(ZSTD(3)),
  category_id LowCardinality(String),
  category_name LowCardinality(String),
  started_at DateTime64(3, 'UTC') CODEC(ZSTD(1)),
  language LowCardinality(String),
  tags Array(LowCardinality(String)),
  is_mature Bool,
  INDEX by_time ts TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (channel_id, change_id)
SETTINGS {settings}
COMMENT 'What changed, once each; without partitions, so that two reports of one change around midnight still collapse';

CREATE TABLE IF NOT EXISTS {database}.channels (
  channel_id UInt64,
  login String,
  display_name String,
  tracked_since DateTime64(3, 'UTC'),
  is_tracked Bool,
  version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY channel_id
SETTINGS {settings}
COMMENT 'The channels that we watch or have watched; read with FINAL';
