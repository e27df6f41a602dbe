/** Puts things on the page. Every text goes in as text: titles, names and errors come from strangers. */
import { drawPaths } from './rates.js';

/** @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * @param {string} tag @param {{ className?: string, text?: string, [attribute: string]: string | undefined }} [attributes]
 * @param {...Node} children
 */
export function element(tag, { className, text, ...attributes } = {}, ...children) {
  const made = document.createElement(tag);
  if (className !== undefined) made.className = className;
  if (text !== undefined) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Writes only what differs, so that selections survive. @param {Element} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** @param {string} id @param {string} text */
export function show(id, text) {
  setText(byId(id), text);
}

/**
 * @param {Element} svg with a viewBox that starts at 0,0
 * @param {(number | null)[]} series @param {number} top the value at full height
 */
export function drawSeries(svg, series, top) {
  const [, , width = 0, height = 0] = (svg.getAttribute('viewBox') ?? '').split(' ').map(Number);
  const paths = drawPaths(series, { width, height: height - 2, top });
  for (const [name, d] of Object.entries({ area: paths.area, line: paths.line })) {
    let path = svg.querySelector(`.${name}`);
    if (path === null) {
      path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
      path.setAttribute('class', name);
      svg.append(path);
    }
    path.setAttribute('d', d);
  }
}
