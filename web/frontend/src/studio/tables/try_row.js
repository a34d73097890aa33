// Tries the table as it stands on the screen: one value for each input column, and which row answers with what. The server
// decides, by the same code as a running case.

import { element } from '../../frame.js';
import { isChinese, say } from '../../words.js';

export class TryRow {
  constructor({ desk, modeler, read }) {
    this._desk = desk;
    this._modeler = modeler;
    this._read = read;
    this._typed = new Map(); // column id → what was typed, kept while columns come and go
    this.panel = element('form', 'try-row');
    this.panel.setAttribute('aria-label', say('试一试', 'Try it'));
    this._fields = element('div', 'try-row__fields');
    this._answer = element('div', 'try-row__answer');
    this._answer.setAttribute('role', 'status');
    const run = element('button', 'button button--primary', say('试算', 'Try'));
    this.panel.append(
      element('h2', 'try-row__title', say('试一试', 'Try it')),
      element('p', 'try-row__help', say('每列填一个值，按没有保存的表计算：文字可不加引号，列表写 ["甲","乙"]，不填为空。', 'One value a column, by the table as it stands here: text without quotes, a list as ["a","b"], nothing is null.')),
      this._fields,
      run,
      this._answer,
    );
    this.panel.addEventListener('submit', (event) => {
      event.preventDefault();
      this._try();
    });
  }

  /** One field for each input column of the shown table. */
  draw() {
    const columns = this._modeler.shown()?.decisionLogic.input ?? [];
    const drawn = JSON.stringify(columns.map(heading).concat(columns.map((column) => column.id)));
    if (drawn === this._drawn) {
      return;
    }
    this._drawn = drawn;
    this._fields.replaceChildren(...columns.map((column) => this._field(column)));
  }

  _field(column) {
    const label = element('label', 'try-row__field', heading(column));
    const input = element('input', 'input');
    input.value = this._typed.get(column.id) ?? '';
    input.dataset.column = column.id;
    input.maxLength = 2000;
    input.addEventListener('input', () => this._typed.set(column.id, input.value));
    label.append(input);
    return label;
  }

  async _try() {
    const inputs = [...this._fields.querySelectorAll('input')].map((input) => input.value);
    this._modeler.mark('');
    try {
      const response = await fetch(`${this._desk.host.dataset.api}/try-table`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'X-CSRF-Token': this._desk.csrf },
        body: JSON.stringify({ text: await this._read(), decision: this._modeler.shown()?.id, inputs }),
      });
      const answer = await response.json();
      this._answer.replaceChildren(...(response.ok ? this._found(answer) : refused(answer)));
    } catch {
      this._answer.replaceChildren(element('p', 'try-row__fault', say('连不上服务器，请再试。', 'The server cannot be reached; try again.')));
    }
  }

  _found({ outputs, row, rule }) {
    this._modeler.mark(rule);
    const list = element('dl', 'try-row__outputs');
    for (const { name, label, value } of outputs) {
      const shown = typeof value === 'string' ? value : JSON.stringify(value);
      list.append(element('dt', '', label === name ? name : `${label} (${name})`), element('dd', '', shown === '' ? '""' : shown));
    }
    return [element('p', 'try-row__row', say(`第 ${row} 行适用`, `Row ${row} answers`)), list];
  }
}

function heading(column) {
  return column.label || column.inputExpression?.text || column.id;
}

function refused(answer) {
  const said = (answer.problems ?? []).slice(0, 5).map((problem) => (isChinese ? problem.zh : problem.en));
  return (said.length ? said : [answer.title]).map((words) => element('p', 'try-row__fault', words));
}
