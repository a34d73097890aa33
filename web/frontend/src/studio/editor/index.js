// The canvas: bpmn-js with everything a designer reaches for, and the text of the diagram as it stands. What nobody
// changed is the text as it was opened, to the byte.

import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import 'diagram-js-minimap/assets/diagram-js-minimap.css';

import Modeler from 'bpmn-js/lib/Modeler';
import { CreateAppendAnythingModule } from 'bpmn-js-create-append-anything';
import Minimap from 'diagram-js-minimap';

import duban from '../../duban-moddle.json';
import { fit } from '../../frame.js';
import words from '../../words.js';
import clipboard from '../clipboard/index.js';
import colours from '../colours/index.js';
import templates from '../templates/index.js';
import { keepReferences, withRemarks } from './kept.js';
import { keepUndrawn } from './undrawn.js';

const PALETTE = 110; // pixels at the left edge that the palette covers

export const moddleExtensions = { duban };

export class Editor {
  /** `properties` are the modules of the panel, `studio` what they and the templates are told (choices, ask). */
  constructor({ canvas, panel, properties, studio }) {
    this.modeler = new Modeler({
      container: canvas,
      moddleExtensions,
      propertiesPanel: { parent: panel },
      studio,
      additionalModules: [words, ...properties, Minimap, CreateAppendAnythingModule, clipboard, templates, colours],
    });
    this._openedText = '';
    keepUndrawn(this.modeler);
    canvas.addEventListener('input', findWhileComposing);
    // Who clicks on the canvas means it with the next key, even where a box of the panel had the focus before.
    this.modeler.on('element.click', () => this.modeler.get('canvas').focus());
  }

  /** Shows a text; answers what could not be read of it, or only not be drawn: `[{message, element, isKept}]`. Throws when
   * nothing can be shown. */
  async open(text) {
    const { warnings } = await this.modeler.importXML(text);
    this._openedText = text;
    fit(this.modeler.get('canvas'), PALETTE);
    return keepReferences(warnings, this.modeler.get('moddle')).map(({ message, element, context }) => ({
      message,
      element: (element ?? context?.element)?.id ?? '',
      isKept: Boolean(context), // said while drawing: the model has it
    }));
  }

  /** The text as it stands now. */
  async text() {
    if (!this.modeler.get('commandStack').canUndo()) {
      return this._openedText;
    }
    const { xml } = await this.modeler.saveXML({ format: true });
    return withRemarks(this._openedText, xml);
  }

  get definitions() {
    return this.modeler.getDefinitions();
  }

  get count() {
    return this.modeler.get('elementRegistry').size;
  }

  onChange(listener) {
    this.modeler.on('commandStack.changed', listener);
  }

  /** A letter alone, while the canvas has the focus. */
  onKey(letter, act) {
    const isPlain = (event) => !event.ctrlKey && !event.metaKey && !event.altKey;
    this.modeler.get('keyboard').addListener(({ keyEvent }) => {
      if (keyEvent.key.toLowerCase() === letter && isPlain(keyEvent)) {
        keyEvent.preventDefault();
        act();
        return true;
      }
      return undefined;
    });
  }

  fit() {
    fit(this.modeler.get('canvas'), PALETTE);
  }

  /** How a person knows an element: its name, else its id. */
  nameOf(id) {
    const name = this.modeler.get('elementRegistry').get(id)?.businessObject.name;
    return name ? `${name}（${id}）` : id;
  }

  /** Selects the element in sight and opens the box of its property; what is not drawn leads to the process. */
  show(id, entry) {
    const canvas = this.modeler.get('canvas');
    const shape = this.modeler.get('elementRegistry').get(id);
    const isDrawn = shape && shape.parent;
    this.modeler.get('selection').select(isDrawn ? shape : []);
    if (isDrawn) {
      canvas.scrollToElement(shape, { top: 120, bottom: 120, left: PALETTE + 60, right: 120 });
    }
    if (entry) {
      // Not before the panel has drawn the element that was just selected.
      setTimeout(() => this.modeler.get('eventBus').fire('propertiesPanel.showEntry', { id: entry }), 50);
    }
  }
}

/** The menus' search listens to keys only; Chinese comes from an input method, which may send none. */
function findWhileComposing({ target }) {
  if (target.closest('.djs-popup')) {
    target.dispatchEvent(new KeyboardEvent('keyup', { bubbles: true }));
  }
}
