/**
 * A client of the websocket feed for as long as the page is open: comes back after every loss, with growing pauses, and
 * tells at each moment whether it hears. Silence for 2.5 heartbeats counts as a loss, since a browser does not see pings.
 */
const pausesMs = [500, 1000, 2000, 4000, 8000, 15_000];
/** A connection that lived this long was a good one: the next pause is the shortest again. */
const goodLifeMs = 30_000;
const presetHeartbeatMs = 10_000;

/**
 * @typedef {{ state: 'connecting' | 'open' | 'lost' | 'refused' | 'paused', retryAt?: number, reason?: string }} FeedState
 * `refused`: the daemon said that coming back is useless (close codes 4500 and up).
 *
 * @param {{ path: string, onEvent: (event: any) => void, onState: (state: FeedState) => void }} options
 * @returns {{ pause(): void, resume(): void }}
 */
export function connectFeed({ path, onEvent, onState }) {
  /** @type {WebSocket | undefined} */
  let socket;
  let failures = 0;
  let isPaused = false;
  /** @type {number | undefined} */
  let retryTimer;

  const open = () => {
    onState({ state: 'connecting' });
    const url = new URL(path, location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    const current = new WebSocket(url);
    socket = current;
    let openedAt = 0;
    let heartbeatMs = presetHeartbeatMs;
    let refusal = '';
    /** @type {number | undefined} set when the daemon tells its going, and when to come back */
    let askedPauseMs;
    /** @type {number | undefined} */
    let silenceTimer;

    const heard = () => {
      clearTimeout(silenceTimer);
      silenceTimer = setTimeout(() => lost('no heartbeat'), heartbeatMs * 2.5);
    };
    const lost = (/** @type {string} */ reason, code = 0) => {
      clearTimeout(silenceTimer);
      if (socket !== current) return;
      socket = undefined;
      current.close();
      if (code >= 4500 && code < 5000) {
        onState({ state: 'refused', reason: refusal || reason });
        return;
      }
      failures = openedAt > 0 && Date.now() - openedAt > goodLifeMs ? 0 : failures + 1;
      const step = pausesMs[Math.min(failures, pausesMs.length - 1)] ?? 0;
      const pauseMs = askedPauseMs ?? step * (0.5 + Math.random());
      onState({ state: 'lost', reason, retryAt: Date.now() + pauseMs });
      retryTimer = setTimeout(open, pauseMs);
    };

    heard();
    current.onclose = (event) => lost(event.reason || `closed with ${event.code}`, event.code);
    current.onmessage = (message) => {
      heard();
      const frame = JSON.parse(message.data);
      if (frame.k === 'ev') onEvent(frame);
      else if (frame.k === 'err') refusal = frame.msg;
      else if (frame.k === 'bye') askedPauseMs = frame.retry_ms;
      else if (frame.k === 'hello') {
        openedAt = Date.now();
        heartbeatMs = frame.hb ?? heartbeatMs;
        onState({ state: 'open' });
      }
    };
  };

  open();
  return {
    pause() {
      if (isPaused) return;
      isPaused = true;
      clearTimeout(retryTimer);
      const current = socket;
      socket = undefined;
      current?.close(1000);
      onState({ state: 'paused' });
    },
    resume() {
      if (!isPaused) return;
      isPaused = false;
      failures = 0;
      open();
    },
  };
}
