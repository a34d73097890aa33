// The panel beside the form: what may be set on the chosen component, or on the form itself, and what to do with it.

import { element } from '../../frame.js';
import { say } from '../../words.js';
import { choice } from '../saving/state_line.js';
import { nameOf } from './kinds.js';
import { suiting } from './settings.js';

const QUIET_MS = 400;

export class Properties {
  constructor(editor, isOpen) {
    this._editor = editor;
    this._isOpen = isOpen;
    this._pending = new Map(); // name of a setting → sets what was typed into it
    this.panel = element('section', 'form-properties');
    this.panel.setAttribute('aria-label', say('属性', 'Properties'));
    const bus = editor.get('eventBus');
    bus.on('selection.changed', () => this._draw());
    bus.on('changed', () => {
      // Between two fields nothing has the focus: what was set from here must not take the next field away.
      if (!this._isSetting && !this.panel.contains(document.activeElement)) {
        this._draw();
      }
    });
  }

  draw() {
    this._draw();
  }

  get _chosen() {
    return this._editor.get('selection').get() ?? this._editor._getState().schema;
  }

  _draw() {
    this.flush();
    const field = this._chosen;
    if (!field) {
      return;
    }
    const isForm = field.type === 'default';
    const title = element('h2', 'form-properties__title', isForm ? say('表单', 'Form') : nameOf(field.type));
    const settings = suiting(field).map((each) => this._setting(field.id, each));
    this.panel.replaceChildren(title, ...(isForm ? [] : [this._acts(field)]), ...settings);
  }

  _setting(id, setting) {
    const field = this._field(id);
    const label = element('label', 'form-properties__setting', setting.label());
    const input = control(setting, field);
    const fault = element('span', 'form-properties__fault');
    fault.setAttribute('role', 'status');
    input.disabled = !this._isOpen;
    const set = () => {
      this._pending.delete(setting.name);
      const now = this._field(id);
      if (!now) {
        return;
      }
      const value = input.type === 'checkbox' ? input.checked : input.value.trim();
      const wrong = setting.fault?.(now, value, this._otherKeys(id)) ?? '';
      fault.textContent = wrong;
      input.setAttribute('aria-invalid', String(Boolean(wrong)));
      if (!wrong && value !== setting.read(now)) {
        this._isSetting = true;
        this._editor.get('modeling').editFormField(now, setting.write(now, value));
        this._isSetting = false;
      }
    };
    const soon = () => {
      clearTimeout(this._timer);
      this._pending.set(setting.name, set);
      this._timer = setTimeout(() => this.flush(), QUIET_MS);
    };
    input.addEventListener('input', soon);
    input.addEventListener('change', set);
    input.dataset.setting = setting.name;
    label.append(input, fault);
    return label;
  }

  /** What was typed a moment ago is set before anything else happens. */
  flush() {
    clearTimeout(this._timer);
    for (const set of [...this._pending.values()]) {
      set();
    }
  }

  _acts(field) {
    const acts = element('div', 'form-properties__acts');
    if (this._isOpen) {
      acts.append(
        choice(say('上移', 'Up'), () => this._move(field.id, -1)),
        choice(say('下移', 'Down'), () => this._move(field.id, 1)),
        choice(say('删除', 'Delete'), () => this._remove(field.id)),
      );
      acts.addEventListener('mousedown', (event) => event.preventDefault()); // a press must not be lost to what was typed
    }
    return acts;
  }

  _move(id, step) {
    this.flush();
    const { field, parent, at } = this._place(id);
    const to = at + step;
    if (to >= 0 && to < parent.components.length) {
      const row = this._editor.get('formLayouter').getRowForField(field);
      this._editor.get('modeling').moveFormField(field, parent, parent, at, step > 0 ? to + 1 : to, row, null);
    }
  }

  _remove(id) {
    this.flush();
    const { field, parent, at } = this._place(id);
    this._editor.get('selection').clear();
    this._editor.get('modeling').removeFormField(field, parent, at);
    this._draw();
  }

  _place(id) {
    const field = this._field(id);
    const parent = this._field(field._parent);
    return { field, parent, at: parent.components.findIndex((each) => each.id === id) };
  }

  _field(id) {
    return this._editor.get('formFieldRegistry').get(id);
  }

  _otherKeys(id) {
    return this._editor.get('formFieldRegistry').getAll().filter((each) => each.id !== id && each.key).map((each) => each.key);
  }
}

function control(setting, field) {
  const value = setting.read(field);
  if (setting.options) {
    const select = element('select', 'input');
    for (const [key, words] of setting.options()) {
      const option = element('option', '', words);
      Object.assign(option, { value: key, selected: key === value });
      select.append(option);
    }
    return select;
  }
  const isLong = setting.isLong || setting.isLongFor?.includes(field.type);
  const input = element(isLong ? 'textarea' : 'input', setting.kind === 'checkbox' ? '' : 'input');
  if (setting.kind === 'checkbox') {
    Object.assign(input, { type: 'checkbox', checked: value });
    return input;
  }
  if (isLong) {
    input.rows = setting.name === 'values' || setting.name === 'rows' ? 6 : 2;
  } else if (setting.kind === 'number') {
    Object.assign(input, { type: 'number', step: 'any' });
  }
  input.value = String(value);
  return input;
}
