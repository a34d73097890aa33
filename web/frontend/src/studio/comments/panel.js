// The comments below the diagram: whose thread is shown, the thread, and the box for a new one. What is typed stays until
// the server has it. `data-comments` on the panel holds how many are open.

import { element } from '../../frame.js';
import { grouped } from '../../grouped.js';
import { moment } from '../../moment.js';
import { isChinese, say } from '../../words.js';
import { BELOW } from '../problems/panel.js';
import { choice } from '../saving/state_line.js';

const MAX_CHARACTERS = 2000;
const SHOWN_CHARACTERS = 60; // of what another window has not sent

export class CommentsPanel {
  /** `nameOf(id)` is undefined for what is not drawn; `elements()` are the ids that can be chosen by keyboard. */
  constructor(host, { discussion, unsent, mayComment, nameOf, elements, onGo }) {
    Object.assign(this, { _discussion: discussion, _unsent: unsent, _mayComment: mayComment, _nameOf: nameOf, _elements: elements, _onGo: onGo });
    this._chosen = '';
    this._hasFailed = false;
    this._panel = element('details', 'studio-comments');
    this._panel.name = BELOW;
    this._summary = element('summary', 'studio-comments__summary', say('批注', 'Comments'));
    this._said = element('p', 'studio-comments__said');
    this._said.setAttribute('role', 'status');
    this._list = element('ol', 'studio-comments__list');
    this._list.tabIndex = -1;
    const side = element('div', 'studio-comments__side');
    side.append(this._makeHead(), ...(mayComment ? [this._makeForm()] : []), this._said);
    const body = element('div', 'studio-comments__body');
    body.append(side, this._list);
    this._panel.append(this._summary, body);
    this._panel.addEventListener('toggle', () => this.show());
    host.append(this._panel);
  }

  /** Opens the panel at an element, ready to write. */
  open(id) {
    this._panel.open = true;
    this.choose(id);
    this.show();
    (this._text ?? this._list).focus();
  }

  /** Another element is meant; an empty id is the whole diagram. */
  choose(id) {
    if (id !== this._chosen) {
      this._chosen = id;
      this._say('');
      this.show();
    }
  }

  /** Draws anew what the discussion holds. */
  show() {
    const { open, failure } = this._discussion;
    this._panel.dataset.comments = open.length;
    this._summary.textContent = open.length ? say(`批注：${open.length} 条未处理`, `Comments: ${open.length} open`) : say('批注', 'Comments');
    if (this._panel.open) {
      this._showChoice(open);
      this._showThread();
      this._showForm();
    }
    if (failure) {
      this._say(say('批注没有取到：', 'The comments could not be loaded: ') + reason(failure));
    } else if (this._hasFailed) {
      this._say('');
    }
    this._hasFailed = Boolean(failure);
  }

  _makeHead() {
    this._pick = element('select', 'studio-comments__pick');
    this._pick.addEventListener('change', () => {
      this.choose(this._pick.value);
      this._onGo(this._pick.value);
    });
    const about = element('label', 'studio-comments__about', say('关于', 'About'));
    about.append(this._pick);
    this._settled = element('input', '');
    this._settled.type = 'checkbox';
    this._settled.addEventListener('change', () => this._showThread());
    this._settledWords = element('span', '');
    const settled = element('label', 'studio-comments__settled');
    settled.append(this._settled, this._settledWords);
    const head = element('div', 'studio-comments__head');
    head.append(about, settled);
    return head;
  }

