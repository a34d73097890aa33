// The form as the officer will see it, drawn by the server's own renderer into a frame in which no script runs. Hiding and
// folding work as on the desk: the desk's own scripts are led over the frame from outside.

import { element } from '../../frame.js';
import { say } from '../../words.js';
import { choice } from '../saving/state_line.js';

const QUIET_MS = 600;
const WIDTHS = [['desktop', '电脑', 'Desktop'], ['phone', '手机', 'Phone']];

export class Preview {
  constructor(desk) {
    this._desk = desk;
    this.panel = element('section', 'form-preview');
    this.panel.setAttribute('aria-label', say('办理人看到的样子', 'As the officer sees it'));
    this._frame = element('iframe', 'form-preview__frame');
    this._frame.title = say('办理人看到的样子', 'As the officer sees it');
    this._frame.setAttribute('sandbox', 'allow-same-origin');
    this._frame.addEventListener('load', () => this._enliven());
    this._state = element('p', 'form-preview__state');
    this._state.setAttribute('role', 'status');
    const head = element('div', 'form-preview__head');
    head.append(element('h2', 'form-preview__title', say('办理人看到的样子', 'As the officer sees it')));
    this._choices = WIDTHS.map(([width, zh, en]) => {
      const made = choice(say(zh, en), () => this.setWidth(width));
      made.dataset.width = width;
      return made;
    });
    head.append(...this._choices);
    this.panel.append(head, this._state, this._frame);
    this.setWidth('desktop');
  }

  setWidth(width) {
    this._frame.dataset.width = width;
    for (const each of this._choices) {
      each.setAttribute('aria-pressed', String(each.dataset.width === width));
    }
  }

  /** Draws a moment after the last call. */
  draw(text) {
    clearTimeout(this._timer);
    this._timer = setTimeout(() => this._draw(text), this._isDrawn ? QUIET_MS : 0);
  }

  async _draw(text) {
    this._asking?.abort();
    this._asking = new AbortController();
    try {
      const response = await fetch(`${this._desk.host.dataset.api}/preview-form`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'text/html, application/json;q=0.9', 'X-CSRF-Token': this._desk.csrf },
        body: JSON.stringify({ text }),
        signal: this._asking.signal,
      });
      if (response.ok) {
        this._frame.srcdoc = await response.text();
        this._isDrawn = true;
      }
      this._state.textContent = response.ok ? '' : say('现在的内容不是一张表单，下面是上一次的样子。', 'As it stands this is no form; below is how it looked before.');
    } catch (error) {
      if (error.name !== 'AbortError') {
        this._state.textContent = say('预览不了，连不上服务器。', 'No preview: the server cannot be reached.');
      }
    }
  }

  async _enliven() {
    const page = this._frame.contentDocument;
    if (!page?.querySelector('form')) {
      return;
    }
    const [{ hideByRules }, { foldRows }] = await Promise.all([
      import(/* @vite-ignore */ new URL('/static/js/hide-rule.js', location.href).href),
      import(/* @vite-ignore */ new URL('/static/js/check-row.js', location.href).href),
    ]);
    hideByRules(page);
    foldRows(page);
    this.panel.dataset.drawn = '';
  }
}
