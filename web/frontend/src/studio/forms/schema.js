// Between the text of a `.form` file and what form-js works on. What form-js adds on its own (ids, rows, its version) does
// not get into the file, what it does not know stays, and a form that nobody changed is the same text.

import { say } from '../../words.js';

const MOST_COMPONENTS = 300;
const MOST_LINES = 200; // of a choice; the server's limits, forms/reading.py

export class Schema {
  /** Raises Error when the text is no form, or one too large to be drawn. */
  constructor(text) {
    this._text = text;
    this._source = parsed(text);
    if (!Array.isArray(this._source?.components)) {
      throw new Error(say('里面没有组件', 'it holds no components'));
    }
    checkSize(this._source);
    this._byId = new Map();
    this._taken = new Set();
    collect(this._source.components, (component) => this._taken.add(component.id));
    this.opened = { ...this._source, components: this._withIds(this._source.components) };
  }

  /** The text for what form-js has now. */
  written(edited) {
    const form = ordered({ ...edited, components: this._cleaned(edited.components) }, this._source);
    form.schemaVersion = this._source.schemaVersion;
    form.id = this._source.id === undefined ? undefined : edited.id;
    const now = JSON.parse(JSON.stringify(form));
    if (JSON.stringify(now) === JSON.stringify(this._source)) {
      return this._text;
    }
    const head = this._text.startsWith('\uFEFF') ? '\uFEFF' : '';
    const indent = /\n([ \t]+)"/.exec(this._text)?.[1] ?? (this._text.includes('\n') ? '' : '  ');
    return head + JSON.stringify(now, null, indent) + (/\s*$/.exec(this._text)[0] || '\n');
  }

  _withIds(components) {
    return components.map((component) => {
      const id = component.id ?? this._freeId();
      this._byId.set(id, component);
      const below = Array.isArray(component.components) ? { components: this._withIds(component.components) } : {};
      return { ...component, ...below, id };
    });
  }

  _freeId() {
    let id;
    do {
      this._count = (this._count ?? 0) + 1;
      id = `component_${this._count}`;
    } while (this._taken.has(id));
    this._taken.add(id);
    return id;
  }

  _cleaned(components) {
    return components.map((component) => {
      const source = this._byId.get(component.id);
      const below = Array.isArray(component.components) ? { components: this._cleaned(component.components) } : {};
      const { id, layout, ...rest } = component;
      const needsId = source ? source.id !== undefined : !rest.key;
      const kept = { ...rest, ...below, ...(needsId ? { id } : {}), ...(source?.layout ? { layout: source.layout } : {}) };
      return ordered(kept, source ?? {});
    });
  }
}

/** `value` with the keys that `like` has first, in its order. */
function ordered(value, like) {
  const names = [...Object.keys(like).filter((name) => name in value), ...Object.keys(value).filter((name) => !(name in like))];
  return Object.fromEntries(names.map((name) => [name, value[name]]));
}

function parsed(text) {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch {
    throw new Error(say('不是有效的 JSON', 'it is no valid JSON'));
  }
}

function checkSize(form) {
  let count = 0;
  collect(form.components, (component) => {
    count += 1;
    const lines = Math.max(component.values?.length ?? 0, component.rows?.length ?? 0);
    if (count > MOST_COMPONENTS) {
      throw new Error(say(`组件超过 ${MOST_COMPONENTS} 个`, `more than ${MOST_COMPONENTS} components`));
    }
    if (lines > MOST_LINES) {
      const name = String(component.label || component.key || component.type).slice(0, 40);
      throw new Error(say(`“${name}”有 ${lines} 项，最多 ${MOST_LINES} 项`, `"${name}" has ${lines} options, at most ${MOST_LINES}`));
    }
  });
}

function collect(components, visit) {
  for (const component of Array.isArray(components) ? components : []) {
    if (!component || typeof component !== 'object') {
      throw new Error(say('里面没有组件', 'it holds no components'));
    }
    visit(component);
    collect(component.components, visit);
  }
}
