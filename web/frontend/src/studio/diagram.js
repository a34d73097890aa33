// The page of the tab 流程图: opens the draft's diagram, keeps it saved and checked. Joins the parts; each part knows
// nothing of the others.

import { element, nameCanvas } from '../frame.js';
import { moment } from '../moment.js';
import { missing, say } from '../words.js';
import { discuss } from './comments/index.js';
import { Editor, moddleExtensions } from './editor/index.js';
import { bindKeys, makeToolbar } from './editor/toolbar.js';
import { Marks } from './problems/marks.js';
import { Problems } from './problems/index.js';
import { ProblemsPanel } from './problems/panel.js';
import { Choices } from './properties/choices.js';
import { SAVED, Saving } from './saving/index.js';
import { StateLine, choice } from './saving/state_line.js';
import { Server } from './server/index.js';

const NOTICED_MS = 150; // one act of the designer is several of the canvas

/** Fills the host; throws when the diagram cannot be shown. */
export async function openDiagram(host) {
  const { api, draft: draftId, file: name, csrf, person } = host.dataset;
  const server = new Server({ api, draftId, csrf });
  // The revision first: should somebody save in between, our save is refused, and nothing of theirs is lost.
  const opening = server.draft().then(async (draft) => ({ draft, text: await server.file(name) }));
  const [opened, words, panel] = await Promise.all([opening, server.words().catch(() => ({})), import('./properties/index.js')]);

  const desk = new Desk(host, { ...opened, server, name, person, words, panel });
  await desk.open();
  host.missingWords = missing;
  host.dataset.studioReady = '';
  await desk.check();
}

class Desk {
  constructor(host, { server, draft, name, person, text, words, panel }) {
    Object.assign(this, { host, server, draft, name, person, text });
    this._files = {};
    this._unread = [];
    this._places = layOut(host);
    this.editor = new Editor({
      canvas: this._places.canvas,
      panel: this._places.panel,
      properties: panel.default,
      studio: { choices: new Choices({ words, files: this._files }), ask: (question, signal) => server.deadline(question, signal) },
    });
    this.saving = this._makeSaving();
    this._problems = this._makeProblems();
    this._makeSurroundings(panel.entryOf);
  }

  /** Shows the diagram, then lets it be changed. */
  async open() {
    [this._unread] = await Promise.all([this.editor.open(this.text), addNamed(this.server, this.draft.files, this._files)]);
    nameCanvas({ canvas: this._places.canvas }, say('流程图编辑区', 'Diagram editor'));
    this._marks = new Marks(this.editor.modeler);
    this._comments = this._makeComments();
    this.editor.onKey('m', () => this._comments.write());
    this.editor.onChange(soon(() => this._changed(), NOTICED_MS));
    offerLeftBehind(this._places.notice, this.saving, async (kept) => {
      await this.editor.open(kept);
      await this._changed();
    });
    window.addEventListener('beforeunload', (event) => {
      if (this.saving.state !== SAVED) {
        event.preventDefault();
      }
    });
  }

  async check() {
    await this._problems.ask(await this.editor.text(), this.editor.definitions, this.editor.count);
  }

  _makeSaving() {
    return new Saving({
      server: this.server,
      person: this.person,
      draftId: this.draft.draft_id,
      name: this.name,
      revision: this.draft.revision,
      text: this.text,
      read: () => this.editor.text(),
      onState: (state, detail) => this._showState(state, detail),
      onSaved: ({ problems }) => problems && this._problems.take(problems),
    });
  }

  _makeProblems() {
    return new Problems({
      server: this.server,
      key: this.draft.key,
      name: this.name,
      onFound: (found) => this._showProblems(found),
      onFailure: (error) => this._list.showFailure(error),
    });
  }

  _makeComments() {
    const { editor, server, draft, name, person } = this;
    const tools = { server, person, draftId: draft.draft_id, name, mayComment: true, onGo: (id) => editor.show(id) };
    return discuss(editor.modeler, this._places.comments, tools);
  }

  /** All that stands around the canvas; made before the diagram is fitted into the room that is left. */
  _makeSurroundings(entryOf) {
    const { editor, host, server } = this;
    const onSave = () => this.saving.save();
    makeToolbar(this._places.bar, editor, { onSave, onSimulate: () => openSimulation(host, editor) });
    bindKeys(host, editor, { onSave });
    this._line = new StateLine(this._places.state, {
      onOver: async (revision) => this.saving.saveOver(revision ?? (await server.draft()).revision),
      onTheirs: () => this._takeTheirs(),
    });
    this._list = new ProblemsPanel(this._places.problems, {
      nameOf: (problem) => editor.nameOf(problem.element) || problem.file,
      onChoose: (problem) => editor.show(problem.element, entryOf(problem.property)),
    });
  }

  async _changed() {
    const text = await this.editor.text();
    this.saving.changed(text);
    this._problems.changed(text, this.editor.definitions, this.editor.count);
    this._comments.refresh();
  }

  _showState(state, detail) {
    this._line.show(state, detail);
    if (detail?.body?.problems) {
      this._problems.take(detail.body.problems);
    }
  }

  _showProblems(found) {
    const all = [...this._unread.map((warning) => (warning.isKept ? undrawnProblem : unreadProblem)(warning, this.name)), ...found];
    this._list.show(all);
    this._marks.show(all);
  }

  async _takeTheirs() {
    download(`${this.draft.key}-${say('我的副本', 'my-copy')}.bpmn`, await this.editor.text());
    this.saving.abandon();
    window.location.reload();
  }
}

function layOut(host) {
  const place = (name) => host.appendChild(element('div', `model-editor__${name}`));
  host.replaceChildren();
  host.classList.add('model-editor');
  const places = Object.fromEntries(['bar', 'notice', 'canvas', 'panel', 'problems', 'comments'].map((name) => [name, place(name)]));
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
  const at = moment(kept.at);
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

function undrawnProblem({ message, element: id }, file) {
  return {
    file,
    element: id,
    property: '',
    severity: 'warning',
    rule: 'not-drawn',
    zh: `有一处画不出来：${message}`,
    en: `One thing cannot be drawn: ${message}`,
    todo_zh: '文件里原样保留；要看到它，请补上或改正它指向的元素',
    todo_en: 'The file keeps it; to see it, add or correct the element that it names',
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
