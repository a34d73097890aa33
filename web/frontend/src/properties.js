// The panel beside the editor: one labelled box for each thing that may be set on the selected element.

import { FIELDS } from './fields.js';
import { element } from './frame.js';
import { say } from './words.js';

/** Keeps `panel` showing the selected element; with nothing selected it shows the process itself. */
export function attachProperties(panel, modeler) {
  const tools = {
    modeler,
    modeling: modeler.get('modeling'),
    moddle: modeler.get('moddle'),
    bpmnFactory: modeler.get('bpmnFactory'),
  };
  const selection = modeler.get('selection');
  const render = () => showFields(panel, selection.get()[0] ?? modeler.get('canvas').getRootElement(), tools);

  panel.setAttribute('aria-label', say('属性', 'Properties'));
  modeler.on(['selection.changed', 'import.done', 'commandStack.changed'], () => {
    if (!panel.contains(document.activeElement)) {
      render();
    }
  });
  panel.addEventListener('focusout', ({ relatedTarget }) => {
    if (!panel.contains(relatedTarget)) {
      setTimeout(render);
    }
  });
  render();
}

function showFields(panel, shape, tools) {
  const subject = shape.labelTarget ?? shape;
  const fields = FIELDS.filter((field) => field.suits(subject));
  panel.replaceChildren(...fields.map((field) => boxFor(field, subject, tools)));
}

function boxFor(field, shape, tools) {
  const box = element('label', 'diagram-field');
  const input = element(field.isLong ? 'textarea' : 'input', 'diagram-field__input');
  const fault = element('span', 'diagram-field__fault');
  fault.setAttribute('role', 'alert');
  input.value = field.read(shape);
  input.placeholder = field.hint;
  input.dataset.property = field.key;
  input.addEventListener('change', () => {
    const value = input.value.trim();
    const problem = field.fault?.(shape, value, tools) ?? '';
    input.setAttribute('aria-invalid', String(Boolean(problem)));
    fault.textContent = problem;
    if (!problem && value !== field.read(shape)) {
      field.write(shape, value, tools);
    }
  });
  // Enter in a panel box takes the value; it must not send the page's form.
  input.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !field.isLong) {
      event.preventDefault();
      input.dispatchEvent(new Event('change'));
    }
  });
  box.append(element('span', 'diagram-field__label', field.label()), input, fault);
  return box;
}
