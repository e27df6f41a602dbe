/**
 * The dashboard: asks the API every few seconds for what is, and hears on the feed what happens. What it cannot know it
 * does not show as zero: figures turn grey when the daemon no longer answers, and chat rates vanish while the feed is lost.
 */
import { factsOf, renderFacts } from './connections.js';
import { byId, show } from './dom.js';
import { whyEmpty } from './empty.js';
import { connectFeed } from './feed.js';
import { formatClock, formatCount, formatDuration, plural } from './format.js';
import { RateWindow } from './rates.js';
import { renderRows, rowOfChannel, rowOfStream } from './streams.js';
import { describeChange, renderChanges, renderEmpty, renderQuiet, renderRiver, renderWarnings } from './view.js';

const pollMs = 3000;
const maxPollPauseMs = 15_000;
const shownStreams = 50;
const shownQuiet = 100;
const shownChanges = 12;

const openedAt = Date.now();
const chat = new RateWindow({ bucketMs: 1000, buckets: 120 });
/** @type {Map<string, RateWindow>} by login */
const chatByChannel = new Map();
/** @type {{ at: number, login: string, what: string, detail: string }[]} */
let changes = [];
/** @type {import('./feed.js').FeedState} */
let feedState = { state: 'connecting' };
/** @type {{ status: any, streams: any, channels: any, rows: import('./streams.js').Row[], joined: Set<string>, at: number } | undefined} */
let known;
let failures = 0;

async function poll() {
  try {
    const [status, streams, channels] = await Promise.all([
      ask('/api/v1/status'),
      ask(`/api/v1/streams?limit=${shownStreams}`),
      ask('/api/v1/channels?limit=1000'),
    ]);
    const heard = channels.items.filter((/** @type {any} */ channel) => channel.chat.state === 'joined');
    const joined = new Set(heard.map((/** @type {any} */ channel) => channel.login));
    known = { status, streams, channels, rows: rowsOf(streams, channels), joined, at: Date.now() };
    failures = 0;
  } catch (error) {
    failures += 1;
    console.warn('poll failed', error);
  }
  render();
  if (failures === 0) renderChannels();
  if (!document.hidden) pollTimer = setTimeout(poll, Math.min(pollMs * 2 ** failures, maxPollPauseMs));
}

/** Live channels by viewers; while nothing tells who is live, all channels by chat. @param {any} streams @param {any} channels */
function rowsOf(streams, channels) {
  if (streams.asOf !== null) return streams.items.map(rowOfStream);
  const rows = /** @type {import('./streams.js').Row[]} */ (channels.items.map(rowOfChannel));
  return rows.sort((a, b) => (chatOf(b.login).mean ?? 0) - (chatOf(a.login).mean ?? 0)).slice(0, shownStreams);
}

/** @param {string} path */
async function ask(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(8000) });
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}

/** @param {any} event of the feed */
function onEvent(event) {
  if (event.type === 'chat.message') {
    const { origin } = event.data;
    if (origin !== undefined && origin.ch !== event.ch.id) return;
    const now = Date.now();
    chat.add(now);
    let window = chatByChannel.get(event.ch.login);
    if (window === undefined) {
      window = new RateWindow({ bucketMs: 2500, buckets: 24 });
      chatByChannel.set(event.ch.login, window);
    }
    window.add(now);
  } else if (event.type.startsWith('stream.')) {
    changes = [describeChange(event), ...changes].slice(0, shownChanges);
    renderChanges(changes);
    renderEmpty('changes-empty', undefined);
  }
}

function render() {
  const now = Date.now();
  renderFeedState(now);
  renderOutage(now);
  const isHearing = feedState.state === 'open';
  chat.advance(now, isHearing);
  for (const window of chatByChannel.values()) window.advance(now, isHearing);
  renderRiver(chat.perSecond(), isHearing ? chat.mean(5) : undefined);
  if (known !== undefined) renderKnown(known, now);
}

/** @param {NonNullable<typeof known>} facts @param {number} now */
function renderKnown({ status, streams, channels, rows }, now) {
  const knowsLive = streams.asOf !== null;
  show('live-count', knowsLive ? formatCount(streams.total) : '–');
  show('live-of', `of ${plural(channels.total, 'channel')}`);
  show('viewer-count', knowsLive ? formatCount(streams.totalViewers) : '–');
  show('viewers-as-of', knowsLive ? `as of ${formatDuration(now - Date.parse(streams.asOf))} ago` : 'not known');
  show('chat-total', `${plural(status.chat.received, 'line')} since the start`);
  renderWarnings(status.warnings);
  renderFacts(factsOf(status, now));
  byId('streams').hidden = rows.length === 0;
  byId('streams').classList.toggle('chat-only', !knowsLive);
  renderRows(rows, { now, chatOf });
  renderEmpty('streams-empty', streams.total > 0 ? undefined : whyEmpty({ status, streams, channels }));
  const more = (knowsLive ? streams.total : channels.total) - rows.length;
  byId('streams-more').hidden = more <= 0;
  show('streams-more', `and ${formatCount(more)} more with fewer ${knowsLive ? 'viewers' : 'messages'}`);
  show('footer', `streamgauge ${status.version}, up ${formatDuration(now - Date.parse(status.startedAt))}`);
  document.title = knowsLive ? `${streams.total} live, streamgauge` : 'streamgauge';
}

function renderChannels() {
  if (known === undefined) return;
  const { channels, streams } = known;
  show('live-title', streams.asOf === null ? 'Channels by chat' : 'Live channels');
  const quiet = streams.asOf === null ? [] : channels.items.filter((/** @type {any} */ { isLive }) => isLive !== true);
  renderQuiet(quiet.slice(0, shownQuiet), quiet.length === 0 ? 0 : channels.total - streams.total);
}

/** A room that we are not in is not quiet: its chat is not heard. @param {string} login */
function chatOf(login) {
  if (feedState.state !== 'open' || !known?.joined.has(login)) return { rates: [], mean: undefined };
  const window = chatByChannel.get(login);
  if (window === undefined) return { rates: [], mean: 0 };
  return { rates: window.perSecond(), mean: window.mean(24) };
}

/** @param {number} now */
function renderFeedState(now) {
  const seconds = Math.max(0, Math.ceil(((feedState.retryAt ?? now) - now) / 1000));
  const texts = {
    connecting: 'connecting to the feed',
    open: 'connected',
    lost: `connection lost, next try in ${seconds} s`,
    refused: `feed refused: ${feedState.reason}`,
    paused: 'paused',
  };
  byId('feed-state').dataset.state = feedState.state;
  show('feed-state', texts[feedState.state]);
}

/** @param {number} now */
function renderOutage(now) {
  const since = known?.at;
  byId('main').classList.toggle('stale', failures > 0);
  byId('outage').hidden = failures === 0;
  if (failures === 0) return;
  const age =
    since === undefined ? '' : ` What you see is from ${formatClock(since)}, ${formatDuration(now - since)} ago.`;
  show('outage', `The daemon does not answer.${age} Trying again.`);
}

const feed = connectFeed({
  path: '/v1/feed?types=chat.message,stream.*',
  onEvent,
  onState(state) {
    feedState = state;
    render();
  },
});

/** @type {number | undefined} */
let pollTimer;
document.addEventListener('visibilitychange', () => {
  clearTimeout(pollTimer);
  if (document.hidden) return feed.pause();
  feed.resume();
  void poll();
});
renderEmpty('changes-empty', [[`None since this page was opened at ${formatClock(openedAt)}.`]]);
setInterval(render, 1000);
void poll();