  _makeForm() {
    const form = element('form', 'studio-comments__form');
    this._text = element('textarea', 'studio-comments__text');
    this._text.rows = 2;
    this._text.maxLength = MAX_CHARACTERS;
    this._text.addEventListener('input', () => this._unsent.keep(this._chosen, this._text.value));
    this._text.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
    this._send = element('button', 'button button--small', say('写批注', 'Comment'));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this._add();
    });
    this._others = element('div', 'studio-comments__others');
    form.append(this._others, this._text, this._send);
    return form;
  }

  _showChoice(open) {
    const counts = grouped(open, (comment) => comment.element);
    const commented = this._discussion.all.map((comment) => comment.element);
    const ids = new Set([this._chosen, ...commented, ...this._elements()].filter(Boolean));
    const options = [...ids].map((id) => option(id, this._title(id), counts.get(id)?.length));
    options.sort((one, other) => Number(other.dataset.open) - Number(one.dataset.open));
    this._pick.replaceChildren(option('', say('整张图', 'The whole diagram'), open.length), ...options);
    this._pick.value = this._chosen;
  }

  _showThread() {
    const thread = this._discussion.about(this._chosen);
    const settled = thread.filter((comment) => comment.resolved_at).length;
    this._settled.disabled = !settled;
    this._settledWords.textContent = say(`也看已处理的（${settled}）`, `Settled ones too (${settled})`);
    const shown = thread.filter((comment) => !comment.resolved_at || this._settled.checked);
    const none = element('li', 'studio-comments__none', say('没有未处理的批注。', 'No open comments.'));
    this._list.replaceChildren(...(shown.length ? shown.map((comment) => this._row(comment)) : [none]));
  }

  _showForm() {
    if (this._text) {
      const name = this._chosen ? this._title(this._chosen) : say('整张图', 'the whole diagram');
      this._text.setAttribute('aria-label', say(`对“${name}”的批注`, `Comment on “${name}”`));
      this._text.placeholder = say(`对“${name}”的批注（Ctrl+Enter 发出）`, `Comment on “${name}” (Ctrl+Enter sends)`);
      const kept = this._unsent.read(this._chosen);
      if (this._text.value !== kept) {
        this._text.value = kept;
      }
      this._others.replaceChildren(...this._unsent.others(this._chosen).map((other) => this._offer(other)));
    }
  }

  /** What another tab, or one that is closed, has not sent. */
  _offer(other) {
    const shown = other.text.length > SHOWN_CHARACTERS ? `${other.text.slice(0, SHOWN_CHARACTERS)}…` : other.text;
    const offer = element('p', 'studio-comments__other', say(`另一个窗口里写了还没发出：“${shown}” `, `Written in another window and not sent: “${shown}” `));
    const end = (act) => () => {
      this._unsent.drop(other);
      act();
      this._showForm();
      this._text.focus();
    };
    const takeOver = () => this._unsent.keep(this._chosen, [this._text.value, other.text].filter(Boolean).join('\n'));
    offer.append(choice(say('拿过来', 'Take it over'), end(takeOver)), ' ', choice(say('丢弃', 'Drop it'), end(() => {})));
    return offer;
  }

  _row(comment) {
    const row = element('li', 'studio-comment');
    const about = element('p', 'studio-comment__about', `${comment.by} · ${moment(comment.at)}`);
    if (comment.resolved_at) {
      about.append(say(` · 已处理：${comment.resolved_by} ${moment(comment.resolved_at)}`, ` · settled by ${comment.resolved_by} ${moment(comment.resolved_at)}`));
    }
    row.append(element('p', 'studio-comment__text', comment.text), about);
    if (comment.element && this._nameOf(comment.element)) {
      about.prepend(this._link(comment.element), ' · ');
    } else if (comment.element) {
      about.prepend(`${this._title(comment.element)} · `);
    }
    if (this._mayComment && !comment.resolved_at) {
      const settle = choice(say('标为已处理', 'Settle'), () => this._settle(comment));
      settle.setAttribute('aria-label', say(`标为已处理：${comment.text.slice(0, 40)}`, `Settle: ${comment.text.slice(0, 40)}`));
      row.append(settle);
    }
    return row;
  }

  _link(id) {
    const link = element('button', 'studio-comment__go', this._nameOf(id));
    link.type = 'button';
    link.addEventListener('click', () => {
      this.choose(id);
      this._onGo(id);
    });
    return link;
  }

  async _add() {
    const [about, text] = [this._chosen, this._text.value.trim()];
    if (!text || this._send.disabled) {
      this._text.focus();
      return;
    }
    this._send.disabled = true;
    this._say(say('发送中……', 'Sending …'));
    try {
      await this._discussion.add(about, text);
      if (this._unsent.read(about).trim() === text) {
        this._unsent.keep(about, '');
      }
      this._say(say('批注已写下。', 'The comment is kept.'));
      this._showForm();
    } catch (error) {
      this._say(say('批注没有发出，文字留着：', 'The comment was not sent; the text stays: ') + reason(error));
    } finally {
      this._send.disabled = false;
    }
  }

  async _settle(comment) {
    try {
      await this._discussion.settle(comment.comment_id);
      this._say(say('已标为已处理。', 'Settled.'));
      this._list.focus();
    } catch (error) {
      this._say(say('没有标上：', 'Not settled: ') + reason(error));
    }
  }

  _say(words) {
    this._said.textContent = words;
  }

  _title(id) {
    return this._nameOf(id) ?? say(`${id}（图中已没有）`, `${id} (no longer drawn)`);
  }
}

function option(value, title, count = 0) {
  const made = element('option', '', count ? title + say(`（${count}）`, ` (${count})`) : title);
  made.value = value;
  made.dataset.open = count;
  return made;
}

function reason(error) {
  if (error.status === 403) {
    return say('登录已过期或没有权限。请在另一个窗口登录后再试。', 'You are signed out, or may not do this. Sign in in another window and try again.');
  }
  const said = (error.body?.problems ?? []).map((problem) => (isChinese ? problem.zh : problem.en)).join(' ');
  return said || error.body?.title || say('连不上服务器，请稍后再试。', 'The server cannot be reached; try again soon.');
}
