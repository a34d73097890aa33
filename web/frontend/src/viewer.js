// Shows a deployed diagram with what is happening in it, in every `[data-diagram]` of a page.
//
//   data-diagram-url   address of the BPMN XML
//   data-tokens        JSON, element id → {count, state, label, text}; states are
//                      those of tokens.js, `text` is shown on the badge
//   data-near          begin at the element that stands, at a size that can be read, where the whole would be too small
//   data-label         accessible name of the drawing; data-label-zoom-in, -zoom-out, -fit, -error: words of the frame
//
// A click or tap on a shape sends the event `diagram:select` with `detail.elementId` from the host. When it stands, the
// host sends `diagram:ready` and holds the viewer as `diagram`.

import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import './diagram.css';

import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';

import {
  addZoomButtons,
  fetchDiagram,
  fitAround,
  keepFitting,
  makeFrame,
  moveByKeys,
  nameCanvas,
  showFailure,
  wheelOnlyWithFocus,
} from './frame.js';
import { leadLinks } from './showing.js';
import { drawTokens, parseTokens } from './tokens.js';

for (const host of document.querySelectorAll('[data-diagram]')) {
  show(host).catch((error) => showFailure(host, error));
}

async function show(host) {
  const tokens = parseTokens(host.dataset.tokens);
  const xml = await fetchDiagram(host.dataset.diagramUrl);

  const frame = makeFrame(host);
  const viewer = new NavigatedViewer({ container: frame.canvas });
  await viewer.importXML(xml);

  nameCanvas(frame, host.dataset.label ?? '流程图');
  addZoomButtons(frame, viewer);
  moveByKeys(frame, viewer);
  wheelOnlyWithFocus(frame, viewer);
  drawTokens(viewer, tokens);
  leadLinks(viewer);
  viewer.on('element.click', ({ element }) => {
    host.dispatchEvent(new CustomEvent('diagram:select', { bubbles: true, detail: { elementId: element.id } }));
  });
  const place = 'near' in host.dataset ? standing(viewer, tokens) : undefined;
  keepFitting(frame, viewer, (canvas) => fitAround(canvas, place));
  host.diagram = viewer;
  host.dataset.diagramReady = '';
  host.dispatchEvent(new Event('diagram:ready'));
}

/** The shape that is worked on now, a late one first. */
function standing(viewer, tokens) {
  const found = ['late', 'open'].flatMap((state) => Object.keys(tokens).filter((id) => tokens[id].state === state));
  return found.map((id) => viewer.get('elementRegistry').get(id)).find((shape) => shape && !shape.waypoints);
}
