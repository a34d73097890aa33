// Colours of shapes and lines, from the pad beside what is selected. They are written as BPMN in Color does, which other
// tools read; bpmn-js draws them.

import { say } from '../../words.js';

const MENU = 'studio-colours';
const BELOW_THE_PAD = 5; // pixels
// Dark lines on light grounds: words in the box stay readable in each of them.
const COLOURS = [
  { id: 'none', zh: '不着色', en: 'No colour', fill: undefined, stroke: undefined },
  { id: 'blue', zh: '蓝色', en: 'Blue', fill: '#bbdefb', stroke: '#0d4372' },
  { id: 'green', zh: '绿色', en: 'Green', fill: '#c8e6c9', stroke: '#205022' },
  { id: 'orange', zh: '橙色', en: 'Orange', fill: '#ffe0b2', stroke: '#6b3c00' },
  { id: 'red', zh: '红色', en: 'Red', fill: '#ffcdd2', stroke: '#831311' },
  { id: 'purple', zh: '紫色', en: 'Purple', fill: '#e1bee7', stroke: '#5b176d' },
];

class Colours {
  static $inject = ['contextPad', 'popupMenu', 'modeling', 'canvas'];

  constructor(contextPad, popupMenu, modeling, canvas) {
    this._popupMenu = popupMenu;
    this._modeling = modeling;
    this._canvas = canvas;
    contextPad.registerProvider(this);
    popupMenu.registerProvider(MENU, this);
  }

  getContextPadEntries(element) {
    return this._entry([element]);
  }

  getMultiElementContextPadEntries(elements) {
    return this._entry(elements);
  }

  getPopupMenuEntries(elements) {
    const targets = [elements].flat();
    return Object.fromEntries(
      COLOURS.map(({ id, zh, en, fill, stroke }) => [
        `colour-${id}`,
        { label: say(zh, en), imageHtml: swatch(fill, stroke), action: () => this._paint(targets, { fill, stroke }) },
      ]),
    );
  }

  _entry(elements) {
    return {
      'studio-colour': {
        group: 'edit',
        className: 'studio-colour',
        title: say('着色', 'Colour'),
        html: `<div class="entry">${swatch('#bbdefb', '#0d4372')}</div>`,
        action: { click: (event) => this._open(event, elements) },
      },
    };
  }

  _open(event, elements) {
    const place = event.delegateTarget ?? event.target;
    const { left, bottom } = place.getBoundingClientRect();
    const at = { x: left, y: bottom + BELOW_THE_PAD, cursor: { x: event.x, y: event.y } };
    this._popupMenu.open(elements, MENU, at, { title: say('着色', 'Colour'), width: 160 });
  }

  _paint(elements, colours) {
    this._modeling.setColor(elements, colours);
    this._canvas.focus();
  }
}

function swatch(fill = '#ffffff', stroke = '#22242a') {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 22 22" width="22" height="22"><rect x="3" y="3" width="16" height="16" rx="3" fill="${fill}" stroke="${stroke}" stroke-width="2"/></svg>`;
}

export default { __init__: ['studioColours'], studioColours: ['type', Colours] };
