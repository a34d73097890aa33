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
 * that it stood in. None is lost: what stood in an element that is gone goes to what that stood in, for whether it was
 * taken away, was dissolved or has another id now cannot be told.
 */
export function withRemarks(source, written) {
  if (!REMARK.test(source)) {
    return written;
  }
  const opened = outline(source);
  findWhatStays(opened, index(outline(written).elements));
  const insertions = opened.remarks.map((remark) => insertion(remark, written));
  insertions.sort((one, other) => one.at - other.at); // stable: what stood together keeps its order
  let end = 0;
  const parts = insertions.flatMap(({ at, text }) => {
    const before = written.slice(end, at);
    end = at;
    return [before, text];
  });
  return [...parts, written.slice(end)].join('');
}

/**
 * Notes in each element of the source what stands in the written text: `now`, itself; `next[n]`, the first of its
 * children from the n-th on. Where it is gone itself, `refuge` is what its remarks go before or into. One pass, since
 * a file may hold tens of thousands of both.
 */
function findWhatStays({ document, elements }, find) {
  document.next = nextOf(document.children, find);
  for (const each of elements) {
    each.now = find(each);
    each.next = nextOf(each.children, find);
    each.refuge = each.now ? undefined : refugeAt(each.parent, each.place);
  }
}

function nextOf(siblings, find) {
  const next = Array(siblings.length);
  let nearest;
  for (let at = siblings.length - 1; at >= 0; at -= 1) {
    nearest = find(siblings[at]) ?? nearest;
    next[at] = nearest;
  }
  return next;
}

function refugeAt(parent, place) {
  const next = parent.next[place];
  return next ? { next } : (parent.refuge ?? { within: parent.now });
}

function insertion({ text, parent, place }, written) {
  const { next, within } = refugeAt(parent, place);
  if (next) {
    return { at: next.start, text: text + blankBefore(written, next.start) };
  }
  if (!within) {
    return { at: written.trimEnd().length, text: `\n${text}` };
  }
  if (within.isEmpty) {
    return { at: within.start, text: text + blankBefore(written, within.start) };
  }
  // Within plain text nothing is added but the remark, lest the text be another.
  return within.children.length
    ? { at: within.end, text: `  ${text}${blankBefore(written, within.end)}` }
    : { at: within.contentAt, text };
}

function blankBefore(text, at) {
  return /\s*$/.exec(text.slice(Math.max(0, at - 200), at))[0];
}

/** Every element with its place in the text, parents first, and every remark with what it stands in and before. */
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
  return { document, elements, remarks };
}

function child(parent, name, attributes, start, length) {
  const local = name.slice(name.indexOf(':') + 1);
  parent.named[local] = (parent.named[local] ?? 0) + 1;
  const id = ID.exec(attributes);
  const made = {
    parent,
    place: parent.children.length,
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
  return ({ id, path }) => (id ? byId.get(id) : byPath.get(path));
}
