// The comments beside the drawing of a draft that can only be looked at, in the one `[data-studio-comments]` of a page.
//
//   data-api      address of the JSON doors, such as /studio/api
//   data-draft    id of the model draft          data-file         name of its diagram
//   data-csrf     token that writing must carry  data-may-comment  present when this person may write
//   data-person   id of who looks at the page

import './studio/comments.css';

import { mark } from './showing.js';
import { discuss } from './studio/comments/index.js';
import { Server } from './studio/server/index.js';

const AROUND = 60; // pixels that stay free around an element that is shown

const host = document.querySelector('[data-studio-comments]');
const drawing = document.querySelector('[data-diagram]');
if (drawing.diagram) {
  begin();
} else {
  drawing.addEventListener('diagram:ready', begin, { once: true });
}

function begin() {
  const { api, draft: draftId, file: name, csrf, person } = host.dataset;
  const { diagram } = drawing;
  diagram.on('selection.changed', ({ newSelection }) => mark(diagram, newSelection.length === 1 ? newSelection[0] : undefined));
  discuss(diagram, host, {
    server: new Server({ api, draftId, csrf }),
    person,
    draftId,
    name,
    mayComment: 'mayComment' in host.dataset,
    onGo: (id) => go(diagram, id),
  });
}

function go(diagram, id) {
  const shape = diagram.get('elementRegistry').get(id);
  const isDrawn = Boolean(shape?.parent);
  diagram.get('selection').select(isDrawn ? shape : []);
  if (isDrawn) {
    diagram.get('canvas').scrollToElement(shape, AROUND);
    drawing.scrollIntoView({ block: 'nearest' });
  }
}
