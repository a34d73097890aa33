// What people say about a diagram and its elements: signs in the drawing, and a panel with the thread of the element that
// is selected. Stands beside the editor and beside the drawing of a draft that can only be looked at.

import { CommentMarks } from './marks.js';
import { CommentsPanel } from './panel.js';
import { Discussion } from './discussion.js';
import { tabId } from './tab.js';
import { Unsent } from './unsent.js';

/**
 * `diagram`: a viewer or modeler that shows the file `name`. `person`: id of who looks, `mayComment`: whether this person may write at all.
 * Answers the parts that the surroundings speak to: `refresh()` after the drawing has changed, `write()` to begin.
 */
export function discuss(diagram, host, { server, person, draftId, name, mayComment, onGo }) {
  const discussion = new Discussion({ server, person, name });
  const panel = new CommentsPanel(host, {
    discussion,
    unsent: new Unsent(person, draftId, name, tabId()),
    mayComment,
    nameOf: (id) => nameOf(diagram, id),
    elements: () => nameable(diagram),
    onGo,
  });
  const marks = new CommentMarks(diagram, { nameOf: (id) => nameOf(diagram, id), onChoose: (id) => {
    onGo(id);
    panel.open(id);
  } });
  const refresh = () => {
    marks.show(discussion.open);
    panel.show();
  };
  discussion.onChange = refresh;
  diagram.on('selection.changed', ({ newSelection }) => panel.choose(subjectOf(newSelection)));
  window.addEventListener('focus', () => discussion.load());
  discussion.load();
  return { refresh, write: () => panel.open(subjectOf(diagram.get('selection').get())) };
}

/** How a person knows an element; undefined when the drawing has none of that id. */
function nameOf(diagram, id) {
  const shape = diagram.get('elementRegistry').get(id);
  return shape && (shape.businessObject?.name?.trim() || id);
}

function nameable(diagram) {
  const shapes = diagram.get('elementRegistry').filter((shape) => shape.parent && !shape.labelTarget && shape.businessObject?.name);
  return shapes.map(({ id }) => id);
}

/** The one element that is meant; nothing, or several at once, is the diagram as a whole. */
function subjectOf(selection) {
  return selection.length === 1 ? (selection[0].labelTarget ?? selection[0]).id : '';
}
