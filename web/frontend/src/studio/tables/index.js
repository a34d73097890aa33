// The tab of decision tables: dmn-js, limited to what the engine runs, with problems and a row to try. A file that dmn-js
// cannot read, or that is too large for it, is edited as text.

import { element } from '../../frame.js';
import { say } from '../../words.js';
import { Desk } from '../files/desk.js';
import { carriedOver } from '../files/lossless.js';
import { TextEditor } from '../files/text_editor.js';
import { TableModeler } from './modeler.js';
import { TryRow } from './try_row.js';
import { missing } from './words.js';

const LARGEST = 1_000_000; // characters that dmn-js opens in a few seconds

export async function editTables(host) {
  let editor;
  const desk = new Desk(host, { read: () => editor.read(), go: (problem) => editor.go(problem) });
  const text = await desk.load();
  const open = async (content) => {
    editor = await opened(desk, content);
  };
  await open(text);
  const other = desk.addButton('', async () => {
    const now = await editor.read();
    editor = editor.isText ? await opened(desk, now) : asText(desk, now, '');
    name();
  });
  const name = () => {
    other.textContent = editor.isText ? say('按表格编辑', 'Edit as a table') : say('按文本编辑', 'Edit as text');
  };
  name();
  desk.offerLeftBehind(async (left) => {
    await open(left);
    name();
    desk.changed();
  });
  host.dataset.editorReady = '';
}

async function opened(desk, text) {
  try {
    if (text.length > LARGEST) {
      throw new Error(say('文件太大', 'the file is too large'));
    }
    return await asTable(desk, text);
  } catch (error) {
    return asText(desk, text, error.message);
  }
}

async function asTable(desk, text) {
  const canvas = element('div', 'table-editor');
  desk.body.replaceChildren(canvas);
  const modeler = new TableModeler({ container: canvas, isOpen: desk.isOpen });
  try {
    await modeler.importXML(text);
    if (!modeler.tables().length) {
      throw new Error(say('文件里没有决策表', 'there is no decision table in it'));
    }
  } catch (error) {
    modeler.destroy();
    throw error;
  }
  const first = (await modeler.saveXML({ format: true })).xml;
  const editor = {
    isText: false,
    read: async () => carriedOver(text, first, (await modeler.saveXML({ format: true })).xml),
    go: (problem) => modeler.show(problem.element),
  };
  const tryRow = new TryRow({ desk, modeler, read: editor.read });
  desk.body.append(tryRow.panel);
  modeler.onChange(() => {
    tryRow.draw();
    desk.changed();
    desk.host.dataset.missingWords = [...missing].join('|');
  });
  if (modeler.tables().length > 1) {
    canvas.before(choices(modeler, tryRow));
  }
  await modeler.open(modeler.tables()[0]);
  tryRow.draw();
  desk.host.dataset.missingWords = [...missing].join('|');
  return editor;
}

function asText(desk, text, reason) {
  const editor = new TextEditor({ label: desk.file, isOpen: desk.isOpen, onChange: () => desk.changed() });
  editor.text = text;
  const why = element('p', 'notice notice--warning', say(`不能按表格编辑（${reason}），请按文本修改。`, `It cannot be edited as a table (${reason}); edit the text.`));
  desk.body.replaceChildren(...(reason ? [why] : []), editor.box);
  return {
    isText: true,
    read: () => editor.text,
    go: (problem) => editor.goTo(lineOf(editor.text, problem.element)),
  };
}

/** One button for each table of the file. */
function choices(modeler, tryRow) {
  const list = element('div', 'table-editor__choices');
  list.setAttribute('role', 'group');
  list.setAttribute('aria-label', say('决策表', 'Decision tables'));
  for (const view of modeler.tables()) {
    const button = element('button', 'button button--small', view.name || view.id);
    button.type = 'button';
    button.addEventListener('click', async () => {
      await modeler.open(view);
      tryRow.draw();
    });
    list.append(button);
  }
  return list;
}

function lineOf(text, id) {
  const at = id ? text.indexOf(`id="${id}"`) : -1;
  return at < 0 ? 1 : text.slice(0, at).split('\n').length;
}
