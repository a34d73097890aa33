// dmn-js with nothing in it that the engine does not run: tables only, UNIQUE or FIRST, three types, our own expressions.

import DecisionTableEditor from 'dmn-js-decision-table/lib/Editor';
import DecisionTableViewer from 'dmn-js-decision-table/lib/Viewer';
import EditingManager from 'dmn-js-shared/lib/base/EditingManager';
import { is } from 'dmn-js-shared/lib/util/ModelUtil';

import { say } from '../../words.js';
import words from './words.js';
import { OurHitPolicies } from './hit_policies.js';

const LANGUAGE = 'duban'; // any name but feel: cells are plain text, which the server checks

export class TableModeler extends EditingManager {
  constructor({ container, isOpen }) {
    super({
      container,
      isOpen,
      common: {
        dataTypes: ['string', 'boolean', 'number'],
        expressionLanguages: {
          options: [{ value: LANGUAGE, label: say('督办表达式', 'Duban expression') }],
          defaults: { editor: LANGUAGE },
        },
      },
      decisionTable: { additionalModules: [words, OurHitPolicies] },
    });
  }

  _getViewProviders() {
    return [
      {
        id: 'decisionTable',
        constructor: this._options?.isOpen === false ? DecisionTableViewer : DecisionTableEditor,
        opens: (node) => is(node, 'dmn:Decision') && is(node.decisionLogic, 'dmn:DecisionTable'),
      },
    ];
  }

  /** The tables of the file, in its order. */
  tables() {
    return this.getViews().filter((view) => view.type === 'decisionTable');
  }

  /** The table that is shown, as the file has it: `{id, name, decisionLogic: {input, output, rule}}`. */
  shown() {
    return this.getActiveView()?.element;
  }

  onChange(listener) {
    this.on('viewer.created', ({ viewer }) => viewer.on('commandStack.changed', listener));
    for (const viewer of Object.values(this._viewers ?? {})) {
      viewer.on('commandStack.changed', listener);
    }
  }

  /** Shows a table, row, column or cell by its id and puts the caret there. */
  async show(id) {
    const view = id && this.tables().find(({ element }) => owns(element, id));
    if (view && view.element !== this.shown()) {
      await this.open(view);
    }
    const cell = id && this._container.querySelector(`[data-element-id="${CSS.escape(id)}"], [data-col-id="${CSS.escape(id)}"], [data-row-id="${CSS.escape(id)}"]`);
    const place = cell ?? this._container;
    place.scrollIntoView({ block: 'center', inline: 'center' });
    (place.querySelector('[contenteditable="true"], input') ?? place).focus();
    place.classList.add('table-editor__found');
    setTimeout(() => place.classList.remove('table-editor__found'), 3000);
  }

  /** Marks the row that spoke; none for an empty id. */
  mark(ruleId) {
    for (const cell of this._container.querySelectorAll('.table-editor__hit')) {
      cell.classList.remove('table-editor__hit');
    }
    for (const cell of ruleId ? this._container.querySelectorAll(`[data-row-id="${CSS.escape(ruleId)}"]`) : []) {
      cell.classList.add('table-editor__hit');
    }
  }
}

function owns(decision, id) {
  const { id: tableId, input = [], output = [], rule = [] } = decision.decisionLogic;
  const columns = [...input, ...output];
  const cells = rule.flatMap((row) => [row, ...(row.inputEntry ?? []), ...(row.outputEntry ?? [])]);
  return [decision.id, tableId].includes(id) || [...columns, ...cells].some((part) => part.id === id);
}
