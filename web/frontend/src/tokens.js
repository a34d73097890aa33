// Where a case stands, or what differs from another version, drawn on a diagram: a badge with sign, count or word at each
// element, and a class on the shape.

import { element } from './frame.js';
import { middleOf } from './showing.js';

// Colour never speaks alone: each state has its own sign.
const SIGNS = {
  open: '●', late: '▲', done: '✓',
  added: '＋', removed: '－', changed: '✎',
  heat1: '◔', heat2: '◑', heat3: '◕', heat4: '⬤',
};
const ON_LINES = ['added', 'removed', 'changed']; // where a case went needs no badge on every line

/** Reads `{elementId: {count, state, label, text}}`; throws an Error that names what is wrong. */
export function parseTokens(json) {
  const tokens = json ? JSON.parse(json) : {};
  for (const [id, token] of Object.entries(tokens)) {
    if (!(token.state in SIGNS)) {
      throw new Error(`data-tokens: ${id}: unknown state ${token.state}`);
    }
  }
  return tokens;
}

/** Draws the tokens; an element that this version of the diagram does not have is passed over. */
export function drawTokens(viewer, tokens) {
  const registry = viewer.get('elementRegistry');
  for (const [id, token] of Object.entries(tokens)) {
    const shape = registry.get(id);
    if (!shape) {
      continue;
    }
    viewer.get('canvas').addMarker(id, `diagram-element--${token.state}`);
    const isLine = Boolean(shape.waypoints);
    if (!isLine) {
      viewer.get('overlays').add(id, 'token', { position: { top: -14, right: 14 }, html: badge(token) });
    } else if (ON_LINES.includes(token.state)) {
      viewer.get('overlays').add(id, 'token', { position: onLine(shape), html: badge(token) });
    }
  }
}

/** Overlays of a line are placed from the corner of the box around it. */
function onLine(shape) {
  const middle = middleOf(shape);
  const [left, top] = ['x', 'y'].map((axis) => Math.min(...shape.waypoints.map((point) => point[axis])));
  return { left: middle.x - left - 10, top: middle.y - top - 10 };
}

function badge({ state, count = 0, label = '', text = '' }) {
  const made = element('div', `diagram-token diagram-token--${state}`);
  made.title = label;
  const sign = element('span', 'diagram-token__sign', SIGNS[state]);
  sign.setAttribute('aria-hidden', 'true');
  made.append(sign);
  if (count > 0) {
    made.append(element('span', 'diagram-token__count', String(count)));
  }
  if (text) {
    made.append(element('span', 'diagram-token__text', text));
  }
  if (label) {
    made.append(element('span', 'diagram-token__label', label));
  }
  return made;
}
