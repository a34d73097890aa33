// A browser's store of texts: what is kept are its own properties.
export class Kept {
  constructor() {
    Object.defineProperty(this, 'isFull', { value: false, writable: true, enumerable: false });
  }

  getItem(key) {
    return Object.hasOwn(this, key) ? this[key] : null;
  }

  setItem(key, text) {
    if (this.isFull) {
      throw new Error('QuotaExceededError');
    }
    this[key] = String(text);
  }

  removeItem(key) {
    delete this[key];
  }
}
