// The list of problems below the diagram; a click leads to the element and the property. `data-problems` on the panel
// holds the counts.

import { element } from '../../frame.js';
import { isChinese, say } from '../../words.js';

const SIGNS = { error: '✕', warning: '▲', info: 'ⓘ' };
const NAMES = {
  error: () => say('错误', 'Error'),
  warning: () => say('注意', 'Warning'),
  info: () => say('建议', 'Advice'),
};
const SHOWN = 200;

/** Of the panels below a diagram one is open at a time, so that the canvas keeps its room. */
export const BELOW = 'below-the-diagram';

export class ProblemsPanel {
  /** `nameOf(elementId)`: how a person knows the element. `onChoose(problem)` is told of a click. */
  constructor(host, { nameOf, onChoose }) {
    this._nameOf = nameOf;
    this._onChoose = onChoose;
    this._panel = element('details', 'studio-problems');
    this._panel.name = BELOW;
    this._panel.open = true;
    this._summary = element('summary', 'studio-problems__summary', say('检查中……', 'Checking …'));
    this._summary.setAttribute('aria-live', 'polite');
    this._note = element('p', 'studio-problems__note');
    this._list = element('ol', 'studio-problems__list');
    this._panel.append(this._summary, this._note, this._list);
    host.append(this._panel);
  }

  show(problems) {
    const counts = Object.keys(SIGNS).map((severity) => [severity, problems.filter((one) => one.severity === severity).length]);
    this._panel.dataset.problems = counts.map(([, count]) => count).join(' ');
    this._summary.textContent = problems.length
      ? counts.filter(([, count]) => count).map(([severity, count]) => `${SIGNS[severity]} ${NAMES[severity]()} ${count}`).join('　')
      : say('✓ 没有发现问题', '✓ No problems found');
    this._list.replaceChildren(...problems.slice(0, SHOWN).map((problem) => this._row(problem)), ...more(problems));
  }

  /** Says that the server did not check; undefined takes it back. */
  showFailure(error) {
    this._note.textContent = error ? say('服务器没有完成检查，这里只有图形规则的结果。', 'The server did not check; these are the drawing rules only.') : '';
  }

  _row(problem) {
    const row = element('li', `studio-problem studio-problem--${problem.severity}`);
    const button = element('button', 'studio-problem__go');
    button.type = 'button';
    button.dataset.rule = problem.rule ?? '';
    button.dataset.element = problem.element ?? '';
    button.append(
      element('span', 'studio-problem__sign', `${SIGNS[problem.severity]} ${NAMES[problem.severity]()}`),
      element('span', 'studio-problem__where', this._nameOf(problem)),
      element('span', 'studio-problem__what', isChinese ? problem.zh : problem.en),
      element('span', 'studio-problem__todo', (isChinese ? problem.todo_zh : problem.todo_en) ?? ''),
    );
    button.addEventListener('click', () => this._onChoose(problem));
    row.append(button);
    return row;
  }
}

function more(problems) {
  const hidden = problems.length - SHOWN;
  return hidden > 0 ? [element('li', 'studio-problem', say(`还有 ${hidden} 条，先改上面的`, `${hidden} more: mend these first`))] : [];
}
