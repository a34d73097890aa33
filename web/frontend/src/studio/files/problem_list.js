// The problems of one file, found by the server as one types; a click leads to the place.

import { element } from '../../frame.js';
import { isChinese, say } from '../../words.js';

const QUIET_MS = 500;
const SHOWN = 50;
const MARKS = { error: ['错误', 'Error'], warning: ['注意', 'Warning'], info: ['建议', 'Advice'] };

export class ProblemList {
  constructor(server, key, file, go) {
    this._server = server;
    this._key = key;
    this._file = file;
    this._go = go;
    this.panel = element('section', 'file-problems');
    this.panel.setAttribute('aria-label', say('问题', 'Problems'));
    this._title = element('h2', 'file-problems__title', say('问题', 'Problems'));
    this._state = element('p', 'file-problems__state', say('正在检查……', 'Checking …'));
    this._state.setAttribute('role', 'status');
    this._list = element('ul', 'file-problems__list');
    this.panel.append(this._title, this._state, this._list);
  }

  /** Asks a moment after the last call; an older question is given up. */
  check(text) {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._ask(text), QUIET_MS);
  }

  show(problems) {
    const found = problems.filter((problem) => (problem.file ?? this._file) === this._file);
    const errors = found.filter((problem) => problem.severity === 'error').length;
    this._state.textContent = found.length
      ? say(`${found.length} 处，其中错误 ${errors} 处`, `${found.length}, errors: ${errors}`)
      : say('没有发现问题', 'No problems found');
    this._list.replaceChildren(...found.slice(0, SHOWN).map((problem) => this._line(problem)));
    this.panel.dataset.checked = String(found.length);
  }

  async _ask(text) {
    this._asking?.abort();
    this._asking = new AbortController();
    try {
      this.show(await this._server.check(this._key, { [this._file]: text }, this._asking.signal));
    } catch (error) {
      if (error.name !== 'AbortError') {
        this._state.textContent = say('现在检查不了，稍后再试。', 'It cannot be checked now; try again later.');
      }
    }
  }

  _line(problem) {
    const line = element('li', `file-problems__line file-problems__line--${problem.severity}`);
    const button = element('button', 'file-problems__go');
    button.type = 'button';
    button.append(
      element('b', 'file-problems__mark', say(...(MARKS[problem.severity] ?? MARKS.info))),
      element('span', '', ` ${isChinese ? problem.zh : problem.en}`),
    );
    const toDo = isChinese ? problem.todo_zh : problem.todo_en;
    if (toDo) {
      button.append(element('span', 'file-problems__todo', toDo));
    }
    button.addEventListener('click', () => this._go(problem));
    line.append(button);
    return line;
  }
}
