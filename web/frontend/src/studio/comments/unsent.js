// Comments that are being written, kept in this browser until they have arrived: a closed window loses none. Each tab has
// a place of its own, so that none writes over another's; what another left is offered.

export class Unsent {
  /** `person`: who writes; another at the same computer is shown none of it. */
  constructor(person, draftId, name, tab) {
    this._before = `duban.comment.${person}.${draftId}.${name}.`;
    this._tab = tab;
    this._texts = new Map(); // where the browser keeps nothing, they last as long as the page
  }

  read(element) {
    return this._texts.get(element) ?? kept(this._key(element, this._tab)) ?? '';
  }

  keep(element, text) {
    this._texts.delete(element);
    try {
      if (text) {
        localStorage.setItem(this._key(element, this._tab), text);
      } else {
        localStorage.removeItem(this._key(element, this._tab));
      }
    } catch {
      this._texts.set(element, text); // no room: the page holds it
    }
  }

  /** What other tabs, open or closed, have not sent about an element: `[{key, text}]`. */
  others(element) {
    const [before, mine] = [this._key(element, ''), this._key(element, this._tab)];
    const found = keys().filter((key) => key.startsWith(before) && key !== mine);
    return found.map((key) => ({ key, text: kept(key) ?? '' }));
  }

  drop({ key }) {
    localStorage.removeItem(key);
  }

  _key(element, tab) {
    return `${this._before}${element}@${tab}`;
  }
}

function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return undefined;
  }
}

function keys() {
  try {
    return Object.keys(localStorage);
  } catch {
    return [];
  }
}
