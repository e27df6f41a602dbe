/** The table of live channels, or of all channels while nothing tells who is live: one row each, with the flow of its chat. */
import { byId, drawSeries, element, setText } from './dom.js';
import { formatCount, formatDuration, formatRate } from './format.js';

/**
 * @typedef {{ key: string, login: string, name: string, note: string, title: string, where: string,
 *   viewers: string, startedAt: number | undefined }} Row
 */

/** @param {any} stream of `/api/v1/streams` @returns {Row} */
export function rowOfStream({ id, channel, title, category, language, viewers, isMature, startedAt }) {
  return {
    key: id,
    login: channel.login,
    name: channel.displayName ?? channel.login,
    note: language,
    title: title || 'No title',
    where: `${category.name || 'No category'}${isMature ? ', mature' : ''}`,
    viewers: formatCount(viewers),
    startedAt: Date.parse(startedAt),
  };
}

/** @type {Record<string, string>} */
const joinTexts = { joined: 'Chat joined', pending: 'Waiting to join chat', failed: 'Chat not joined' };

/** For when nothing tells who is live, and chat is all there is. @param {any} channel of `/api/v1/channels` @returns {Row} */
export function rowOfChannel({ id, login, displayName, chat }) {
  return {
    key: `${id} ${login}`,
    login,
    name: displayName ?? login,
    note: '',
    title: joinTexts[chat.state] ?? chat.state,
    where: chat.reason ?? '',
    viewers: '',
    startedAt: undefined,
  };
}

/** @type {Map<string, HTMLElement>} by key, kept so that a poll moves them instead of making new ones */
const shown = new Map();

/**
 * @param {Row[]} rows in the order to show
 * @param {{ now: number, chatOf: (login: string) => { rates: (number | null)[], mean: number | undefined } }} options
 */
export function renderRows(rows, { now, chatOf }) {
  const body = byId('streams').querySelector('tbody');
  const ordered = rows.map((row) => {
    const node = shown.get(row.key) ?? createRow(row.login);
    shown.set(row.key, node);
    fillRow(node, row, now, chatOf(row.login));
    return node;
  });
  const keys = new Set(rows.map((row) => row.key));
  for (const key of shown.keys()) if (!keys.has(key)) shown.delete(key);
  const isSame = body?.children.length === ordered.length && ordered.every((node, at) => body.children[at] === node);
  if (!isSame) body?.replaceChildren(...ordered);
}

/** @param {string} login */
function createRow(login) {
  const flow = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  for (const [name, value] of Object.entries({
    viewBox: '0 0 120 26',
    preserveAspectRatio: 'none',
    'aria-hidden': 'true',
  })) {
    flow.setAttribute(name, value);
  }
  const link = element('a', {
    href: `https://www.twitch.tv/${encodeURIComponent(login)}`,
    rel: 'noreferrer',
    target: '_blank',
  });
  const name = element('td', { className: 'name' }, link, element('small', { className: 'note' }));
  const title = element('span', { className: 'title' });
  const what = element('td', { className: 'what' }, title, element('span', { className: 'where' }));
  const chat = element('td', { className: 'flow' }, flow, element('span', { className: 'rate' }));
  const viewers = element('td', { className: 'viewers' });
  return element('tr', {}, name, what, chat, viewers, element('td', { className: 'up' }));
}

/**
 * @param {HTMLElement} node @param {Row} row @param {number} now
 * @param {{ rates: (number | null)[], mean: number | undefined }} chat
 */
function fillRow(node, row, now, { rates, mean }) {
  const set = (/** @type {string} */ selector, /** @type {string} */ text) => {
    const cell = node.querySelector(selector);
    if (cell !== null) setText(cell, text);
  };
  set('.name a', row.name);
  set('.note', row.note);
  set('.title', row.title);
  set('.where', row.where);
  set('.viewers', row.viewers);
  set('.up', row.startedAt === undefined ? '' : formatDuration(now - row.startedAt));
  set('.rate', mean === undefined ? 'not heard' : `${formatRate(mean * 60)} per min`);
  const svg = node.querySelector('svg');
  if (svg !== null) drawSeries(svg, rates, Math.max(0.5, ...rates.filter((rate) => rate !== null)) * 1.1);
}
