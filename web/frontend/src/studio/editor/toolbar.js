// The row of buttons above the canvas, each with its key, and a page of the keys.

import { element } from '../../frame.js';
import { say } from '../../words.js';

const KEYS = [
  ['Ctrl+Z / Ctrl+Y', '撤销／重做', 'Undo / redo'],
  ['Ctrl+C / Ctrl+X / Ctrl+V', '复制／剪切／粘贴（可跨窗口、跨流程）', 'Copy / cut / paste, across windows and diagrams'],
  ['Ctrl+A', '全选', 'Select all'],
  ['Ctrl+F', '查找', 'Find'],
  ['Ctrl+S', '立即保存', 'Save now'],
  ['N', '放任意元素和模板', 'Create anything, templates too'],
  ['A', '在选中元素后接任意元素和模板', 'Append anything, templates too'],
  ['R', '更改选中元素的类型', 'Change the type of the selected element'],
  ['E', '改名称', 'Edit the name'],
  ['M', '对选中的元素写批注', 'Comment on what is selected'],
  ['C / L / S / H', '连线／框选／增减空间／移动画布', 'Connect / lasso / space / hand'],
  ['Del', '删除', 'Delete'],
  ['← ↑ → ↓', '移动选中的元素（Shift 快）', 'Move what is selected (Shift: faster)'],
  ['Ctrl+1 / Ctrl+0', '适合窗口／原大', 'Fit / actual size'],
];

/** `onSave`, `onSimulate`: what the two buttons do that the canvas does not know. Answers the row. */
export function makeToolbar(host, editor, { onSave, onSimulate }) {
  const { modeler } = editor;
  const stack = modeler.get('commandStack');
  const row = element('div', 'model-editor__tools');
  row.setAttribute('role', 'toolbar');
  row.setAttribute('aria-label', say('编辑工具', 'Editing tools'));
  const add = (sign, label, onClick) => row.appendChild(button(sign, label, onClick));

  const undo = add('↶', say('撤销（Ctrl+Z）', 'Undo (Ctrl+Z)'), () => stack.undo());
  const redo = add('↷', say('重做（Ctrl+Y）', 'Redo (Ctrl+Y)'), () => stack.redo());
  add('＋', say('放大', 'Zoom in'), () => modeler.get('zoomScroll').stepZoom(1));
  add('－', say('缩小', 'Zoom out'), () => modeler.get('zoomScroll').stepZoom(-1));
  add('⤢', say('适合窗口', 'Fit'), () => editor.fit());
  add('⌕', say('查找（Ctrl+F）', 'Find (Ctrl+F)'), () => modeler.get('searchPad').open());
  add(say('保存', 'Save'), say('立即保存（Ctrl+S）', 'Save now (Ctrl+S)'), onSave);
  add(say('走一遍', 'Simulate'), say('用令牌走一遍，给人讲解', 'Simulate with tokens, for teaching'), onSimulate);
  add(say('快捷键', 'Keys'), say('有哪些快捷键', 'Which keys there are'), () => showKeys(host));

  const update = () => {
    undo.disabled = !stack.canUndo();
    redo.disabled = !stack.canRedo();
  };
  modeler.on('commandStack.changed', update);
  update();
  host.append(row);
  return row;
}

/** Ctrl+S and Ctrl+1 belong to the whole editor; the canvas has its own keys. */
export function bindKeys(host, editor, { onSave }) {
  host.addEventListener('keydown', (event) => {
    const isCommand = event.ctrlKey || event.metaKey;
    if (isCommand && event.key.toLowerCase() === 's') {
      event.preventDefault();
      onSave();
    } else if (isCommand && event.key === '1') {
      event.preventDefault();
      editor.fit();
    }
  });
}

function button(sign, label, onClick) {
  const made = element('button', 'model-editor__tool', sign);
  made.type = 'button';
  made.title = label;
  made.setAttribute('aria-label', label);
  made.addEventListener('click', onClick);
  return made;
}

function showKeys(host) {
  const dialog = element('dialog', 'studio-keys');
  const list = element('dl', 'studio-keys__list');
  for (const [keys, zh, en] of KEYS) {
    list.append(element('dt', 'studio-keys__key', keys), element('dd', 'studio-keys__act', say(zh, en)));
  }
  const close = button(say('关闭', 'Close'), say('关闭', 'Close'), () => dialog.close());
  dialog.append(element('h2', 'studio-keys__title', say('快捷键', 'Keys')), list, close);
  dialog.addEventListener('close', () => dialog.remove());
  host.append(dialog);
  dialog.showModal();
}
