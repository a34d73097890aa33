// What the pickers offer: the draft's own files first, since a form or decision must lie beside its diagram, then what
// the server knows of (processes, kinds of letter, groups).

import { isChinese, say } from '../../words.js';

export class Choices {
  /** `words`: the server's answer. `files`: name → text of the draft's forms and tables. */
  constructor({ words, files }) {
    this._words = words;
    this._files = files;
  }

  /** `[{value, label}]` for one of: forms, decisions, groups, jobs, letters, milestones, phases, processes, repeats, tasks. */
  of(source, registry) {
    return this[`_${source}`](registry);
  }

  has(source, value) {
    return this.of(source).some((option) => option.value === value);
  }

  _forms() {
    return Object.entries(this._files)
      .filter(([name]) => name.endsWith('.form'))
      .map(([name, text]) => option(name.slice(0, -'.form'.length), titleOf(text)));
  }

  _decisions() {
    return Object.entries(this._files)
      .filter(([name]) => name.endsWith('.dmn'))
      .flatMap(([, text]) => decisionsIn(text));
  }

  _groups() {
    return known(this._words.groups);
  }

  _jobs() {
    return known(this._words.jobs);
  }

  _letters() {
    return known(this._words.letters);
  }

  _milestones() {
    return known(this._words.milestones);
  }

  _phases() {
    const phases = (this._words.campaigns ?? []).flatMap((campaign) => campaign.phases);
    return known([...new Map(phases.map((phase) => [phase.key, phase])).values()]);
  }

  _processes() {
    return known(this._words.processes);
  }

  _repeats() {
    return [
      { value: 'parallel', label: say('多次，同时办', 'Several times, at once') },
      { value: 'sequential', label: say('多次，依次办', 'Several times, in turn') },
    ];
  }

  _tasks(registry) {
    return (registry?.filter((shape) => shape.type === 'bpmn:UserTask') ?? []).map(({ id, businessObject }) => option(id, businessObject.name));
  }
}

/** The server names things as `{key, name}`, the name in the reader's language. */
function known(entries) {
  return (entries ?? []).map(({ key, name }) => option(key, name));
}

function option(value, name = '') {
  return { value, label: name && name !== value ? `${name}（${value}）` : value };
}

function titleOf(text) {
  try {
    const { title, titleEn } = JSON.parse(text);
    return isChinese ? title : (titleEn ?? title);
  } catch {
    return say('表单有错', 'the form is broken');
  }
}

function decisionsIn(text) {
  const document = new DOMParser().parseFromString(text, 'application/xml');
  return [...document.getElementsByTagNameNS('*', 'decision')].map((decision) => option(decision.getAttribute('id'), decision.getAttribute('name') ?? ''));
}
