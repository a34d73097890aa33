// The tab of letter templates: the text, the words it may use, the problems, and the printed page beside it. The page is a
// frame that the form around the text posts to, so that it can be printed without this script too.

import { Desk } from '../files/desk.js';
import { TextEditor } from '../files/text_editor.js';
import { element } from '../../frame.js';
import { say } from '../../words.js';

export async function editLetter(host) {
  const form = host.closest('form');
  const field = form.elements.namedItem('text');
  let editor;
  const desk = new Desk(host, {
    read: () => editor.text,
    go: (problem) => editor.goTo(Number(/\d+/.exec(problem.element ?? '')?.[0] ?? 1)),
  });
  const text = await desk.load();
  editor = new TextEditor({
    label: desk.file,
    isOpen: desk.isOpen,
    onChange: () => {
      field.value = editor.area.value;
      desk.changed();
    },
  });
  editor.text = text;
  field.value = editor.area.value;
  field.hidden = true;
  desk.body.append(editor.box);
  desk.offerLeftBehind((left) => {
    editor.text = left;
    field.value = editor.area.value;
    desk.changed();
  });
  for (const button of document.querySelectorAll('[data-letter-word]')) {
    button.addEventListener('click', () => desk.isOpen && editor.insert(written(button.dataset.letterWord)));
  }
  waitForPages(form);
  host.dataset.editorReady = '';
}

/** `cases[].number` is one of a list: it is printed inside a loop. */
function written(path) {
  const [list, field] = path.split('[].');
  return field === undefined ? `{{ ${path} }}` : `{% for one in ${list} %}{{ one.${field} }}{% endfor %}`;
}

/** One page at a time: the button waits until the last one is there. */
function waitForPages(form) {
  const button = form.querySelector('[data-letter-preview]');
  const frame = document.querySelector(`iframe[name="${form.target}"]`);
  const status = element('p', 'letter-editor__state');
  status.setAttribute('role', 'status');
  button.after(status);
  form.addEventListener('submit', () => {
    status.textContent = say('正在排印……', 'Printing …');
    setTimeout(() => { button.disabled = true; });
  });
  frame.addEventListener('load', () => {
    status.textContent = '';
    button.disabled = false;
    frame.dataset.loaded = '';
  });
}
