// The properties panel: plain BPMN's groups with our dialect's before them. Loaded beside the canvas, not with it.

import '@bpmn-io/properties-panel/dist/assets/properties-panel.css';

import { Group } from '@bpmn-io/properties-panel';
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from 'bpmn-js-properties-panel';

import { entryFor, entryId } from './entries.js';
import { FIELDS, GROUPS } from './fields.js';
import { eventDefinition } from './model.js';
import { isUserTask } from './repeat.js';

const AFTER_PLAIN_BPMN = 500;
// Where bpmnlint and the server name a property, and plain BPMN's panel has the box for it.
const PLAIN_ENTRIES = { name: 'name', id: 'id', isExecutable: 'isExecutable', documentation: 'documentation' };
const PREFIXED = new Set(FIELDS.map((field) => field.key));

class DubanProperties {
  static $inject = ['propertiesPanel', 'modeling', 'moddle', 'commandStack', 'config.studio'];

  constructor(propertiesPanel, modeling, moddle, commandStack, { choices, ask }) {
    this._context = { tools: { modeling, moddle, commandStack }, choices, ask };
    propertiesPanel.registerProvider(AFTER_PLAIN_BPMN, this);
  }

  getGroups(element) {
    return (groups) => {
      const kept = groups.filter(({ id }) => (id !== 'timer' || isWrittenElsewhere(element)) && (id !== 'multiInstance' || !isRepeatedHere(element)));
      const [general, ...others] = kept;
      return [general, ...this._groups(element), ...others].filter(Boolean);
    };
  }

  _groups(shape) {
    const subject = shape.labelTarget ?? shape;
    return GROUPS.map(({ id, label }) => {
      const fields = subject.businessObject ? FIELDS.filter((field) => field.group === id && field.suits(subject)) : [];
      const entries = fields.map((field) => entryFor(field, subject, this._context));
      return entries.length ? { id, label: label(), component: Group, entries, shouldOpen: true } : undefined;
    });
  }
}

/** The entry that a problem's property is set in; undefined when the panel has none. */
export function entryOf(property) {
  if (!property) {
    return undefined;
  }
  const key = [property, `duban:${property}`, property.replace(/^duban:/, '')].find((name) => PREFIXED.has(name));
  return key ? entryId(key) : PLAIN_ENTRIES[property];
}

/** User tasks have boxes of ours for it; what the engine does not repeat keeps plain BPMN's. */
function isRepeatedHere(element) {
  return Boolean(element.businessObject) && isUserTask(element);
}

/** A timer of another tool (a cycle, a duration) keeps plain BPMN's boxes. */
function isWrittenElsewhere(element) {
  const timer = element.businessObject && eventDefinition(element, 'bpmn:TimerEventDefinition');
  return Boolean(timer?.timeCycle || timer?.timeDuration);
}

export default [
  BpmnPropertiesPanelModule,
  BpmnPropertiesProviderModule,
  { __init__: ['dubanProperties'], dubanProperties: ['type', DubanProperties] },
];
