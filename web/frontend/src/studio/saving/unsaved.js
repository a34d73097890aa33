// What is not saved yet, kept in this browser, so that a closed window or a lost connection loses nothing.

export class Unsaved {
  /** `person`: whose work it is; another at the same computer is shown none of it. */
  constructor(person, draftId, name) {
    this._key = `duban.unsaved.${person}.${draftId}.${name}`;
  }

  /** `{revision, text, at}` or undefined. */
  read() {
    try {
      return JSON.parse(localStorage.getItem(this._key)) ?? undefined;
    } catch {
      return undefined;
    }
  }

  /** False when the browser has no room: then the server's copy is the only one. */
  keep(revision, text) {
    try {
      localStorage.setItem(this._key, JSON.stringify({ revision, text, at: new Date().toISOString() }));
      return true;
    } catch {
      return false;
    }
  }

  forget() {
    try {
      localStorage.removeItem(this._key);
    } catch {
      // Where nothing may be kept, nothing is.
    }
  }
}
