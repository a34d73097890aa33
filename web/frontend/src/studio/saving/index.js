// Saves a file of a model draft a moment after each change. Knows nothing about diagrams: what is edited hands over its
// text. A save that another person's came before is a conflict, which the designer decides; nothing is overwritten.

import { Unsaved } from './unsaved.js';

const QUIET_MS = 2000;
const AGAIN_MS = 10_000;

export const SAVED = 'saved';
export const UNSAVED = 'unsaved';
export const SAVING = 'saving';
export const FAILED = 'failed';
export const CONFLICT = 'conflict';

export class Saving {
  /**
   * `read`: the text as it stands now, a promise. `onState(state, detail)` is told of every change of state;
   * `detail` is the answer or the error that led to it. `onSaved(answer)` is told what the server
   * found; of a save whose own answer was lost, only the revision.
   */
  constructor({ server, person, draftId, name, revision, text, read, onState, onSaved }) {
    this._server = server;
    this._name = name;
    this._revision = revision;
    this._savedText = text;
    this._read = read;
    this._onState = onState;
    this._onSaved = onSaved;
    this._unsaved = new Unsaved(person, draftId, name);
    this._changes = 0;
    this.state = SAVED;
  }

  get revision() {
    return this._revision;
  }

  /** What this browser kept of an earlier visit and the server does not have; undefined when there is nothing. */
  leftBehind() {
    const kept = this._unsaved.read();
    return kept && kept.text !== this._savedText ? kept : undefined;
  }

  forgetLeftBehind() {
    this._unsaved.forget();
  }

  /** The work of this window is given up: nothing is saved or kept any more. */
  abandon() {
    this._done();
  }

  /** To be called after each change. `text` as it stands is kept in this browser at once. */
  changed(text) {
    this._changes += 1;
    if (text === this._savedText && this.state === UNSAVED) {
      this._done();
      return;
    }
    this._unsaved.keep(this._revision, text);
    if (this.state !== CONFLICT && this.state !== SAVING) {
      this._tell(UNSAVED);
      this._soon(QUIET_MS);
    }
  }

  /** Saves now what is not saved. */
  async save() {
    clearTimeout(this._timer);
    if (this.state === SAVING || this.state === CONFLICT) {
      return;
    }
    const changes = this._changes;
    const text = await this._read();
    if (text === this._savedText) {
      this._done();
      return;
    }
    this._tell(SAVING);
    try {
      const answer = await this._server.save(this._name, text, this._revision);
      this._revision = answer.revision;
      this._savedText = text;
      showSaved(answer.saved);
      this._afterSave(changes, answer);
    } catch (error) {
      if (error.status === 409 && error.body?.revision && (await this._isMine(text))) {
        this._revision = error.body.revision;
        this._savedText = text;
        this._afterSave(changes, { revision: this._revision });
      } else {
        this._afterFailure(error);
      }
    }
  }

  /** In a conflict: my text becomes the newest save; theirs stays in the history as `revision`. */
  async saveOver(revision) {
    this._revision = revision;
    this._tell(UNSAVED);
    await this.save();
  }

  /** Whether the server holds this very text: a save arrived whose answer did not. */
  async _isMine(text) {
    try {
      return (await this._server.file(this._name)) === text;
    } catch {
      return false;
    }
  }

  _afterSave(changes, answer) {
    if (changes === this._changes) {
      this._done();
    } else {
      this._tell(UNSAVED);
      this._soon(QUIET_MS);
    }
    this._onSaved(answer);
  }

  _afterFailure(error) {
    if (error.status === 409) {
      this._tell(CONFLICT, error);
      return;
    }
    this._tell(FAILED, error);
    const mayPass = !error.status || error.status >= 500 || error.status === 429;
    if (mayPass) {
      this._soon(AGAIN_MS);
    }
  }

  _done() {
    clearTimeout(this._timer);
    this._unsaved.forget();
    this._tell(SAVED);
  }

  _soon(milliseconds) {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this.save(), milliseconds);
  }

  _tell(state, detail) {
    this.state = state;
    this._onState(state, detail);
  }
}

/** The head of the page says which save this is, by whom and when. */
function showSaved(words) {
  const line = document.querySelector('[data-saved-by]');
  if (line && words) {
    line.textContent = words;
  }
}
