// Parts of a drawing that the canvas cannot show (of an element that is not there, or lacks an end) would be left out when
// the drawing is put in order for saving. They are written after it instead.

const AFTER_ORDERING = 500; // below the priority of bpmn-js' own listener

/** To be called once for a modeler; knows the drawing from each import on. */
export function keepUndrawn(modeler) {
  let undrawn = [];
  modeler.on('import.done', ({ error }) => {
    undrawn = error ? [] : found(modeler);
  });
  modeler.on('saveXML.start', AFTER_ORDERING, () => {
    for (const { plane, part } of undrawn) {
      if (!plane.get('planeElement').includes(part)) {
        plane.get('planeElement').push(part);
      }
    }
  });
}

function found(modeler) {
  const drawn = new Set(modeler.get('elementRegistry').getAll().map((shape) => shape.di));
  const planes = (modeler.getDefinitions().diagrams ?? []).map((diagram) => diagram.plane).filter(Boolean);
  return planes.flatMap((plane) => plane.get('planeElement').filter((part) => !drawn.has(part)).map((part) => ({ plane, part })));
}
