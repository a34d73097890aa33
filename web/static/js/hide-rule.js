// Hides and shows a field of a form by `data-hide-rule`, the nested lists of forms/condition.py. Without this script the
// field is always shown and the server ignores it when it does not apply.

hideByRules(document);

/** Of every form of a page: of this one, or of the preview in the studio's form editor. */
export function hideByRules(page) {
  for (const form of page.querySelectorAll('form')) {
    const ruled = [...form.querySelectorAll('[data-hide-rule]')];
    if (ruled.length) {
      const apply = () => ruled.forEach((field) => { field.hidden = Boolean(answer(JSON.parse(field.dataset.hideRule), form)); });
      form.addEventListener('input', apply);
      form.addEventListener('change', apply);
      apply();
    }
  }
}

function answer([kind, ...parts], form) {
  const value = (index) => answer(parts[index], form);
  switch (kind) {
    case 'value': return parts[0];
    case 'field': return fieldValue(form, parts[0]);
    case 'not': return !truth(value(0));
    case 'and': return parts.every((part) => truth(answer(part, form)));
    case 'or': return parts.some((part) => truth(answer(part, form)));
    case 'default': return value(0) ?? value(1);
    case '==': return same(value(0), value(1));
    case '!=': return !same(value(0), value(1));
    case 'in': return holds(value(1), value(0));
    case 'not in': return !holds(value(1), value(0));
    case '<': return value(0) < value(1);
    case '<=': return value(0) <= value(1);
    case '>': return value(0) > value(1);
    case '>=': return value(0) >= value(1);
    default: return false;
  }
}

function fieldValue(form, name) {
  const inputs = [...form.elements].filter((input) => input.name === name);
  const boxes = inputs.filter((input) => input.type === 'checkbox');
  if (boxes.length === 1 && boxes[0].value === 'on') {
    return boxes[0].checked;
  }
  if (boxes.length) {
    return boxes.filter((box) => box.checked).map((box) => box.value);
  }
  const chosen = inputs.find((input) => input.type !== 'radio' || input.checked);
  return chosen && chosen.value !== '' ? chosen.value : null;
}

function truth(value) {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function same(one, other) {
  return one === other || (typeof other === 'number' && one !== null && Number(one) === other);
}

function holds(list, item) {
  return Array.isArray(list) || typeof list === 'string' ? list.includes(item) : false;
}
