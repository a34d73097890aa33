// Makes shapes from our element templates: what a template sets is written as plain attributes and children of our
// dialect, so that nothing in the file depends on the template afterwards.

import { writeInputs } from '../properties/model.js';

export class TemplateBuilder {
  static $inject = ['elementFactory', 'bpmnFactory', 'moddle', 'elementRegistry', 'config.studio'];

  constructor(elementFactory, bpmnFactory, moddle, elementRegistry, { choices }) {
    this._elementFactory = elementFactory;
    this._bpmnFactory = bpmnFactory;
    this._moddle = moddle;
    this._registry = elementRegistry;
    this._choices = choices;
  }

  /** A shape that stands nowhere yet. The form is set only where the draft holds it: else the check asks for one. */
  shape(template) {
    const attributes = { id: this._freeId(template.id), name: template.zh, ...template.attributes };
    if (template.form && this._choices.has('forms', template.form)) {
      attributes['duban:formKey'] = template.form;
    }
    const businessObject = this._bpmnFactory.create(template.type, attributes);
    this._document(businessObject, template.documentation);
    this._give(businessObject, template.inputs);
    this._repeat(businessObject, template.each);
    return this._elementFactory.createShape({ type: template.type, businessObject });
  }

  _freeId(wanted) {
    const isTaken = (id) => this._registry.get(id) || this._moddle.ids.assigned(id);
    let id = wanted;
    for (let number = 2; isTaken(id); number += 1) {
      id = `${wanted}_${number}`;
    }
    return id;
  }

  _document(businessObject, text) {
    if (text) {
      const documentation = this._moddle.create('bpmn:Documentation', { text });
      documentation.$parent = businessObject;
      businessObject.documentation = [documentation];
    }
  }

  _give(businessObject, inputs) {
    if (inputs) {
      const list = Object.entries(inputs).map(([name, expression]) => ({ name, expression }));
      const modeling = { updateProperties: (_, values) => Object.assign(businessObject, values) };
      writeInputs({ businessObject }, list, { modeling, moddle: this._moddle });
    }
  }

  /** One for each value of a list, at the same time; the results come together in another list. */
  _repeat(businessObject, each) {
    if (!each) {
      return;
    }
    const make = (type, values) => this._moddle.create(type, values);
    const loop = make('bpmn:MultiInstanceLoopCharacteristics', {
      loopDataInputRef: make('bpmn:DataObject', { id: each.of }),
      loopDataOutputRef: make('bpmn:DataObject', { id: each.results }),
      inputDataItem: make('bpmn:DataInput', { id: this._freeId(`${each.as}_in`), name: each.as }),
      outputDataItem: make('bpmn:DataOutput', { id: this._freeId(`${each.result}_out`), name: each.result }),
    });
    loop.$parent = businessObject;
    businessObject.loopCharacteristics = loop;
  }
}
