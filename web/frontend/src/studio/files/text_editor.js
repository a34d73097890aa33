// A plain text with line numbers: a textarea that the browser knows how to edit, undo and read aloud.

import { element } from '../../frame.js';

export class TextEditor {
  /** `onChange()` after every change; `label` names the field. */
  constructor({ label, isOpen, onChange }) {
    this.box = element('div', 'text-editor');
    this._numbers = element('pre', 'text-editor__numbers');
    this._numbers.setAttribute('aria-hidden', 'true');
    this.area = element('textarea', 'text-editor__area');
    Object.assign(this.area, { spellcheck: false, wrap: 'off', readOnly: !isOpen, autocapitalize: 'off' });
    this.area.setAttribute('aria-label', label);
    this.box.append(this._numbers, this.area);
    this.area.addEventListener('input', () => {
      this._number();
      onChange();
    });
    this.area.addEventListener('scroll', () => { this._numbers.scrollTop = this.area.scrollTop; });
  }

  /** The text with the line ends that it came with. */
  get text() {
    return this._hasCrLf ? this.area.value.replaceAll('\n', '\r\n') : this.area.value;
  }

  set text(text) {
    this._hasCrLf = text.includes('\r\n');
    this.area.value = text;
    this._number();
  }

  /** Puts words at the caret as if they were typed, so that they can be taken back. */
  insert(words) {
    this.area.focus();
    if (!document.execCommand('insertText', false, words)) {
      this.area.setRangeText(words, this.area.selectionStart, this.area.selectionEnd, 'end');
      this.area.dispatchEvent(new Event('input'));
    }
  }

  /** Shows and marks a line, counted from 1. */
  goTo(line) {
    const lines = this.area.value.split('\n');
    const at = Math.min(Math.max(line, 1), lines.length) - 1;
    const start = lines.slice(0, at).reduce((sum, each) => sum + each.length + 1, 0);
    this.area.focus();
    this.area.setSelectionRange(start, start + lines[at].length);
    this.area.scrollTop = Math.max(0, (at - 4) * (this.area.scrollHeight / Math.max(lines.length, 1)));
  }

  _number() {
    const count = this.area.value.split('\n').length;
    if (count !== this._count) {
      this._count = count;
      this._numbers.textContent = Array.from({ length: count }, (_, at) => at + 1).join('\n');
    }
  }
}
