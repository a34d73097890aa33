// Edits a letter template in every `[data-letter-editor]`; see studio/files/desk.js for what the element says.

import { showFailure } from './studio/files/desk.js';
import { editLetter } from './studio/letters/index.js';

for (const host of document.querySelectorAll('[data-letter-editor]')) {
  editLetter(host).catch((error) => showFailure(host, error));
}
