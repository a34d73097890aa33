// What is copied in one window can be pasted into another diagram in another window of the same browser: the copied
// tree goes through localStorage, where it is plain JSON, and its moddle values are made anew by the pasting editor.

const KEY = 'duban.studio.clipboard';

const BEFORE_PASTING = 5000; // before the clipboard of this window is asked

export class SharedClipboard {
  static $inject = ['eventBus', 'clipboard', 'moddle'];

  constructor(eventBus, clipboard, moddle) {
    this._moddle = moddle;
    this._own = '';
    eventBus.on('copyPaste.elementsCopied', 500, ({ tree, hints }) => this._keep(tree, hints));
    eventBus.on('copyPaste.pasteElements', BEFORE_PASTING, () => this._fetch(clipboard));
  }

  _keep(tree, hints) {
    if (hints?.clip === false || !tree || !Object.keys(tree).length) {
      return;
    }
    try {
      this._own = JSON.stringify(tree, withForeign);
      localStorage.setItem(KEY, this._own);
    } catch {
      // No room in the browser: copying within this window goes on working.
    }
  }

  _fetch(clipboard) {
    const kept = localStorage.getItem(KEY);
    if (kept && kept !== this._own) {
      clipboard.set(JSON.parse(kept, reviver(this._moddle)));
      this._own = kept;
    }
  }
}

/** moddle keeps the attributes of other vendors, and the namespaces of their elements, where JSON does not look. */
function withForeign(_, value) {
  if (!value?.$descriptor) {
    return value;
  }
  const { $attrs, $descriptor } = value;
  return { ...value, $type: value.$type, ...(Object.keys($attrs ?? {}).length && { $attrs }), ...($descriptor.isGeneric && { $uri: $descriptor.ns.uri }) };
}

/** Children are revived before their parent; what is named twice (a shape's element) is one thing again. */
function reviver(moddle) {
  const byId = new Map();
  return (_, value) => {
    if (typeof value?.$type !== 'string') {
      return value;
    }
    if (value.id && byId.has(value.id)) {
      return byId.get(value.id);
    }
    const made = revived(moddle, value);
    byId.set(value.id, made);
    return made;
  };
}

function revived(moddle, { $type, $attrs = {}, $uri, ...values }) {
  const made = $uri ? moddle.createAny($type, $uri, values) : moddle.create($type, values);
  Object.assign(made.$attrs ?? {}, $attrs);
  for (const child of Object.values(values).flat()) {
    if (child?.$descriptor) {
      child.$parent ??= made;
    }
  }
  return made;
}

export default { __init__: ['sharedClipboard'], sharedClipboard: ['type', SharedClipboard] };
