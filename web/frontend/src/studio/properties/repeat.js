// A user task that is done several times: for each item of a list or a number of times, at once or in turn. As far as the
// engine runs it: list, item, results, and when to stop early.

import { say } from '../../words.js';
import { expression, isA } from './model.js';

const MULTIPLE = 'bpmn:MultiInstanceLoopCharacteristics';
const NAME = /^[A-Za-z_]\w*$/;
const SEQUENTIAL = 'sequential';
const made = new WeakSet(); // properties of the process that came with a reference, and go with it

export const REPEAT_GROUP = { id: 'duban-repeat', label: () => say('多次办理', 'Done several times') };

/** A field of the loop, for tasks that have one. */
const loopField = (key, zh, en, rest) => ({
  key,
  group: REPEAT_GROUP.id,
  kind: 'text',
  label: () => say(zh, en),
  suits: (shape) => isUserTask(shape) && Boolean(loopOf(shape)),
  ...rest,
});

/** The name of a variable that is a list: in BPMN a reference to a property of the process. */
const listField = (key, zh, en, hint) =>
  loopField(key, zh, en, {
    hint,
    fault: nameFault,
    read: (shape) => loopOf(shape).get(key)?.id ?? '',
    write: (shape, value, tools) => !nameFault(value) && refer(shape, key, value, tools),
  });

/** The name that one item of a list has within the task. */
const itemField = (key, type, ending, zh, en, hint) =>
  loopField(key, zh, en, {
    hint,
    fault: nameFault,
    read: (shape) => loopOf(shape).get(key)?.name ?? loopOf(shape).get(key)?.id ?? '',
    write: (shape, value, tools) => !nameFault(value) && nameItem(shape, key, { type, ending, value }, tools),
  });

const expressionField = (key, zh, en, hint) =>
  loopField(key, zh, en, {
    hint,
    read: (shape) => loopOf(shape).get(key)?.body ?? '',
    write: (shape, value, { modeling, moddle }) => modeling.updateModdleProperties(shape, loopOf(shape), { [key]: expression(moddle, value) }),
  });

export const REPEAT_FIELDS = [
  {
    key: 'multiInstanceLoopCharacteristics',
    group: REPEAT_GROUP.id,
    kind: 'pick',
    options: 'repeats',
    none: () => say('办一次', 'Once'),
    label: () => say('办几次', 'How often'),
    suits: (shape) => isUserTask(shape) && !shape.businessObject.loopCharacteristics?.$instanceOf('bpmn:StandardLoopCharacteristics'),
    read: (shape) => (loopOf(shape) ? (loopOf(shape).isSequential ? SEQUENTIAL : 'parallel') : ''),
    write: repeat,
  },
  listField('loopDataInputRef', '逐项办理的列表（变量）', 'For each item of the list (variable)', 'units'),
  itemField('inputDataItem', 'bpmn:DataInput', 'in', '每一项的变量名', 'Name of each item', 'unit'),
  expressionField('loopCardinality', '或者：办理次数（表达式）', 'Or how many times (expression)', '3'),
  listField('loopDataOutputRef', '结果汇成的列表（变量）', 'List of the results (variable)', 'findings'),
  itemField('outputDataItem', 'bpmn:DataOutput', 'out', '每一项的结果（变量）', 'Result of each item (variable)', 'finding'),
  expressionField('completionCondition', '提前结束的条件', 'Ends early when', "outcome == 'disagree'"),
];

export function isUserTask(shape) {
  return isA(shape, 'bpmn:UserTask');
}

function loopOf(shape) {
  const loop = shape.businessObject.loopCharacteristics;
  return loop?.$instanceOf(MULTIPLE) ? loop : undefined;
}

function nameFault(value) {
  return !value || NAME.test(value) ? '' : say('变量名只用字母、数字和下划线，不以数字开头', 'Letters, digits and _ only, no digit first');
}

function repeat(shape, mode, { modeling, moddle }) {
  const isSequential = mode === SEQUENTIAL || undefined; // not written where BPMN assumes it
  const loop = loopOf(shape);
  if (!mode) {
    modeling.updateProperties(shape, { loopCharacteristics: undefined });
  } else if (loop) {
    modeling.updateModdleProperties(shape, loop, { isSequential });
  } else {
    modeling.updateProperties(shape, { loopCharacteristics: child(moddle, MULTIPLE, { isSequential }, shape.businessObject) });
  }
}

/** One step for undo: the reference, and the property that it needs in the process. */
function refer(shape, key, name, { commandStack, moddle }) {
  const loop = loopOf(shape);
  const process = processOf(shape.businessObject);
  const before = loop.get(key);
  const properties = process.get('properties').filter((property) => property !== before || !made.has(property) || isNamedElsewhere(process, loop, key, property));
  let target = name ? (properties.find(({ id }) => id === name) ?? (moddle.ids.assigned(name) || undefined)) : undefined;
  if (name && !target) {
    target = child(moddle, 'bpmn:Property', { id: name, name }, process);
    made.add(target);
    properties.push(target);
  }
  const update = (moddleElement, values) => ({ cmd: 'element.updateModdleProperties', context: { element: shape, moddleElement, properties: values } });
  commandStack.execute('properties-panel.multi-command-executor', [update(process, { properties }), update(loop, { [key]: target })]);
}

function isNamedElsewhere(process, loop, key, property) {
  const loops = (process.flowElements ?? []).map((element) => element.loopCharacteristics).filter(Boolean);
  const names = ['loopDataInputRef', 'loopDataOutputRef'];
  return loops.some((other) => names.some((each) => (other !== loop || each !== key) && other.get(each) === property));
}

function nameItem(shape, key, { type, ending, value }, { modeling, moddle }) {
  const loop = loopOf(shape);
  const item = loop.get(key);
  if (item && value) {
    modeling.updateModdleProperties(shape, item, { name: value });
  } else {
    const values = { id: freeId(moddle, `${value}_${ending}`), name: value };
    modeling.updateModdleProperties(shape, loop, { [key]: value ? child(moddle, type, values, loop) : undefined });
  }
}

function freeId(moddle, wanted) {
  let id = wanted;
  for (let number = 2; moddle.ids.assigned(id); number += 1) {
    id = `${wanted}_${number}`;
  }
  return id;
}

function child(moddle, type, values, parent) {
  const element = moddle.create(type, values);
  element.$parent = parent;
  return element;
}

function processOf(businessObject) {
  let found = businessObject;
  while (!found.$instanceOf('bpmn:Process')) {
    found = found.$parent;
  }
  return found;
}
