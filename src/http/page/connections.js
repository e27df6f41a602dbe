/** The panel of what is connected and what is behind, drawn from `/api/v1/status`. */
import { byId, element, setText } from './dom.js';
import { formatBytes, formatCount, formatDuration, formatRate, plural } from './format.js';

/** @param {{ term: string, value: string, detail?: string, share?: number, level?: string }[]} facts */
export function renderFacts(facts) {
  const list = byId('connections');
  facts.forEach((fact, at) => {
    const row = list.children[at] ?? list.appendChild(createFact());
    row.setAttribute('data-level', fact.level ?? '');
    const [term, value, bar, detail] = row.children;
    if (term === undefined || value === undefined || detail === undefined) return;
    setText(term, fact.term);
    setText(value, fact.value);
    setText(detail, fact.detail ?? '');
    if (bar instanceof HTMLProgressElement) {
      bar.hidden = fact.share === undefined;
      bar.value = fact.share ?? 0;
      bar.setAttribute('aria-label', fact.term);
    }
  });
  while (list.children.length > facts.length) list.lastChild?.remove();
}

function createFact() {
  const bar = element('progress', { max: '1' });
  return element('div', {}, element('dt'), element('dd'), bar, element('dd', { className: 'detail' }));
}

/** @param {any} status of `/api/v1/status` @param {number} now */
export function factsOf(status, now) {
  const { chat, helix, store, feed, eventLoop } = status;
  const ago = (/** @type {string | null} */ at) => {
    if (at === null) return 'never';
    const ageMs = now - Date.parse(at);
    return ageMs < 1000 ? 'just now' : `${formatDuration(ageMs)} ago`;
  };
  const channels = chat.joined + chat.pending + chat.failed;
  const { open, wanted } = chat.connections;
  return [
    {
      term: 'Chat connections',
      value: `${open} of ${wanted}`,
      level: open < wanted ? 'error' : '',
    },
    {
      term: 'Channels joined',
      value: `${formatCount(chat.joined)} of ${formatCount(channels)}`,
      share: channels === 0 ? 0 : chat.joined / channels,
      detail: [chat.pending > 0 && `${chat.pending} waiting`, chat.failed > 0 && `${chat.failed} failed`]
        .filter(Boolean)
        .join(', '),
      level: chat.failed > 0 ? 'warning' : '',
    },
    helix === null
      ? { term: 'Helix budget', value: 'off', detail: 'No credentials: chat only.' }
      : {
          term: 'Helix budget',
          value: helix.budget === null ? '–' : `${helix.budget.left} of ${helix.budget.limit}`,
          share: helix.budget === null ? 0 : helix.budget.left / helix.budget.limit,
          detail: `Sweep ${ago(helix.lastSweepAt)}${nextSweep(helix.nextSweepAt, now)}`,
          level: helix.budget !== null && helix.budget.left < helix.budget.limit * 0.1 ? 'warning' : '',
        },
    {
      term: 'Waiting for ClickHouse',
      value: plural(store.pendingRows, 'row'),
      share: store.pendingBytes / store.maxPendingBytes,
      detail: `${formatBytes(store.pendingBytes)} of ${formatBytes(store.maxPendingBytes)}; ${plural(store.insertedRows, 'row')} stored, last ${ago(store.lastInsertAt)}`,
      level: store.pendingBytes > store.maxPendingBytes / 2 ? 'error' : '',
    },
    {
      term: 'Feed clients',
      value: formatCount(feed.connections),
      detail: `Event ${formatCount(feed.headSeq)} on ${feed.engine === 'uws' ? 'uWebSockets.js' : 'ws'}`,
    },
    {
      term: 'Event loop delay',
      value: `${formatRate(eventLoop.delayP99Ms)} ms`,
      detail: `99th percentile; worst ${formatRate(eventLoop.delayMaxMs)} ms`,
      level: eventLoop.delayP99Ms > 100 ? 'warning' : '',
    },
  ];
}

/** @param {string | null} at @param {number} now */
function nextSweep(at, now) {
  if (at === null) return '';
  const inMs = Date.parse(at) - now;
  return inMs > 0 ? `, next in ${formatDuration(inMs)}` : ', next is due';
}
