// The boxes of the properties panel, one for each kind of field.

import { CheckboxEntry, SelectEntry, TextAreaEntry, TextFieldEntry, isCheckboxEntryEdited, isSelectEntryEdited, isTextAreaEntryEdited, isTextFieldEntryEdited } from '@bpmn-io/properties-panel';
import { Fragment, jsx, jsxs } from '@bpmn-io/properties-panel/preact/jsx-runtime';
import { useService } from 'bpmn-js-properties-panel';

import { say } from '../../words.js';
import { DeadlineWizard } from './deadline.js';

const KINDS = {
  text: { component: Text, isEdited: isTextFieldEntryEdited },
  lines: { component: Lines, isEdited: isTextAreaEntryEdited },
  check: { component: Check, isEdited: isCheckboxEntryEdited },
  pick: { component: Pick, isEdited: isSelectEntryEdited },
  pickMany: { component: PickMany, isEdited: isTextFieldEntryEdited },
  deadline: { component: Deadline, isEdited: isTextFieldEntryEdited },
};

/** The id of a field's entry: what a problem's property leads to. */
export function entryId(key) {
  return `studio-${key.replaceAll(':', '-')}`;
}

/** An entry of the panel for a field. `tools` is what fields write with; `choices` fills the pickers. */
export function entryFor(field, shape, { tools, choices, ask }) {
  const { component, isEdited } = KINDS[field.kind];
  return { id: entryId(field.key), component, isEdited, field, shape, tools, choices, ask };
}

function Text({ id, field, shape, tools }) {
  const debounce = useService('debounceInput');
  return jsx(TextFieldEntry, {
    element: shape,
    id,
    debounce,
    label: field.label(),
    placeholder: field.hint,
    getValue: () => field.read(shape),
    setValue: (value) => writeChanged(field, shape, (value ?? '').trim(), tools),
    validate: (value) => field.fault?.(value ?? '') || undefined,
  });
}

function Lines({ id, field, shape, tools }) {
  const debounce = useService('debounceInput');
  return jsx(TextAreaEntry, {
    element: shape,
    id,
    debounce,
    label: field.label(),
    placeholder: field.hint,
    rows: 4,
    monospace: true,
    getValue: () => field.read(shape),
    setValue: (value) => writeChanged(field, shape, value ?? '', tools),
    validate: (value) => field.fault?.(value ?? '') || undefined,
  });
}

/** A box tells its value again when it is left: that alone is no change, and would close what was just opened. */
function writeChanged(field, shape, value, tools) {
  if (value !== field.read(shape)) {
    field.write(shape, value, tools);
  }
}

function Check({ id, field, shape, tools }) {
  return jsx(CheckboxEntry, {
    element: shape,
    id,
    label: field.label(),
    getValue: () => field.read(shape) === 'true',
    setValue: (value) => field.write(shape, value ? 'true' : '', tools),
  });
}

/** A value that is not among the choices stays, and says so. */
function Pick({ id, field, shape, tools, choices }) {
  const registry = useService('elementRegistry');
  const value = field.read(shape);
  const options = choices.of(field.options, registry);
  const stranger = value && !options.some((option) => option.value === value);
  return jsx(SelectEntry, {
    element: shape,
    id,
    label: field.label(),
    getValue: () => field.read(shape),
    setValue: (picked) => field.write(shape, picked, tools),
    getOptions: () => [
      { value: '', label: field.none?.() ?? say('（未选）', '(none)') },
      ...(stranger ? [{ value, label: say(`${value}（找不到）`, `${value} (not found)`) }] : []),
      ...options,
    ],
  });
}

function PickMany(props) {
  const { id, field, shape, tools, choices } = props;
  const registry = useService('elementRegistry');
  const chosen = field.read(shape).split(/[\s,]+/).filter(Boolean);
  return jsxs(Fragment, {
    children: [
      jsx(Text, props),
      jsx(SelectEntry, {
        element: shape,
        id: `${id}-add`,
        label: '',
        getValue: () => '',
        setValue: (value) => value && field.write(shape, [...chosen, value].join(field.separator), tools),
        getOptions: () => [
          { value: '', label: say('＋ 加一个', '＋ Add one') },
          ...choices.of(field.options, registry).filter(({ value }) => !chosen.includes(value) && value !== shape.id),
        ],
      }),
    ],
  });
}

function Deadline(props) {
  const { id, field, shape, tools, choices, ask } = props;
  return jsxs(Fragment, {
    children: [
      jsx(Text, props),
      jsx(DeadlineWizard, {
        id: `${id}-wizard`,
        value: field.read(shape),
        phases: choices.of('phases'),
        ask,
        use: (expression) => field.write(shape, expression, tools),
      }),
    ],
  });
}
