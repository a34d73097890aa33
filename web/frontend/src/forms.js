// Edits a form in every `[data-form-editor]`; see studio/files/desk.js for what the element says.

import '@bpmn-io/form-js-viewer/dist/assets/form-js-base.css';
import '@bpmn-io/form-js-editor/dist/assets/form-js-editor-base.css';

import { showFailure } from './studio/files/desk.js';

for (const host of document.querySelectorAll('[data-form-editor]')) {
  import('./studio/forms/index.js')
    .then(({ editForm }) => editForm(host))
    .catch((error) => showFailure(host, error));
}
