// Edits a file of decision tables in every `[data-table-editor]`; see studio/files/desk.js for what the element says.

import 'dmn-js/dist/assets/dmn-js-shared.css';
import 'dmn-js/dist/assets/dmn-js-decision-table.css';
import 'dmn-js/dist/assets/dmn-js-decision-table-controls.css';
import 'dmn-js/dist/assets/dmn-font/css/dmn.css';

import { showFailure } from './studio/files/desk.js';

for (const host of document.querySelectorAll('[data-table-editor]')) {
  import('./studio/tables/index.js')
    .then(({ editTables }) => editTables(host))
    .catch((error) => showFailure(host, error));
}
