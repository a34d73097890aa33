// Links of a page that lead to a place in its drawings: `[data-diagram-show]` holds the id of an element.

const SHOWN = 'diagram-element--shown';

/** Lets every link that names an element of this diagram bring it to the middle and mark it. */
export function leadLinks(viewer) {
  const registry = viewer.get('elementRegistry');
  for (const link of document.querySelectorAll('[data-diagram-show]')) {
    link.addEventListener('click', () => show(viewer, registry.get(link.dataset.diagramShow)));
  }
}

function show(viewer, shape) {
  mark(viewer, shape);
  if (shape) {
    bringToMiddle(viewer.get('canvas'), shape);
  }
}

/** Marks this shape and no other; undefined marks none. */
export function mark(viewer, shape) {
  const canvas = viewer.get('canvas');
  for (const other of viewer.get('elementRegistry').filter((each) => canvas.hasMarker(each, SHOWN))) {
    canvas.removeMarker(other, SHOWN);
  }
  if (shape) {
    canvas.addMarker(shape, SHOWN);
  }
}

/** At a size at which words can be read. */
function bringToMiddle(canvas, shape) {
  const { outer } = canvas.viewbox();
  const scale = Math.max(canvas.zoom(), 0.8);
  const middle = middleOf(shape);
  const [width, height] = [outer.width / scale, outer.height / scale];
  canvas.viewbox({ x: middle.x - width / 2, y: middle.y - height / 2, width, height });
}

/** Of a line the middle of its middle part. */
export function middleOf(shape) {
  if (!shape.waypoints) {
    return { x: shape.x + shape.width / 2, y: shape.y + shape.height / 2 };
  }
  const part = Math.floor((shape.waypoints.length - 1) / 2);
  const [from, to] = shape.waypoints.slice(part, part + 2);
  return { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 };
}
