// "Overdue: start a supervision item", the escalation that a deadline needs: a timer at the step's edge, the job that
// starts the supervision process, and an end, put below the step in one act that one undo takes back.

import { isA, readAttribute, readTimer, writeInputs } from '../properties/model.js';

const BELOW = 150; // pixels from the middle of the step to the middle of the job
const ASIDE = 60;
const FURTHER = 150;

export class OverdueAct {
  static $inject = ['commandStack', 'modeling', 'elementFactory', 'bpmnFactory', 'moddle'];

  constructor(commandStack, modeling, elementFactory, bpmnFactory, moddle) {
    Object.assign(this, { modeling, elementFactory, bpmnFactory, moddle, commandStack });
    commandStack.register('studio.supervise', { preExecute: ({ step }) => this._build(step) });
  }

  /** Only a step for people that has a deadline can be overdue, and it needs to be said once. */
  suits(step) {
    const isTold = step.attachers?.some((event) => readTimer(event) === 'due');
    return isA(step, 'bpmn:UserTask') && Boolean(readAttribute(step, 'duban:dueDate')) && !isTold;
  }

  on(step) {
    this.commandStack.execute('studio.supervise', { step });
  }

  _build(step) {
    const centre = { x: step.x + step.width / 2 + ASIDE / 2, y: step.y + step.height + BELOW - 40 };
    const timer = this.modeling.createShape(this._timer(step.id), { x: centre.x, y: step.y + step.height }, step, { attach: true });
    const job = this.modeling.createShape(this._job(step.id), { x: centre.x + ASIDE, y: centre.y }, step.parent);
    const end = this.modeling.createShape(this._end(step.id), { x: centre.x + ASIDE + FURTHER, y: centre.y }, step.parent);
    this.modeling.connect(timer, job);
    this.modeling.connect(job, end);
  }

  _timer(stepId) {
    const timeDate = this.moddle.create('bpmn:FormalExpression', { body: 'due' });
    const definition = this.bpmnFactory.create('bpmn:TimerEventDefinition', { timeDate });
    timeDate.$parent = definition;
    const businessObject = this._make('bpmn:BoundaryEvent', `${stepId}_overdue`, '逾期', { cancelActivity: false, eventDefinitions: [definition] });
    definition.$parent = businessObject;
    return this.elementFactory.createShape({ type: 'bpmn:BoundaryEvent', businessObject });
  }

  _job(stepId) {
    const businessObject = this._make('bpmn:ServiceTask', `${stepId}_supervise`, '启动督办', { 'duban:jobKind': 'start_process' });
    const inputs = { process: "'supervision'", reason: "'overdue'", task: `'${stepId}'` };
    const modeling = { updateProperties: (_, values) => Object.assign(businessObject, values) };
    writeInputs({ businessObject }, Object.entries(inputs).map(([name, expression]) => ({ name, expression })), { modeling, moddle: this.moddle });
    return this.elementFactory.createShape({ type: 'bpmn:ServiceTask', businessObject });
  }

  _end(stepId) {
    return this.elementFactory.createShape({ type: 'bpmn:EndEvent', businessObject: this._make('bpmn:EndEvent', `${stepId}_supervised`, '督办件另行办理') });
  }

  _make(type, wanted, name, more = {}) {
    const id = this.moddle.ids.assigned(wanted) ? undefined : wanted;
    return this.bpmnFactory.create(type, { ...(id && { id }), name, ...more });
  }
}
