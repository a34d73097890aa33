// What may be set on an element in the editor, and how each value is read from the diagram and written into it.
// Attributes of the `duban` namespace are plain; conditions, timers, messages and job inputs live in child elements.

import { say } from './words.js';

const NAME = /^[A-Za-z_][\w.-]*$/;

const attribute = (key, types, zh, en, hint = '') => ({
  key,
  label: () => say(zh, en),
  hint,
  suits: (shape) => types.some((type) => isA(shape, type)),
  read: (shape) => shape.businessObject.get(key) ?? '',
  write: (shape, value, { modeling }) => modeling.updateProperties(shape, { [key]: value || undefined }),
});

const DUE = ['bpmn:UserTask', 'bpmn:IntermediateThrowEvent', 'bpmn:EndEvent'];

const ID = {
  ...attribute('id', ['bpmn:FlowElement', 'bpmn:Process'], '标识', 'Id', 'A-Z a-z 0-9 _ . -'),
  fault: (shape, value, { moddle }) => {
    if (!NAME.test(value)) {
      return say('以字母或下划线开头，只含字母、数字、点、横线', 'Start with a letter; letters, digits, dot and dash only');
    }
    const owner = moddle.ids.assigned(value);
    return owner && owner !== shape.businessObject ? say('这个标识已被使用', 'This id is taken') : '';
  },
};

const CONDITION = {
  key: 'condition',
  label: () => say('条件', 'Condition'),
  hint: "outcome == 'returned'",
  suits: (shape) => isA(shape, 'bpmn:SequenceFlow'),
  read: (shape) => shape.businessObject.conditionExpression?.body ?? '',
  write: (shape, value, { modeling, moddle }) =>
    modeling.updateProperties(shape, { conditionExpression: expression(moddle, value) }),
};

const TIMER = {
  key: 'timeDate',
  label: () => say('到点时刻', 'Fires at'),
  hint: 'before(due, "3wd")',
  suits: (shape) => Boolean(eventDefinition(shape, 'bpmn:TimerEventDefinition')),
  read: (shape) => eventDefinition(shape, 'bpmn:TimerEventDefinition').timeDate?.body ?? '',
  write: (shape, value, { modeling, moddle }) =>
    modeling.updateModdleProperties(shape, eventDefinition(shape, 'bpmn:TimerEventDefinition'), {
      timeDate: expression(moddle, value),
    }),
};

const MESSAGE = {
  key: 'message',
  label: () => say('消息名称', 'Message'),
  hint: 'item_resolved',
  suits: (shape) => Boolean(eventDefinition(shape, 'bpmn:MessageEventDefinition')),
  read: (shape) => eventDefinition(shape, 'bpmn:MessageEventDefinition').messageRef?.name ?? '',
  write: (shape, value, tools) =>
    tools.modeling.updateModdleProperties(shape, eventDefinition(shape, 'bpmn:MessageEventDefinition'), {
      messageRef: value ? messageNamed(value, tools) : undefined,
    }),
};

const INPUTS = {
  key: 'inputs',
  label: () => say('输入（每行：名称 = 表达式）', 'Inputs (one a line: name = expression)'),
  hint: "kind = 'notice'",
  isLong: true,
  suits: (shape) => isA(shape, 'bpmn:ServiceTask') || isA(shape, 'bpmn:BusinessRuleTask'),
  read: (shape) => inputsOf(shape).map((input) => `${input.name} = ${input.expression}`).join('\n'),
  fault: (shape, value) =>
    lines(value).every((line) => /^[\w.-]+\s*=\s*\S/.test(line)) ? '' : say('每行应为：名称 = 表达式', 'Each line: name = expression'),
  write: writeInputs,
};

export const FIELDS = [
  ID,
  attribute('name', ['bpmn:FlowElement', 'bpmn:Process'], '名称', 'Name'),
  attribute('duban:formKey', ['bpmn:UserTask'], '表单', 'Form', 'survey_site'),
  attribute('duban:candidateGroups', ['bpmn:UserTask'], '承办人员（角色@单位）', 'Who may do it (role@place)', 'officer@area'),
  attribute('duban:dueDate', DUE, '时限', 'Due', 'phase_end("cleanup")'),
  attribute('duban:basis', DUE, '时限依据', 'Basis of the deadline', '方案四（二）'),
  attribute('duban:returnable', ['bpmn:UserTask'], '可退回（true）', 'May be sent back (true)', 'true'),
  attribute('duban:separateFrom', ['bpmn:UserTask'], '须与下列环节不同人', 'Not the person who did', 'rectify'),
  attribute('duban:jobKind', ['bpmn:ServiceTask'], '自动任务种类', 'Job kind', 'letter'),
  INPUTS,
  attribute('duban:decisionRef', ['bpmn:BusinessRuleTask'], '决策表', 'Decision table', 'disposition'),
  attribute('duban:refusal', ['bpmn:BusinessRuleTask'], '不准的输出列', 'Output that refuses the answer', 'extension_refusal'),
  attribute('duban:milestone', ['bpmn:IntermediateThrowEvent', 'bpmn:EndEvent'], '里程碑', 'Milestone', 'surveyed'),
  attribute('calledElement', ['bpmn:CallActivity'], '调用的流程', 'Called process', 'cleanup'),
  CONDITION,
  TIMER,
  MESSAGE,
];

function isA(shape, type) {
  return shape.businessObject.$instanceOf(type);
}

function eventDefinition(shape, type) {
  return shape.businessObject.eventDefinitions?.find((definition) => definition.$instanceOf(type));
}

function expression(moddle, body) {
  return body ? moddle.create('bpmn:FormalExpression', { body }) : undefined;
}

function messageNamed(name, { moddle, modeler, bpmnFactory }) {
  const definitions = modeler.getDefinitions();
  const known = definitions.rootElements.find((root) => root.$instanceOf('bpmn:Message') && root.name === name);
  if (known) {
    return known;
  }
  const made = bpmnFactory.create('bpmn:Message', { name });
  made.$parent = definitions;
  definitions.rootElements.push(made);
  return made;
}

function inputsOf(shape) {
  return (shape.businessObject.extensionElements?.values ?? []).filter((value) => value.$type === 'duban:Input');
}

function writeInputs(shape, value, { modeling, moddle }) {
  const others = (shape.businessObject.extensionElements?.values ?? []).filter((other) => other.$type !== 'duban:Input');
  const inputs = lines(value).map((line) => {
    const cut = line.indexOf('=');
    return moddle.create('duban:Input', { name: line.slice(0, cut).trim(), expression: line.slice(cut + 1).trim() });
  });
  const values = [...others, ...inputs];
  const extensionElements = values.length ? moddle.create('bpmn:ExtensionElements', { values }) : undefined;
  values.forEach((child) => (child.$parent = extensionElements));
  modeling.updateProperties(shape, { extensionElements });
}

function lines(text) {
  return text.split('\n').map((line) => line.trim()).filter(Boolean);
}
