-- Ready answers for analysts. They are exact while copies of a row have not been merged away yet: keys are counted, or FINAL is used.

CREATE VIEW IF NOT EXISTS {database}.chat_hourly AS
SELECT
  channel_id,
  anyLast(channel_login) AS channel,
  toStartOfHour(ts) AS hour,
  uniqExact(message_id) AS messages,
  uniqExact(user_id) AS chatters,
  uniqExactIf(user_id, is_subscriber) AS subscribed_chatters,
  uniqExactIf(message_id, is_first_message) AS first_messages
FROM {database}.chat_messages
WHERE NOT is_mirrored
GROUP BY channel_id, hour;

CREATE VIEW IF NOT EXISTS {database}.viewers_daily AS
SELECT
  channel_id,
  anyLast(channel_login) AS channel,
  toDate(ts) AS day,
  max(viewers) AS peak_viewers,
  argMax(ts, viewers) AS peak_at,
  round(avg(viewers), 1) AS average_viewers,
  count() AS samples,
  uniqExact(stream_id) AS broadcasts
FROM {database}.stream_snapshots FINAL
GROUP BY channel_id, day;

-- Each sample stands for the time until the next one of the same broadcast, at most five minutes.
CREATE VIEW IF NOT EXISTS {database}.category_daily AS
SELECT
  channel_id,
  anyLast(channel_login) AS channel,
  toDate(ts) AS day,
  category_id,
  anyLast(category_name) AS category,
  round(sum(seconds) / 60, 1) AS minutes,
  max(viewers) AS peak_viewers,
  round(sum(viewers * seconds) / greatest(sum(seconds), 1), 1) AS average_viewers
FROM (
  SELECT
    channel_id, channel_login, ts, category_id, category_name, viewers,
    least(300, dateDiff('millisecond', ts, leadInFrame(ts, 1, ts) OVER (
      PARTITION BY channel_id, stream_id ORDER BY ts ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)) / 1000) AS seconds
  FROM {database}.stream_snapshots FINAL
)
GROUP BY channel_id, day, category_id;

CREATE VIEW IF NOT EXISTS {database}.broadcasts AS
SELECT
  channel_id,
  anyLast(channel_login) AS channel,
  stream_id,
  any(started_at) AS started,
  max(ts) AS last_seen,
  max(viewers) AS peak_viewers,
  round(avg(viewers), 1) AS average_viewers,
  groupUniqArray(category_name) AS categories,
  argMax(title, ts) AS last_title,
  count() AS samples
FROM {database}.stream_snapshots FINAL
GROUP BY channel_id, stream_id;
