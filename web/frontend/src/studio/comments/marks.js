// A small sign at each element that has comments which nobody has settled, with their number. A click opens the thread.

import { element } from '../../frame.js';
import { grouped } from '../../grouped.js';
import { say } from '../../words.js';
import { middle } from '../problems/marks.js';

const TYPE = 'comment';

export class CommentMarks {
  constructor(diagram, { nameOf, onChoose }) {
    this._overlays = diagram.get('overlays');
    this._registry = diagram.get('elementRegistry');
    this._nameOf = nameOf;
    this._onChoose = onChoose;
  }

  show(comments) {
    this._overlays.remove({ type: TYPE });
    for (const [id, those] of grouped(comments, (comment) => comment.element)) {
      const shape = this._registry.get(id);
      if (shape?.parent) {
        this._overlays.add(id, TYPE, { position: placeOf(shape), html: this._sign(id, those) });
      }
    }
  }

  _sign(id, comments) {
    const made = element('button', 'studio-comment-mark', String(comments.length));
    const name = this._nameOf(id);
    made.type = 'button';
    made.title = comments.map(({ by, text }) => say(`${by}：${text}`, `${by}: ${text}`)).join('\n');
    made.setAttribute('aria-label', say(`${name}：${comments.length} 条未处理的批注`, `${name}: ${comments.length} open comments`));
    made.addEventListener('click', () => this._onChoose(id));
    return made;
  }
}

/** Opposite to the sign of problems. */
function placeOf(shape) {
  if (!shape.waypoints) {
    return { top: -12, right: 12 };
  }
  const { left, top } = middle(shape);
  return { left: left + 20, top };
}
