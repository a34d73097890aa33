// The studio's editor of diagrams, in the one `[data-studio-diagram]` of a page.
//
//   data-api      address of the JSON doors, such as /studio/api
//   data-draft    id of the model draft          data-file   name of its diagram
//   data-csrf     token that saving must carry    data-person id of who looks at the page
//
// `data-studio-ready` appears on the host when the designer can begin.

import './diagram.css';
import './studio/studio.css';
import './studio/comments.css';

import { showFailure } from './frame.js';
import { openDiagram } from './studio/diagram.js';
import { say } from './words.js';

const host = document.querySelector('[data-studio-diagram]');
openDiagram(host).catch((error) => {
  host.classList.remove('model-editor');
  host.dataset.labelError = say('这份流程图画不出来，文件原样保留。', 'This diagram cannot be drawn; the file is kept as it is.');
  showFailure(host, error);
});
