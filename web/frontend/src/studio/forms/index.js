// The tab of forms: form-js with our components, our properties, the problems and the page as the officer sees it. A form
// that cannot be drawn, or is too large, is edited as text.

import { FormEditor } from '@bpmn-io/form-js-editor';

import { element } from '../../frame.js';
import { isChinese, say } from '../../words.js';
import { Desk } from '../files/desk.js';
import { TextEditor } from '../files/text_editor.js';
import { OurComponents } from './kinds.js';
import { Preview } from './preview.js';
import { Properties } from './properties.js';
import { Schema } from './schema.js';

// Its own panel offers what no form of ours has, and editors whose styles our content policy forbids.
const WITHOUT_PANEL = {
  propertiesPanel: ['value', { registerProvider() {}, attachTo() {}, detach() {} }],
  propertiesProvider: ['value', null],
};

export async function editForm(host) {
  let editor;
  const desk = new Desk(host, { read: () => editor.read(), go: (problem) => editor.go(problem) });
  const text = await desk.load();
  const preview = new Preview(desk);
  const changed = () => {
    preview.draw(editor.read());
    desk.changed();
  };
  const open = async (content) => {
    editor = await opened(desk, content, changed);
    desk.body.append(preview.panel);
    preview.draw(content);
  };
  await open(text);
  const other = desk.addButton('', async () => {
    const now = editor.read();
    if (editor.isText) {
      await open(now);
    } else {
      editor = asText(desk, now, '', changed);
      desk.body.append(preview.panel);
    }
    name();
  });
  const name = () => {
    other.textContent = editor.isText ? say('按表单编辑', 'Edit as a form') : say('按文本编辑', 'Edit as text');
  };
  name();
  desk.offerLeftBehind(async (left) => {
    await open(left);
    name();
    desk.changed();
  });
  host.dataset.editorReady = '';
}

async function opened(desk, text, changed) {
  try {
    return await asForm(desk, new Schema(text), changed);
  } catch (error) {
    return asText(desk, text, error.message, changed);
  }
}

async function asForm(desk, schema, changed) {
  const canvas = element('div', 'form-editor__canvas');
  const palette = element('div', 'form-editor__palette');
  const editor = new FormEditor({
    container: canvas,
    additionalModules: [OurComponents, WITHOUT_PANEL],
    palette: { parent: palette },
    propertiesPanel: { parent: palette }, // somewhere, so that no place is made for it
  });
  const properties = new Properties(editor, desk.isOpen);
  const box = element('div', 'form-editor');
  box.append(palette, canvas, properties.panel);
  const before = [...desk.body.children];
  desk.body.replaceChildren(box);
  try {
    await editor.importSchema(schema.opened);
  } catch (error) {
    editor.destroy();
    desk.body.replaceChildren(...before);
    throw error;
  }
  properties.draw();
  speak(box);
  if (!desk.isOpen) {
    palette.inert = true;
    canvas.inert = true;
  }
  editor.get('eventBus').on('commandStack.changed', () => changed());
  return {
    isText: false,
    read: () => {
      properties.flush();
      return schema.written(editor.saveSchema());
    },
    go: (problem) => choose(editor, canvas, problem),
  };
}

function asText(desk, text, reason, changed) {
  const editor = new TextEditor({ label: desk.file, isOpen: desk.isOpen, onChange: changed });
  editor.text = text;
  const why = element('p', 'notice notice--warning', say(`不能按表单编辑（${reason}），请按文本修改。`, `It cannot be edited as a form (${reason}); edit the text.`));
  desk.body.replaceChildren(...(reason ? [why] : []), editor.box);
  return {
    isText: true,
    read: () => editor.text,
    go: (problem) => editor.goTo(lineOf(editor.text, problem.element)),
  };
}

/** The component that a problem names by its key, its id, or its number (#3). */
function choose(editor, canvas, { element: named = '' }) {
  const all = editor.get('formFieldRegistry').getAll();
  const field = all.find((each) => [each.key, each.id].includes(named)) ?? all.filter((each) => each.type !== 'default')[Number(named.slice(1)) - 1];
  if (field) {
    editor.get('selection').set(field);
    const place = canvas.querySelector(`[data-id="${CSS.escape(field.id)}"]`);
    place?.scrollIntoView({ block: 'center' });
    place?.focus();
  }
}

// form-js has no hook for its own words: these few stand on the screen of our editor and are replaced where they stand.
const WORDS = {
  Components: '组件',
  'Search components': '查找组件',
  Input: '填写',
  Selection: '选择',
  Presentation: '显示',
  Containers: '容器',
  Action: '本系统组件',
  'No components found.': '没有找到组件。',
  'Drag and drop components here.': '把组件拖到这里。',
  'Build your form': '新建表单',
  'Drag and drop components here to start designing.': '把左边的组件拖到这里，或在组件上按回车。',
  'Use the preview window to test your form.': '下面就是办理人看到的样子。',
  'Clear content': '清除',
};
const ENGLISH = { Action: 'Ours' };

function speak(box) {
  const dictionary = isChinese ? WORDS : ENGLISH;
  const chrome = '.fjs-palette-header, .fjs-palette-group-title, .fjs-palette-no-entries, .fjs-empty-component-text, .fjs-empty-editor *';
  const replace = () => {
    for (const each of box.querySelectorAll(chrome)) {
      for (const node of each.childNodes) {
        if (node.nodeType === Node.TEXT_NODE && Object.hasOwn(dictionary, node.data)) {
          node.data = dictionary[node.data];
        }
      }
      each.removeAttribute('title');
    }
    for (const each of box.querySelectorAll('.fjs-palette-field')) {
      each.title = say(`加“${each.textContent}”`, `Add ${each.textContent}`);
    }
    for (const each of box.querySelectorAll('.fjs-context-pad-item')) {
      each.title = say('删除', 'Delete');
    }
    const search = box.querySelector('.fjs-palette-search');
    if (search && isChinese) {
      search.placeholder = WORDS['Search components'];
    }
  };
  replace();
  new MutationObserver(replace).observe(box, { childList: true, subtree: true });
}

function lineOf(text, key) {
  const at = key ? text.indexOf(`"${key}"`) : -1;
  return at < 0 ? 1 : text.slice(0, at).split('\n').length;
}
