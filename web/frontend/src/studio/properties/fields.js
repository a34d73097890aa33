// What our dialect lets a designer set on an element: group, words, which elements, and how it is read and written.
// How a field looks on the screen is `entries.js`'s business, by its `kind`.

import { say } from '../../words.js';
import {
  eventDefinition,
  isA,
  readAttribute,
  readCondition,
  readInput,
  readInputs,
  readTimer,
  unquoted,
  writeAttribute,
  writeCondition,
  writeInput,
  writeInputs,
  writeTimer,
} from './model.js';
import { REPEAT_FIELDS, REPEAT_GROUP } from './repeat.js';

export const GROUPS = [
  { id: 'duban-work', label: () => say('办理', 'Work') },
  { id: 'duban-time', label: () => say('时限', 'Deadline') },
  REPEAT_GROUP,
  { id: 'duban-way', label: () => say('走向', 'Way') },
];

const JOB = (kind) => (shape) => isA(shape, 'bpmn:ServiceTask') && readAttribute(shape, 'duban:jobKind') === kind;
const DUE = ['bpmn:UserTask', 'bpmn:IntermediateThrowEvent', 'bpmn:EndEvent'];

/** A field that is one attribute of the element. */
const attribute = (key, group, types, zh, en, rest = {}) => ({
  key,
  group,
  kind: 'text',
  label: () => say(zh, en),
  suits: (shape) => isA(shape, ...types),
  read: (shape) => readAttribute(shape, key),
  write: (shape, value, tools) => writeAttribute(shape, key, value, tools),
  ...rest,
});

/** A field that is one quoted word in an input of a job. */
const inputWord = (name, suits, zh, en, rest = {}) => ({
  key: `input:${name}`,
  group: 'duban-work',
  kind: 'pick',
  label: () => say(zh, en),
  suits,
  read: (shape) => unquoted(readInput(shape, name)) || readInput(shape, name),
  write: (shape, value, tools) => writeInput(shape, name, value && (/^\w+$/.test(value) ? `'${value}'` : value), tools),
  ...rest,
});

export const FIELDS = [
  attribute('duban:formKey', 'duban-work', ['bpmn:UserTask'], '表单', 'Form', { kind: 'pick', options: 'forms' }),
  attribute('duban:candidateGroups', 'duban-work', ['bpmn:UserTask'], '承办人员（角色@单位）', 'Who may do it (role@place)', {
    kind: 'pickMany',
    options: 'groups',
    hint: 'officer@area',
    separator: ',',
  }),
  attribute('duban:returnable', 'duban-work', ['bpmn:UserTask'], '可以退回', 'May be sent back', { kind: 'check' }),
  attribute('duban:separateFrom', 'duban-work', ['bpmn:UserTask'], '须与下列环节不同人', 'Not the person who did', {
    kind: 'pickMany',
    options: 'tasks',
    separator: ' ',
  }),
  attribute('duban:jobKind', 'duban-work', ['bpmn:ServiceTask'], '自动办理的事', 'What the system does', { kind: 'pick', options: 'jobs' }),
  inputWord('kind', JOB('letter'), '函件种类', 'Kind of letter', { options: 'letters' }),
  inputWord('process', JOB('start_process'), '启动的流程', 'Process to start', { options: 'processes' }),
  {
    key: 'inputs',
    group: 'duban-work',
    kind: 'lines',
    label: () => say('输入（每行：名称 = 表达式）', 'Inputs (one a line: name = expression)'),
    hint: "to = 'officer@area'",
    suits: (shape) => isA(shape, 'bpmn:ServiceTask', 'bpmn:BusinessRuleTask'),
    read: (shape) => readInputs(shape).map(({ name, expression }) => `${name} = ${expression}`).join('\n'),
    fault: (value) => (lines(value).every((line) => /^[\w.-]+\s*=\s*\S/.test(line)) ? '' : say('每行应为：名称 = 表达式', 'Each line: name = expression')),
    write: (shape, value, tools) => writeInputs(shape, lines(value).map(inputOf), tools),
  },
  attribute('duban:decisionRef', 'duban-work', ['bpmn:BusinessRuleTask'], '决策表', 'Decision table', { kind: 'pick', options: 'decisions' }),
  attribute('duban:refusal', 'duban-work', ['bpmn:BusinessRuleTask'], '不准的输出列', 'Output that refuses the answer', { hint: 'extension_refusal' }),
  attribute('calledElement', 'duban-work', ['bpmn:CallActivity'], '调用的流程', 'Called process', { kind: 'pick', options: 'processes' }),
  attribute('duban:milestone', 'duban-work', ['bpmn:IntermediateThrowEvent', 'bpmn:EndEvent'], '里程碑', 'Milestone', { kind: 'pick', options: 'milestones' }),
  attribute('duban:correlation', 'duban-work', ['bpmn:IntermediateCatchEvent', 'bpmn:BoundaryEvent'], '消息须相符的变量', 'Variables the message must match', {
    hint: 'case, unit',
    suits: (shape) => isA(shape, 'bpmn:IntermediateCatchEvent', 'bpmn:BoundaryEvent') && Boolean(eventDefinition(shape, 'bpmn:MessageEventDefinition')),
  }),
  attribute('duban:dueDate', 'duban-time', DUE, '时限', 'Due', { kind: 'deadline', hint: 'after("5wd")' }),
  attribute('duban:basis', 'duban-time', DUE, '时限依据', 'Basis of the deadline', { hint: say('方案四（二）', 'Plan 4(2)') }),
  {
    key: 'timeDate',
    group: 'duban-time',
    kind: 'deadline',
    label: () => say('到点时刻', 'Fires at'),
    hint: 'before(due, "3wd")',
    suits: (shape) => Boolean(eventDefinition(shape, 'bpmn:TimerEventDefinition')),
    read: readTimer,
    write: writeTimer,
  },
  {
    key: 'conditionExpression',
    group: 'duban-way',
    kind: 'text',
    label: () => say('条件', 'Condition'),
    hint: "outcome == 'returned'",
    suits: (shape) => isA(shape, 'bpmn:SequenceFlow'),
    read: readCondition,
    write: writeCondition,
  },
  ...REPEAT_FIELDS,
];

function inputOf(line) {
  const cut = line.indexOf('=');
  return { name: line.slice(0, cut).trim(), expression: line.slice(cut + 1).trim() };
}

function lines(text) {
  return text.split('\n').map((line) => line.trim()).filter(Boolean);
}
