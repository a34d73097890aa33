// A small sign at each element that has problems, by the worst of them; its hint says them all.

import { element } from '../../frame.js';
import { grouped } from '../../grouped.js';
import { isChinese } from '../../words.js';

const TYPE = 'problem';
const WORST = { error: 0, warning: 1, info: 2 };
const SIGNS = { error: '✕', warning: '▲' };

export class Marks {
  constructor(modeler) {
    this._overlays = modeler.get('overlays');
    this._registry = modeler.get('elementRegistry');
  }

  /** Only elements of the drawing get a sign; advice gets none. */
  show(problems) {
    this._overlays.remove({ type: TYPE });
    const serious = problems.filter((problem) => problem.severity in SIGNS && this._registry.get(problem.element));
    for (const [id, found] of grouped(serious, (problem) => problem.element)) {
      const shape = this._registry.get(id);
      const isRoot = !shape.parent;
      if (!isRoot) {
        this._overlays.add(id, TYPE, { position: shape.waypoints ? middle(shape) : { top: -9, left: -9 }, html: sign(found) });
      }
    }
  }
}

function sign(problems) {
  const worst = problems.map((problem) => problem.severity).sort((a, b) => WORST[a] - WORST[b])[0];
  const made = element('div', `studio-mark studio-mark--${worst}`, SIGNS[worst]);
  made.title = problems.map((problem) => (isChinese ? problem.zh : problem.en)).join('\n');
  return made;
}

/** The middle of a line, from the upper left of the box around it. */
export function middle({ waypoints }) {
  const [left, top] = ['x', 'y'].map((axis) => Math.min(...waypoints.map((point) => point[axis])));
  const [first, second] = waypoints.slice(Math.floor((waypoints.length - 1) / 2));
  return { left: (first.x + second.x) / 2 - left - 9, top: (first.y + second.y) / 2 - top - 9 };
}
