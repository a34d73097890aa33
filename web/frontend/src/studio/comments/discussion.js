// The comments on one file of a draft as the server has them. A comment whose sending failed half-way is looked for
// before it is sent again, so that it neither is lost nor stands there twice.

export class Discussion {
  /** `person`: id of who writes here. */
  constructor({ server, person, name }) {
    this._server = server;
    this._person = person;
    this._name = name;
    this._unsure = new Map(); // element → {text, known}: sent, and nobody answered
    this.all = [];
    this.failure = undefined;
    this.onChange = () => {};
  }

  /** Those that nobody has settled yet. */
  get open() {
    return this.all.filter((comment) => !comment.resolved_at);
  }

  /** What is said about an element; about the file and everything in it when `element` is empty. */
  about(element) {
    return element ? this.all.filter((comment) => comment.element === element) : this.all;
  }

  /** Asks again; a failure is kept in `failure`, and what was known before stays. `onChange` only when there is news. */
  async load() {
    try {
      await this._load();
    } catch (error) {
      this.failure = error;
    }
    this._tellChange();
  }

  /** Throws when the comment did not arrive, or when nobody knows whether it did. */
  async add(element, text) {
    if (await this._hasArrived(element, text)) {
      return;
    }
    const known = new Set(this.all.map((comment) => comment.comment_id));
    try {
      await this._server.comment(this._name, element, text);
    } catch (error) {
      if (!error.status || error.status >= 500) {
        this._unsure.set(element, { text, known });
      }
      throw error;
    }
    await this.load();
  }

  async settle(commentId) {
    await this._server.settle(commentId);
    await this.load();
  }

  async _load() {
    const found = await this._server.comments();
    this.all = found.filter(({ file }) => !file || file === this._name);
    this.failure = undefined;
  }

  _tellChange() {
    const now = JSON.stringify([this.all, this.failure && (this.failure.status ?? 0)]);
    if (now !== this._told) {
      this._told = now;
      this.onChange();
    }
  }

  async _hasArrived(element, text) {
    const sent = this._unsure.get(element);
    if (!sent || sent.text !== text) {
      return false;
    }
    await this._load();
    this._unsure.delete(element);
    this._tellChange();
    const isIt = (one) => one.by_id === this._person && one.element === element && one.text === text;
    return this.all.some((one) => isIt(one) && !sent.known.has(one.comment_id));
  }
}
