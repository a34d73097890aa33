// Our element templates in the menus that create and append anything, above plain BPMN's elements.

import { say } from '../../words.js';
import { TemplateBuilder } from './build.js';
import { InsertAfter } from './insert.js';
import { OverdueAct } from './overdue.js';
import templates from './templates.json';

const LAST = 100; // asked after plain BPMN, so that ours can stand above it

class TemplateMenus {
  static $inject = ['popupMenu', 'templateBuilder', 'overdueAct', 'insertAfter', 'autoPlace', 'create', 'rules', 'mouse'];

  constructor(popupMenu, templateBuilder, overdueAct, insertAfter, autoPlace, create, rules, mouse) {
    Object.assign(this, { templateBuilder, overdueAct, insertAfter, autoPlace, create, rules, mouse });
    popupMenu.registerProvider('bpmn-append', LAST, { getPopupMenuEntries: (target) => (entries) => ({ ...this._toAppend(target), ...entries }) });
    popupMenu.registerProvider('bpmn-create', LAST, { getPopupMenuEntries: () => (entries) => ({ ...this._toCreate(), ...entries }) });
  }

  _toAppend(source) {
    const followed = this.rules.allowed('shape.append', { element: source });
    return {
      ...(followed && this._entries('append', (template) => this._append(source, this.templateBuilder.shape(template)))),
      ...(this.overdueAct.suits(source) && { 'append-template-overdue': this._overdue(source) }),
    };
  }

  _append(source, shape) {
    const flow = this.insertAfter.flowAfter(source);
    if (flow) {
      this.insertAfter.on(flow, shape);
    } else {
      this.autoPlace.append(source, shape);
    }
  }

  _toCreate() {
    return this._entries('create', (template, event) => {
      const start = event instanceof KeyboardEvent ? this.mouse.getLastMoveEvent() : event;
      this.create.start(start, this.templateBuilder.shape(template));
    });
  }

  _entries(prefix, act) {
    return Object.fromEntries(templates.map((template) => [`${prefix}-template-${template.id}`, this._entry(template, act)]));
  }

  _entry(template, act) {
    const click = (event) => act(template, event);
    return {
      label: say(template.zh, template.en),
      description: say(template.note_zh, template.note_en),
      className: template.icon,
      group: { id: 'studio-templates', name: say('督办模板', 'Supervision templates') },
      search: [template.id, template.zh, template.en].join(' '),
      action: { click, dragstart: click },
    };
  }

  _overdue(source) {
    return {
      label: say('逾期启动督办', 'Overdue: start supervision'),
      description: say('时限到了没有办完，另起督办件，本环节继续办', 'When the deadline passes, a supervision item begins; the step stays open'),
      className: 'bpmn-icon-intermediate-event-catch-non-interrupting-timer',
      group: { id: 'studio-templates', name: say('督办模板', 'Supervision templates') },
      action: { click: () => this.overdueAct.on(source) },
    };
  }
}

export default {
  __init__: ['templateMenus'],
  templateBuilder: ['type', TemplateBuilder],
  overdueAct: ['type', OverdueAct],
  insertAfter: ['type', InsertAfter],
  templateMenus: ['type', TemplateMenus],
};
