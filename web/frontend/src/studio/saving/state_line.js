// The words that tell whether the work is saved, and the two ways out of a conflict.

import { element } from '../../frame.js';
import { say } from '../../words.js';
import { CONFLICT, FAILED, SAVED, SAVING, UNSAVED } from './index.js';

const WORDS = {
  [SAVED]: () => say('已保存', 'Saved'),
  [UNSAVED]: () => say('有修改，即将保存', 'Changed, about to be saved'),
  [SAVING]: () => say('保存中……', 'Saving …'),
  [FAILED]: (error) => say('没有保存：', 'Not saved: ') + reason(error),
  [CONFLICT]: (error) => say(`冲突：${error.body?.by ?? '别人'} 已保存了第 ${error.body?.revision} 次修改`, `Conflict: ${error.body?.by ?? 'somebody'} has saved revision ${error.body?.revision}`),
};

const REASONS = {
  403: ['登录已过期或没有权限。修改保留在这个浏览器里，请在另一个窗口登录后再改一处', 'You are signed out, or may not change this. Your changes are kept in this browser: sign in in another window'],
  404: ['这份草稿已不在', 'This draft is gone'],
  413: ['文件太大', 'The file is too large'],
  422: ['系统不收这份文件，原因见下面的问题', 'The file was refused; see the problems below'],
};

/** The line itself: `show(state, detail)`, and `onOver(revision)`, `onTheirs()` for the choice in a conflict. */
export class StateLine {
  constructor(host, { onOver, onTheirs }) {
    this._line = element('p', 'model-editor__state');
    this._line.setAttribute('role', 'status');
    this._choices = element('span', 'model-editor__choices');
    this._onOver = onOver;
    this._onTheirs = onTheirs;
    host.append(this._line, this._choices);
    this.show(SAVED);
  }

  show(state, detail) {
    this._line.textContent = WORDS[state](detail);
    this._line.dataset.state = state;
    this._choices.replaceChildren(...(state === CONFLICT ? this._ways(detail.body?.revision) : []));
  }

  _ways(revision) {
    return [
      choice(say('我的另存为新的一次修改（对方的留在历史里）', 'Save mine on top (theirs stays in the history)'), () => this._onOver(revision)),
      choice(say('下载我的副本，载入对方的', 'Download a copy of mine, load theirs'), () => this._onTheirs()),
    ];
  }
}

export function choice(label, onClick) {
  const made = element('button', 'button button--small', label);
  made.type = 'button';
  made.addEventListener('click', onClick);
  return made;
}

function reason(error) {
  const known = REASONS[error?.status];
  return known ? say(...known) : say('连不上服务器，稍后自动再试；修改保留在这个浏览器里', 'The server cannot be reached; trying again soon. Your changes are kept in this browser');
}
