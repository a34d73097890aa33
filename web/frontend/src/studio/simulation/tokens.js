// How many tokens wait at an element, drawn as a number at its corner.

import { element } from '../../frame.js';

const CHANGED = ['tokenSimulation.simulator.elementChanged', 'tokenSimulation.resetSimulation', 'tokenSimulation.toggleMode'];

export class Tokens {
  static $inject = ['eventBus', 'overlays', 'simulator', 'elementRegistry'];

  constructor(eventBus, overlays, simulator, elementRegistry) {
    Object.assign(this, { overlays, simulator, elementRegistry });
    eventBus.on(CHANGED, ({ element: changed }) => this._draw(changed ? [changed] : elementRegistry.getAll()));
  }

  _draw(shapes) {
    for (const shape of shapes) {
      this.overlays.remove({ element: shape, type: 'waiting' });
      const count = shape.parent && !shape.waypoints && !shape.labelTarget ? this._waitingAt(shape) : 0;
      if (count) {
        this.overlays.add(shape, 'waiting', { position: { bottom: 10, left: -12 }, html: element('div', 'studio-token', String(count)) });
      }
    }
  }

  _waitingAt(shape) {
    return this.simulator.findScopes((scope) => !scope.destroyed && scope.element === shape).length;
  }
}
