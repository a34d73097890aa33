// Comments that are being written, kept in this browser until they have arrived: a closed window loses none.

export class Unsent {
  constructor(draftId, name) {
    this._key = `duban.comment.${draftId}.${name}.`;
    this._texts = new Map(); // where the browser keeps nothing, they last as long as the page
  }

  read(element) {
    return this._texts.get(element) ?? this._kept(element) ?? '';
  }

  keep(element, text) {
    this._texts.set(element, text);
    try {
      if (text) {
        localStorage.setItem(this._key + element, text);
      } else {
        localStorage.removeItem(this._key + element);
      }
    } catch {
      // No room: the page holds it.
    }
  }

  _kept(element) {
    try {
      return localStorage.getItem(this._key + element);
    } catch {
      return undefined;
    }
  }
}
