// The frame around a diagram: the canvas box, its buttons, its accessible name, fitting to the box, and the words shown
// when a diagram cannot be drawn. Knows nothing about tokens or editing.

const MARGIN = 24; // pixels around the diagram; token badges reach beyond their shapes
const READABLE = 0.8; // below this scale the words in the boxes cannot be read

/** Empties the host and puts a canvas box and a row for buttons into it. */
export function makeFrame(host) {
  host.classList.add('diagram');
  const canvas = element('div', 'diagram__canvas');
  const controls = element('div', 'diagram__controls');
  host.replaceChildren(controls, canvas);
  return { host, canvas, controls };
}

/** The XML of a diagram from its address; throws an Error whose message a reader understands. */
export async function fetchDiagram(url) {
  const response = await fetch(url, { credentials: 'same-origin', headers: { Accept: 'application/xml, text/xml' } });
  if (!response.ok) {
    throw new Error(`HTTP ${response.status}`);
  }
  return response.text();
}

/** Makes the drawing focusable with a name. */
export function nameCanvas(frame, name) {
  const drawing = drawingOf(frame);
  drawing.setAttribute('tabindex', '0');
  drawing.setAttribute('role', 'img');
  drawing.setAttribute('aria-label', name);
}

/** A button in the frame's row; `label` is read out and shown as a hint, `sign` is what stands on it. */
export function addButton(frame, sign, label, onClick) {
  const button = element('button', 'diagram__button', sign);
  button.type = 'button';
  button.title = label;
  button.setAttribute('aria-label', label);
  button.addEventListener('click', onClick);
  frame.controls.append(button);
  return button;
}

/** Zoom in, zoom out, fit; labels from `data-label-zoom-in`, `data-label-zoom-out` and `data-label-fit`. */
export function addZoomButtons(frame, viewer, left = 0) {
  const { labelZoomIn = '放大', labelZoomOut = '缩小', labelFit = '适合窗口' } = frame.host.dataset;
  addButton(frame, '＋', labelZoomIn, () => viewer.get('zoomScroll').stepZoom(1));
  addButton(frame, '－', labelZoomOut, () => viewer.get('zoomScroll').stepZoom(-1));
  addButton(frame, '⤢', labelFit, () => fit(viewer.get('canvas'), left));
}

/** Shows the whole diagram in the middle of the box, never larger than life; `left` pixels stay free for a palette. */
export function fit(canvas, left = 0) {
  canvas.resized();
  const { inner, outer } = canvas.viewbox();
  const scale = Math.min(1, (outer.width - left - 2 * MARGIN) / inner.width, (outer.height - 2 * MARGIN) / inner.height);
  const [width, height] = [outer.width / scale, outer.height / scale];
  canvas.viewbox({
    x: inner.x - left / scale - (width - left / scale - inner.width) / 2,
    y: inner.y - (height - inner.height) / 2,
    width,
    height,
  });
}

/** Like `fit`, but where the whole would be too small to read, the part around `place` (a shape) at a readable size. */
export function fitAround(canvas, place) {
  fit(canvas);
  if (!place || canvas.zoom() >= READABLE) {
    return;
  }
  const { inner, outer } = canvas.viewbox();
  const [width, height] = [outer.width / READABLE, outer.height / READABLE];
  canvas.viewbox({
    x: partAround(place.x + place.width / 2, width, inner.x, inner.width),
    y: partAround(place.y + place.height / 2, height, inner.y, inner.height),
    width,
    height,
  });
}

/** Where a window of `size` begins that has `middle` in its middle, without leaving the drawing when that is larger. */
function partAround(middle, size, start, length) {
  const margin = MARGIN / READABLE;
  if (length + 2 * margin <= size) {
    return start - (size - length) / 2;
  }
  return Math.min(Math.max(middle - size / 2, start - margin), start + length + margin - size);
}

/** Arranges now and whenever the box changes size, also when it first becomes visible, until the reader moves the diagram. */
export function keepFitting(frame, viewer, arrange = fit) {
  const canvas = viewer.get('canvas');
  let fitted = null;
  const observer = new ResizeObserver(() => {
    const isHidden = frame.canvas.clientWidth === 0 || frame.canvas.clientHeight === 0;
    if (isHidden || (fitted && !isSameView(fitted, canvas.viewbox()))) {
      return;
    }
    arrange(canvas);
    fitted = canvas.viewbox();
  });
  observer.observe(frame.canvas);
}

function isSameView(one, other) {
  return ['x', 'y', 'scale'].every((key) => Math.abs(one[key] - other[key]) < 0.01);
}

/** While the drawing has the focus, arrow keys move it, + and - zoom, 0 fits. Editors have keys of their own. */
export function moveByKeys(frame, viewer) {
  const move = (direction) => () => viewer.get('keyboardMove').moveCanvas({ direction, speed: 50 });
  const zoom = (step) => () => viewer.get('zoomScroll').stepZoom(step);
  const actions = {
    ArrowLeft: move('left'),
    ArrowRight: move('right'),
    ArrowUp: move('up'),
    ArrowDown: move('down'),
    '+': zoom(1),
    '=': zoom(1),
    '-': zoom(-1),
    0: () => fit(viewer.get('canvas')),
  };
  drawingOf(frame).addEventListener('keydown', (event) => {
    const action = event.ctrlKey || event.metaKey || event.altKey ? undefined : actions[event.key];
    if (action) {
      event.preventDefault();
      action();
    }
  });
}

/** The wheel belongs to the page; it moves the diagram only while the diagram has the focus. */
export function wheelOnlyWithFocus(frame, viewer) {
  const zoomScroll = viewer.get('zoomScroll');
  zoomScroll.toggle(false);
  frame.canvas.addEventListener('focusin', () => zoomScroll.toggle(true));
  frame.canvas.addEventListener('focusout', () => zoomScroll.toggle(false));
}

/** Replaces everything in the host by a message; `data-label-error` is its first sentence. */
export function showFailure(host, error) {
  console.error(error);
  const message = element('p', 'diagram__error', host.dataset.labelError ?? '流程图无法显示 / The diagram cannot be shown');
  message.setAttribute('role', 'alert');
  message.append(element('span', 'diagram__error-detail', error.message));
  host.classList.add('diagram', 'diagram--failed');
  host.replaceChildren(message);
}

function drawingOf(frame) {
  return frame.canvas.querySelector('.djs-container > svg');
}

/** An element with a class and text; text never becomes markup. */
export function element(tag, className, text = '') {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}
