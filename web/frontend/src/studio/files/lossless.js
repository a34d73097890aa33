// Brings the changes of an editor back into the XML that it was given, so that everything the editor does not know stays:
// comments, foreign attributes and elements, the order of attributes. Without a change the text stays as it was.
//
// `source` is the text as it was opened, `opened` what the editor wrote of it at once, `edited` what it writes now. What
// differs between the last two is what somebody changed; only that is carried over. Elements are found by id, those
// without one by name and order.

export function carriedOver(source, opened, edited) {
  if (opened === edited) {
    return source;
  }
  const into = parsed(source);
  const attributes = said(into.documentElement);
  carry(into.documentElement, parsed(opened).documentElement, parsed(edited).documentElement);
  const written = withHead(source, new XMLSerializer().serializeToString(into));
  return said(into.documentElement) === attributes ? withRoot(source, written) : written;
}

function parsed(text) {
  const document = new DOMParser().parseFromString(text, 'application/xml');
  const fault = document.querySelector('parsererror');
  if (fault) {
    throw new Error(fault.textContent.slice(0, 200));
  }
  return document;
}

const ROOT = /^((?:\uFEFF|\s|<\?[^]*?\?>|<!--[^]*?-->)*)(<[\w:.-]+(?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*>)/;

/** The first tag as it was written: browsers put the names of namespaces into an order of their own. */
function withRoot(source, written) {
  const tag = ROOT.exec(source)?.[2];
  return tag ? written.replace(ROOT, (whole, head) => head + tag) : written;
}

function said(root) {
  return [...root.attributes].map(({ name, value }) => `${name}=${value}`).sort().join('\n');
}

function withHead(source, written) {
  const head = /^\uFEFF?(<\?xml[^>]*\?>)?\s*/.exec(source)[0];
  const tail = /\s*$/.exec(source)[0];
  let body = written.replace(/^<\?xml[^>]*\?>\s*/, '').trimEnd();
  if (source.includes('" />') && !source.includes('"/>')) {
    body = body.replaceAll('"/>', '" />'); // as the tool wrote it, so that lines nobody touched stay the same
  }
  return head + (source.includes('\r\n') ? body.replace(/\r?\n/g, '\r\n') : body) + tail;
}

function carry(into, before, after) {
  carryAttributes(into, before, after);
  const [old, now] = [named(before), named(after)];
  if (!old.size && !now.size) {
    if (before.textContent !== after.textContent) {
      into.textContent = after.textContent;
    }
    return;
  }
  const held = named(into);
  for (const [name, child] of old) {
    if (!now.has(name)) {
      takeOut(held.get(name));
      held.delete(name);
    } else if (held.has(name)) {
      carry(held.get(name), child, now.get(name));
    }
  }
  place(into, held, old, now);
}

/** Puts what is new beside its neighbour, and moves what was moved. */
function place(into, held, old, now) {
  let last;
  const order = [...old.keys()].filter((name) => now.has(name));
  const kept = [...now.keys()].filter((name) => old.has(name));
  const isMoved = order.join('\n') !== kept.join('\n');
  for (const [name, child] of now) {
    let found = held.get(name);
    if (!found && !old.has(name)) {
      found = into.ownerDocument.importNode(child, true);
      putAfter(into, last, found);
    } else if (found && isMoved && last && last.nextElementSibling !== found) {
      takeOut(found);
      putAfter(into, last, found);
    }
    last = found ?? last;
  }
}

function putAfter(parent, sibling, node) {
  const next = sibling ? sibling.nextSibling : parent.firstChild;
  const indent = indentOf(sibling ?? parent.firstElementChild ?? parent);
  parent.insertBefore(node, next);
  parent.insertBefore(parent.ownerDocument.createTextNode(indent), sibling ? node : node.nextSibling);
}

/** The node with the blank before it. */
function takeOut(node) {
  const blank = node?.previousSibling;
  if (blank?.nodeType === Node.TEXT_NODE && !blank.data.trim()) {
    blank.remove();
  }
  node?.remove();
}

function indentOf(node) {
  const blank = node.previousSibling;
  return blank?.nodeType === Node.TEXT_NODE && !blank.data.trim() ? blank.data : '\n';
}

function carryAttributes(into, before, after) {
  for (const { name, namespaceURI, localName, value } of after.attributes) {
    if (before.getAttributeNS(namespaceURI, localName) !== value && into.getAttributeNS(namespaceURI, localName) !== value) {
      into.setAttributeNS(namespaceURI, name, value);
    }
  }
  for (const { namespaceURI, localName } of before.attributes) {
    if (!after.hasAttributeNS(namespaceURI, localName)) {
      into.removeAttributeNS(namespaceURI, localName);
    }
  }
}

/** Children by id, or by name and the how-manieth of that name. */
function named(node) {
  const seen = {};
  return new Map(
    [...node.children].map((child) => {
      const kind = `{${child.namespaceURI}}${child.localName}`;
      const id = child.getAttribute('id');
      seen[kind] = (seen[kind] ?? 0) + (id ? 0 : 1);
      return [id ? `${kind}#${id}` : `${kind}[${seen[kind]}]`, child];
    }),
  );
}
