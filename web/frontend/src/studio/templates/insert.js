// "After this step": a shape set into the one flow that leaves a step, with room made for it; one undo takes it back.
// Appending beside that flow instead would split the way without a gateway.

import { selfAndAllChildren } from 'diagram-js/lib/util/Elements';

import { isA } from '../properties/model.js';

const GAP = 50; // pixels between a step and its neighbours

export class InsertAfter {
  static $inject = ['commandStack', 'modeling', 'spaceTool', 'canvas', 'selection'];

  constructor(commandStack, modeling, spaceTool, canvas, selection) {
    Object.assign(this, { commandStack, modeling, spaceTool, canvas, selection });
    commandStack.register('studio.insertAfter', { preExecute: ({ flow, shape }) => this._insert(flow, shape) });
  }

  /** The one straight flow from left to right that leaves a step; undefined where there is none or a choice. */
  flowAfter(source) {
    const flows = source.outgoing.filter((connection) => connection.type === 'bpmn:SequenceFlow');
    const [flow] = flows;
    const suits = flows.length === 1 && !isA(source, 'bpmn:Gateway') && isStraight(flow);
    return suits ? flow : undefined;
  }

  on(flow, shape) {
    this.commandStack.execute('studio.insertAfter', { flow, shape });
    this.selection.select(shape);
  }

  _insert(flow, shape) {
    const { source, target } = flow;
    const end = source.x + source.width;
    const lacking = shape.width + 2 * GAP - (target.x - end);
    if (lacking > 0) {
      this._makeRoom(target.x - 1, lacking);
    }
    const place = { x: end + GAP + shape.width / 2, y: flow.waypoints[0].y };
    this.modeling.createShape(shape, place, flow);
  }

  _makeRoom(start, delta) {
    const root = this.canvas.getRootElement();
    const elements = selfAndAllChildren(root, true).filter((element) => element !== root);
    const { movingShapes, resizingShapes } = this.spaceTool.calculateAdjustments(elements, 'x', delta, start);
    this.spaceTool.makeSpace(movingShapes, resizingShapes, { x: delta, y: 0 }, 'e', start);
  }
}

function isStraight({ waypoints, source, target }) {
  const [first] = waypoints;
  return waypoints.every((point) => Math.abs(point.y - first.y) < 2) && target.x > source.x + source.width;
}
