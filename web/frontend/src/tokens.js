// Where a case stands, drawn on its diagram: a badge with count and sign at each element, and a class on the shape.

import { element } from './frame.js';

// Colour never speaks alone: each state has its own sign.
const SIGNS = { open: '●', late: '▲', done: '✓' };

/** Reads `{elementId: {count, state, label}}`; throws an Error that names what is wrong. */
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
    }
  }
}

function badge({ state, count = 0, label = '' }) {
  const made = element('div', `diagram-token diagram-token--${state}`);
  made.title = label;
  const sign = element('span', 'diagram-token__sign', SIGNS[state]);
  sign.setAttribute('aria-hidden', 'true');
  made.append(sign);
  if (count > 0) {
    made.append(element('span', 'diagram-token__count', String(count)));
  }
  if (label) {
    made.append(element('span', 'diagram-token__label', label));
  }
  return made;
}
