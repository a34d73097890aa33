// How values of our dialect are read from a shape and written into it. Attributes of the `duban` namespace are plain;
// conditions, timers, messages and job inputs live in child elements, where what other vendors wrote stays.

export function isA(shape, ...types) {
  return types.some((type) => shape.businessObject.$instanceOf(type));
}

export function readAttribute(shape, key) {
  return shape.businessObject.get(key) ?? '';
}

export function writeAttribute(shape, key, value, { modeling }) {
  modeling.updateProperties(shape, { [key]: value || undefined });
}

export function eventDefinition(shape, type) {
  return shape.businessObject.eventDefinitions?.find((definition) => definition.$instanceOf(type));
}

export function readCondition(shape) {
  return shape.businessObject.conditionExpression?.body ?? '';
}

export function writeCondition(shape, value, { modeling, moddle }) {
  modeling.updateProperties(shape, { conditionExpression: expression(moddle, value) });
}

export function readTimer(shape) {
  return eventDefinition(shape, 'bpmn:TimerEventDefinition')?.timeDate?.body ?? '';
}

export function writeTimer(shape, value, { modeling, moddle }) {
  const definition = eventDefinition(shape, 'bpmn:TimerEventDefinition');
  modeling.updateModdleProperties(shape, definition, { timeDate: expression(moddle, value) });
}

/** The inputs of a job, in their order: `[{name, expression}]`. */
export function readInputs(shape) {
  return extensions(shape)
    .filter((value) => value.$type === 'duban:Input')
    .map(({ name, expression: body }) => ({ name, expression: body }));
}

export function readInput(shape, name) {
  return readInputs(shape).find((input) => input.name === name)?.expression ?? '';
}

/** One input set, or taken away when the expression is empty; the others keep their places. */
export function writeInput(shape, name, body, tools) {
  const inputs = readInputs(shape);
  const place = inputs.findIndex((input) => input.name === name);
  if (place >= 0) {
    inputs.splice(place, 1, ...(body ? [{ name, expression: body }] : []));
  } else if (body) {
    inputs.push({ name, expression: body });
  }
  writeInputs(shape, inputs, tools);
}

export function writeInputs(shape, inputs, { modeling, moddle }) {
  const others = extensions(shape).filter((other) => other.$type !== 'duban:Input');
  const values = [...others, ...inputs.map((input) => moddle.create('duban:Input', input))];
  const extensionElements = values.length ? moddle.create('bpmn:ExtensionElements', { values }) : undefined;
  values.forEach((child) => (child.$parent = extensionElements));
  if (extensionElements) {
    extensionElements.$parent = shape.businessObject;
  }
  modeling.updateProperties(shape, { extensionElements });
}

/** `'notice'` in an expression is the word notice; anything else is not one word. */
export function unquoted(body) {
  return /^'([^']*)'$/.exec(body)?.[1] ?? '';
}

function extensions(shape) {
  return shape.businessObject.extensionElements?.values ?? [];
}

/** An expression with this text; undefined for none. */
export function expression(moddle, body) {
  return body ? moddle.create('bpmn:FormalExpression', { body }) : undefined;
}
