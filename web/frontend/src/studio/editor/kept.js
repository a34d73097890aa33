// What the editor's model drops and a file keeps all the same: references to what the file does not hold, and remarks
// (XML comments, processing instructions). Works on text, without a document tree, so that the rest of what the model
// wrote stays as it is.

/** Puts a stand-in wherever a name leads nowhere, so that it is written again; answers the warnings that remain. */
export function keepReferences(warnings, moddle) {
  return warnings.filter((warning) => !keepReference(warning, moddle));
}

function keepReference({ element, property: name, value: id }, moddle) {
  const property = element?.$descriptor?.propertiesByName[name];
  if (!property?.isReference || !id) {
    return false;
  }
  const standIn = moddle.create(property.type, { id });
  if (property.isMany) {
    element.get(property.name).push(standIn);
  } else {
    element.set(property.name, standIn);
  }
  return true;
}

const REMARK = /<!--|<\?(?!xml\s)/;
const TOKEN = /<!--[^]*?-->|<\?[^]*?\?>|<!\[CDATA\[[^]*?\]\]>|<(\/?)([^\s<>\/!?"'=]+)((?:[^"'>]|"[^"]*"|'[^']*')*)>/g;
const ID = /(?:^|\s)id\s*=\s*(?:"([^"]*)"|'([^']*)')/;

/**
 * `written` with the remarks of `source`, each before the element that it stood before, else at the end of the element
 * that it stood in. Only those inside of an element that is gone are gone with it.
 */
export function withRemarks(source, written) {
  if (!REMARK.test(source)) {
    return written;
  }
  const { remarks } = outline(source);
  const places = index(outline(written).elements);
  const insertions = remarks.map((remark) => insertion(remark, places, written)).filter(Boolean);
  insertions.sort((one, other) => one.at - other.at); // stable: what stood together keeps its order
  let end = 0;
  const parts = insertions.flatMap(({ at, text }) => {
    const before = written.slice(end, at);
    end = at;
    return [before, text];
  });
  return [...parts, written.slice(end)].join('');
}

function insertion({ text, parent, place }, places, written) {
  const next = nextOf(parent.children, place, places);
  if (next) {
    return { at: next.start, text: text + blankBefore(written, next.start) };
  }
  if (!parent.path) {
    return { at: written.trimEnd().length, text: `\n${text}` };
  }
  const now = places.find(parent);
  if (!now) {
    // An element without an id may have been emptied and left out; one with an id was taken away by somebody.
    return parent.id ? undefined : insertion({ text, parent: parent.parent, place: parent.parent.children.indexOf(parent) }, places, written);
  }
  if (now.isEmpty) {
    return { at: now.start, text: text + blankBefore(written, now.start) };
  }
  // Within plain text nothing is added but the remark, lest the text be another.
  return now.children.length ? { at: now.end, text: `  ${text}${blankBefore(written, now.end)}` } : { at: now.contentAt, text };
}

/** The first from `place` on that is still there. */
function nextOf(siblings, place, places) {
  for (let at = place; at < siblings.length; at += 1) {
    const found = places.find(siblings[at]);
    if (found) {
      return found;
    }
  }
  return undefined;
}

function blankBefore(text, at) {
  return /\s*$/.exec(text.slice(Math.max(0, at - 200), at))[0];
}

/** Every element with its place in the text, and every remark with what it stands in and before. */
function outline(text) {
  const document = { path: '', id: '', children: [], named: {} };
  const [elements, remarks] = [[], []];
  let inner = document;
  for (const { 0: token, 1: closing, 2: name, 3: attributes, index: at } of text.matchAll(TOKEN)) {
    if (name === undefined) {
      if (!token.startsWith('<![') && !/^<\?xml\s/.test(token)) {
        remarks.push({ text: token, parent: inner, place: inner.children.length });
      }
    } else if (closing) {
      inner.end = at;
      inner = inner.parent ?? document;
    } else {
      const made = child(inner, name, attributes, at, token.length);
      elements.push(made);
      inner = made.isEmpty ? inner : made;
    }
  }
  return { elements, remarks };
}

function child(parent, name, attributes, start, length) {
  const local = name.slice(name.indexOf(':') + 1);
  parent.named[local] = (parent.named[local] ?? 0) + 1;
  const id = ID.exec(attributes);
  const made = {
    parent,
    id: id ? (id[1] ?? id[2]) : '',
    path: `${parent.id ? `#${parent.id}` : parent.path}/${local}[${parent.named[local]}]`,
    start,
    contentAt: start + length,
    isEmpty: attributes.endsWith('/'),
    children: [],
    named: {},
  };
  parent.children.push(made);
  return made;
}

/** Elements are known by their id, those without one by their name and order. */
function index(elements) {
  const byId = new Map(elements.filter(({ id }) => id).map((element) => [element.id, element]));
  const byPath = new Map(elements.map((element) => [element.path, element]));
  return { find: ({ id, path }) => (id ? byId.get(id) : byPath.get(path)) };
}
