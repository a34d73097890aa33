// The frame of an editor of one file that is no diagram: loads it, saves it, lists its problems, brings back what an
// earlier visit left unsaved. The page's element says where:
//
//   data-api, data-draft, data-key, data-file, data-revision, data-csrf, data-person; data-open when the draft may be changed

import { element } from '../../frame.js';
import { moment } from '../../moment.js';
import { say } from '../../words.js';
import { CONFLICT, FAILED, SAVED, Saving } from '../saving/index.js';
import { choice, StateLine } from '../saving/state_line.js';
import { Server } from '../server/index.js';
import { ProblemList } from './problem_list.js';

export class Desk {
  /** `read()`: the text as it stands, or a promise of it. `go(problem)`: shows the place of a problem. */
  constructor(host, { read, go }) {
    this.host = host;
    this.file = host.dataset.file;
    this.isOpen = 'open' in host.dataset;
    this.csrf = host.dataset.csrf;
    this.server = new Server({ api: host.dataset.api, draftId: host.dataset.draft, csrf: host.dataset.csrf });
    this._read = read;
    this._bar = element('div', 'file-editor__bar');
    this.body = element('div', 'file-editor__body');
    this._problems = new ProblemList(this.server, host.dataset.key, this.file, go);
    host.replaceChildren(this._bar, this.body, this._problems.panel);
  }

  /** The text on the server; from now on changes are saved. */
  async load() {
    this._held = await this.server.file(this.file);
    const line = new StateLine(this._bar, { onOver: (revision) => this.saving.saveOver(revision), onTheirs: () => this._takeTheirs() });
    this.saving = new Saving({
      server: this.server,
      person: this.host.dataset.person,
      draftId: this.host.dataset.draft,
      name: this.file,
      revision: Number(this.host.dataset.revision),
      text: this._held,
      read: async () => (this._sent = await this._read()),
      onState: (state, detail) => this._told(line, state, detail),
      onSaved: () => { this._held = this._sent; },
    });
    if (!this.isOpen) {
      this._bar.replaceChildren(element('p', 'model-editor__state', say('只能查看', 'Read only')));
    }
    window.addEventListener('beforeunload', (event) => {
      if (this.saving.state !== SAVED) {
        event.preventDefault();
      }
    });
    window.addEventListener('keydown', (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') {
        event.preventDefault();
        this.saving.save();
      }
    });
    this._problems.check(this._held);
    return this._held;
  }

  /** After every change of the text. */
  async changed() {
    const text = await this._read();
    this._problems.check(text);
    if (this.isOpen) {
      this.saving.changed(text);
    }
  }

  /** A button at the end of the bar above the editor. */
  addButton(label, onClick) {
    const made = choice(label, onClick);
    this._bar.append(made);
    return made;
  }

  /** Offers what an earlier visit left unsaved; `use(text)` puts it into the editor. */
  offerLeftBehind(use) {
    const left = this.isOpen && this.saving.leftBehind();
    if (!left) {
      return;
    }
    const at = moment(left.at);
    const offer = element('p', 'notice notice--warning', say(`这个浏览器里有 ${at} 没有保存的修改。`, `This browser holds changes of ${at} that were not saved.`));
    const done = (act) => () => {
      offer.remove();
      act();
    };
    offer.append(
      choice(say('恢复', 'Bring them back'), done(() => use(left.text))),
      choice(say('丢弃', 'Drop them'), done(() => this.saving.forgetLeftBehind())),
    );
    this._bar.before(offer);
  }

  async _told(line, state, detail) {
    // A save of another file of the draft is no conflict with this one.
    if (state === CONFLICT && detail.body?.revision && (await this.server.file(this.file)) === this._held) {
      this.saving.saveOver(detail.body.revision);
      return;
    }
    line.show(state, detail);
    if (state === FAILED && detail?.body?.problems) {
      this._problems.show(detail.body.problems);
    }
  }

  async _takeTheirs() {
    const mine = await this._read();
    const link = element('a', '');
    link.href = URL.createObjectURL(new Blob([mine], { type: 'application/octet-stream' }));
    link.download = this.file;
    link.click();
    this.saving.forgetLeftBehind();
    this.saving.state = SAVED;
    location.reload();
  }
}

/** Says in the place of the editor why there is none; `error.message` never becomes markup. */
export function showFailure(host, error) {
  console.error(error);
  const message = element('p', 'notice notice--error', say('编辑器打不开：', 'The editor cannot be opened: ') + error.message);
  message.setAttribute('role', 'alert');
  host.prepend(message);
}
