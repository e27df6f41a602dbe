/** The smaller parts of the page: chat flow, warnings, last changes, channels that are not live, and what to read where nothing is. */
import { byId, drawSeries, element, show } from './dom.js';
import { formatClock, formatCount, formatRate } from './format.js';

/** @param {(number | null)[]} series @param {number | undefined} rate */
export function renderRiver(series, rate) {
  const highest = Math.max(0, ...series.filter((value) => value !== null));
  drawSeries(byId('river'), series, Math.max(1, highest * 1.15));
  show('river-top', highest > 0 ? `peak ${formatRate(highest)}/s` : '');
  show('chat-rate', rate === undefined ? '–' : formatRate(rate));
}

/** @param {{ level: string, code: string, message: string }[]} warnings */
export function renderWarnings(warnings) {
  const list = byId('warnings');
  const wanted = warnings.map(({ level, message }) => `${level} ${message}`).join('\n');
  if (list.dataset.shown === wanted) return;
  list.dataset.shown = wanted;
  list.replaceChildren(...warnings.map(({ level, message }) => element('li', { 'data-level': level, text: message })));
}

/** Replaces a list's place by sentences that say what to do. @param {string} id @param {(string | Node)[][] | undefined} paragraphs */
export function renderEmpty(id, paragraphs) {
  const place = byId(id);
  place.hidden = paragraphs === undefined;
  const made = (paragraphs ?? []).map((parts) => {
    const paragraph = element('p');
    paragraph.append(...parts);
    return paragraph;
  });
  const wanted = made.map((paragraph) => paragraph.textContent).join('\n');
  if (place.dataset.shown === wanted) return;
  place.dataset.shown = wanted;
  place.replaceChildren(...made);
}

/** @param {{ at: number, login: string, what: string, detail: string }[]} changes newest first */
export function renderChanges(changes) {
  byId('changes').replaceChildren(
    ...changes.map(({ at, login, what, detail }) => {
      const instant = element('time', { text: formatClock(at), datetime: new Date(at).toISOString() });
      const sentence = element('p', {}, element('strong', { text: login }), document.createTextNode(` ${what}`));
      return element('li', {}, instant, sentence, ...(detail === '' ? [] : [element('p', { text: detail })]));
    }),
  );
}

/** @param {any[]} channels of `/api/v1/channels` @param {number} total */
export function renderQuiet(channels, total) {
  byId('quiet').hidden = channels.length === 0;
  const chips = channels.map(({ login, displayName, chat }) => {
    const state =
      chat.state === 'joined' ? 'chat joined' : `chat ${chat.state}${chat.reason === null ? '' : `: ${chat.reason}`}`;
    return element('li', { className: 'dot', 'data-state': chat.state, title: state, text: displayName ?? login });
  });
  if (total > channels.length) chips.push(element('li', { text: `and ${formatCount(total - channels.length)} more` }));
  byId('chips').replaceChildren(...chips);
}

/** @param {any} event of a `stream.…` type */
export function describeChange({ type, ch, at, data }) {
  const when = { at: Date.parse(at), login: ch.login };
  if (type === 'stream.online') return { ...when, what: 'went live', detail: data.title ?? '' };
  if (type === 'stream.offline') return { ...when, what: 'went offline', detail: '' };
  const changed = data.changed?.[0];
  if (changed === 'game')
    return {
      ...when,
      what: 'changed category',
      detail: `${data.before?.game?.name || 'none'} → ${data.game.name || 'none'}`,
    };
  if (changed === 'title') return { ...when, what: 'changed the title', detail: data.title };
  if (changed === 'tags') return { ...when, what: 'changed tags', detail: data.tags.join(', ') };
  return { ...when, what: `changed ${changed ?? 'something'}`, detail: '' };
}
