// How a component looks while the form is being built: its label, its help and what may be answered, in plain text. The
// true look is the preview's.

import { h } from 'preact';

const MOST = 12; // lines of a choice that are drawn

/** A component for form-js; each kind needs a function of its own to carry its configuration. */
export function sketch(say) {
  return ({ field }) => h('div', { class: `sketch sketch--${field.type}` }, [
    h('div', { class: 'sketch__label' }, [
      labelOf(field),
      field.validate?.required || field.validate?.minFiles ? h('span', { class: 'sketch__required' }, ' *') : null,
      field.conditional?.hide ? h('span', { class: 'sketch__note' }, say(' 有时隐藏', ' sometimes hidden')) : null,
    ]),
    field.description ? h('div', { class: 'sketch__help' }, text(field.description)) : null,
    body(field, say),
  ]);
}

function body(field, say) {
  const lines = field.values ?? field.rows;
  if (Array.isArray(lines)) {
    const more = lines.length - MOST;
    return h('ul', { class: 'sketch__lines' }, [
      ...lines.slice(0, MOST).map((line) => h('li', null, text(line?.label ?? line?.value ?? line?.key))),
      more > 0 ? h('li', null, say(`……另有 ${more} 项`, `… and ${more} more`)) : null,
    ]);
  }
  if (field.type === 'text' || field.type === 'checkbox') {
    return null;
  }
  const hint = {
    evidence: say('上传照片或文件', 'photos or files'),
    person: say('选择人员', 'choose a person'),
    unit: say('选择单位', 'choose a unit'),
    datetime: field.subtype === 'datetime' ? say('年月日 时分', 'date and time') : say('年月日', 'date'),
  }[field.type];
  return h('div', { class: 'sketch__box' }, [hint ?? '', field.suffix ? h('span', { class: 'sketch__suffix' }, text(field.suffix)) : null]);
}

function labelOf(field) {
  return text(field.label || field.dateLabel || field.text || field.key || field.type);
}

function text(value) {
  const words = typeof value === 'string' ? value : JSON.stringify(value ?? '');
  return words.length > 300 ? `${words.slice(0, 300)}…` : words;
}
