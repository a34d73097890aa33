// The page of the tab 流程图: opens the draft's diagram, keeps it saved and checked. Joins the parts; each part knows
// nothing of the others.

import { element, nameCanvas } from '../frame.js';
import { missing, say } from '../words.js';
import { Editor, moddleExtensions } from './editor/index.js';
import { bindKeys, makeToolbar } from './editor/toolbar.js';
import { Marks } from './problems/marks.js';
import { Problems } from './problems/index.js';
import { ProblemsPanel } from './problems/panel.js';
import { Choices } from './properties/choices.js';
import { SAVED, Saving } from './saving/index.js';
import { StateLine, choice } from './saving/state_line.js';
import { Server } from './server/index.js';

/** Fills the host; throws when the diagram cannot be shown. */
export async function openDiagram(host) {
  const { api, draft: draftId, file: name, csrf } = host.dataset;
  const server = new Server({ api, draftId, csrf });
  const [draft, text, words, { default: properties, entryOf }] = await Promise.all([
    server.draft(),
    server.file(name),
    server.words().catch(() => ({})),
    import('./properties/index.js'),
  ]);
  const files = {};
  const places = layOut(host);
  const editor = new Editor({
    canvas: places.canvas,
    panel: places.panel,
    properties,
    studio: { choices: new Choices({ words, files }), ask: (question, signal) => server.deadline(question, signal) },
  });
  const save = () => saving.save();
  // Before the diagram is fitted into what room they leave.
  makeToolbar(places.bar, editor, { onSave: save, onSimulate: () => openSimulation(host, editor) });
  const list = new ProblemsPanel(places.problems, {
    nameOf: (problem) => editor.nameOf(problem.element) || problem.file,
    onChoose: (problem) => editor.show(problem.element, entryOf(problem.property)),
  });
  const line = new StateLine(places.state, {
    onOver: async (revision) => saving.saveOver(revision ?? (await server.draft()).revision),
    onTheirs: () => takeTheirs(),
  });
  const [unread] = await Promise.all([editor.open(text), addNamed(server, draft.files, files)]);
  nameCanvas({ canvas: places.canvas }, say('流程图编辑区', 'Diagram editor'));

  const marks = new Marks(editor.modeler);
  const problems = new Problems({
    server,
    key: draft.key,
    name,
    onFound: (found) => {
      const all = [...unread.map((warning) => unreadProblem(warning, name)), ...found];
      list.show(all);
      marks.show(all);
    },
    onFailure: (error) => list.showFailure(error),
  });
  const saving = new Saving({
    server,
    draftId,
    name,
    revision: draft.revision,
    text,
    read: () => editor.text(),
    onState: (state, detail) => {
      line.show(state, detail);
      if (detail?.body?.problems) {
        problems.take(detail.body.problems);
      }
    },
    onSaved: (answer) => answer.problems && problems.take(answer.problems),
  });

  const changed = async () => {
    const now = await editor.text();
    saving.changed(now);
    problems.changed(now, editor.definitions, editor.count);
  };
  const takeTheirs = async () => {
    download(`${draft.key}-${say('我的副本', 'my-copy')}.bpmn`, await editor.text());
    saving.forgetLeftBehind();
    window.location.reload();
  };
  editor.onChange(soon(changed, 150));
  bindKeys(host, editor, { onSave: save });
  offerLeftBehind(places.notice, saving, async (kept) => {
    await editor.open(kept);
    await changed();
  });
  window.addEventListener('beforeunload', (event) => {
    if (saving.state !== SAVED) {
      event.preventDefault();
    }
  });
  host.missingWords = missing;
  host.editor = editor;
  host.dataset.studioReady = '';

  await problems.ask(text, editor.definitions, editor.count);
}

function layOut(host) {
  const place = (name) => host.appendChild(element('div', `model-editor__${name}`));
  host.replaceChildren();
  host.classList.add('model-editor');
  const places = Object.fromEntries(['bar', 'notice', 'canvas', 'panel', 'problems'].map((name) => [name, place(name)]));
  places.panel.setAttribute('role', 'group');
  places.panel.setAttribute('aria-label', say('属性', 'Properties'));
  places.state = places.bar.appendChild(element('div', 'model-editor__saving'));
  return places;
}

/** What a diagram names lies beside it: the forms and the tables of the draft, for the pickers. */
async function addNamed(server, names, files) {
  const wanted = names.filter((name) => /\.(?:form|dmn)$/.test(name));
  const texts = await Promise.all(wanted.map((name) => server.file(name).catch(() => '')));
  wanted.forEach((name, place) => (files[name] = texts[place]));
}

/** Work of an earlier visit that the server does not have is offered, never put in place by itself. */
function offerLeftBehind(host, saving, restore) {
  const kept = saving.leftBehind();
  if (!kept) {
    return;
  }
  const at = new Date(kept.at).toLocaleString();
  const since = kept.revision === saving.revision ? '' : say('；之后有人保存过', '; somebody has saved since');
  const offer = element('div', 'notice notice--warning model-editor__offer', say(`这个浏览器里有上次没有保存的修改（${at}${since}）。`, `This browser holds changes that were not saved (${at}${since}). `));
  offer.setAttribute('role', 'alert');
  const end = (act) => async () => {
    offer.remove();
    await act();
  };
  offer.append(
    choice(say('恢复这些修改', 'Restore them'), end(() => restore(kept.text))),
    choice(say('不要了', 'Drop them'), end(() => saving.forgetLeftBehind())),
  );
  host.append(offer);
}

async function openSimulation(host, editor) {
  const { simulate } = await import('./simulation/index.js');
  const { xml } = await editor.modeler.saveXML({ format: true });
  await simulate(host, xml, { moddleExtensions, onClose: () => host.querySelector('.model-editor__tool')?.focus() });
}

/** What could not be read would be lost with the next save: the designer has to know before. */
function unreadProblem({ message, element: id }, file) {
  return {
    file,
    element: id,
    property: '',
    severity: 'warning',
    rule: 'not-read',
    zh: `打开时有一处读不懂：${message}`,
    en: `One thing could not be read: ${message}`,
    todo_zh: '不改动就原样保留；改动并保存后，这一处可能不再保留',
    todo_en: 'Unchanged, the file stays as it is; once changed and saved, this part may be gone',
  };
}

function download(name, text) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/xml' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

function soon(act, milliseconds) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(act, milliseconds);
  };
}
