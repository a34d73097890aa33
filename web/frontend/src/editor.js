// Edits a diagram in every `[data-diagram-editor]` of a page and hands the XML back in a field of the form around it.
//
//   data-field         name of the form field (a textarea) that holds the XML: read when it is not empty, written on submit
//   data-diagram-url   address of the BPMN XML, used when the field is empty
//   data-label, data-label-zoom-in, -zoom-out, -fit, -undo, -redo, -error: words of the frame

import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import './diagram.css';

import Modeler from 'bpmn-js/lib/Modeler';

import duban from './duban-moddle.json';
import { addButton, addZoomButtons, element, fetchDiagram, fit, keepFitting, makeFrame, nameCanvas, showFailure } from './frame.js';
import { attachProperties } from './properties.js';
import words, { say } from './words.js';

const PALETTE = 130; // pixels at the left edge that the palette covers

for (const host of document.querySelectorAll('[data-diagram-editor]')) {
  edit(host).catch((error) => showFailure(host, error));
}

async function edit(host) {
  const form = host.closest('form');
  const field = form?.elements.namedItem(host.dataset.field ?? 'xml');
  if (!field) {
    throw new Error(`no form field named ${host.dataset.field ?? 'xml'} around the editor`);
  }
  const xml = field.value.trim() ? field.value : await fetchDiagram(host.dataset.diagramUrl);

  const frame = makeFrame(host);
  const panel = element('div', 'diagram__properties');
  panel.setAttribute('role', 'group');
  host.classList.add('diagram--editor');
  host.append(panel);
  const modeler = new Modeler({
    container: frame.canvas,
    additionalModules: [words],
    moddleExtensions: { duban },
  });
  await modeler.importXML(xml);

  nameCanvas(frame, host.dataset.label ?? say('流程图编辑', 'Diagram editor'));
  addEditButtons(frame, modeler);
  addZoomButtons(frame, modeler, PALETTE);
  attachProperties(panel, modeler);
  keepFitting(frame, modeler, (canvas) => fit(canvas, PALETTE));
  saveOnSubmit(form, field, modeler, host);
  host.dataset.diagramReady = '';
}

function addEditButtons(frame, modeler) {
  const { labelUndo = say('撤销', 'Undo'), labelRedo = say('重做', 'Redo') } = frame.host.dataset;
  const stack = modeler.get('commandStack');
  const undo = addButton(frame, '↶', labelUndo, () => stack.undo());
  const redo = addButton(frame, '↷', labelRedo, () => stack.redo());
  const update = () => {
    undo.disabled = !stack.canUndo();
    redo.disabled = !stack.canRedo();
  };
  modeler.on('commandStack.changed', update);
  update();
}

/** The form waits until the XML is in its field; leaving the page with changes asks first. */
function saveOnSubmit(form, field, modeler, host) {
  let isSaved = true;
  let isSending = false;
  modeler.on('commandStack.changed', () => (isSaved = false));
  window.addEventListener('beforeunload', (event) => {
    if (!isSaved) {
      event.preventDefault();
    }
  });
  form.addEventListener('submit', async (event) => {
    if (isSending) {
      return;
    }
    event.preventDefault();
    try {
      const { xml } = await modeler.saveXML({ format: true });
      field.value = xml;
      isSaved = isSending = true;
      // Not from here: a form ignores a second submit while it is still busy with the first.
      setTimeout(() => {
        form.requestSubmit(event.submitter);
        isSending = false;
      });
    } catch (error) {
      showFailure(host, error);
    }
  });
}
