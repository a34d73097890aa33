// What the studio asks of the server: files of a model draft, checks, words for the pickers, dates. Answers are plain
// objects; a refusal is an Error with the status and the body that came with it.

const TOO_LONG_MS = 60_000;

export class Refused extends Error {
  constructor(status, body) {
    super(body?.title ?? `HTTP ${status}`);
    this.status = status;
    this.body = body;
  }
}

export class Server {
  /** `api` is the address of the JSON doors, such as `/studio/api`. */
  constructor({ api, draftId, csrf }) {
    this._api = api;
    this._draftId = draftId;
    this._draft = `${api}/drafts/${encodeURIComponent(draftId)}`;
    this._csrf = csrf;
  }

  /** `{draft_id, key, revision, state, files: [names]}` */
  draft() {
    return this._json(this._draft);
  }

  /** The text of a file, by the encoding that it names itself. */
  async file(name) {
    const response = await this._fetch(this._fileAddress(name), { headers: { Accept: '*/*' } });
    return decoded(await response.arrayBuffer());
  }

  /** Saves over `revision`; answers `{revision, problems, saved}`. A stale revision is Refused with status 409. */
  save(name, text, revision) {
    const headers = { 'Content-Type': 'application/octet-stream', 'If-Match': String(revision) };
    return this._json(this._fileAddress(name), { method: 'PUT', headers, body: text });
  }

  /** `files`: name → text, in the place of those of the draft. Answers the list of problems. */
  async check(key, files, signal) {
    return (await this._post('check', { key, files, draft: this._draftId }, signal)).problems;
  }

  /** Every comment on the draft, the oldest first: `{comment_id, file, element, text, by, by_id, at, resolved_by, resolved_at}`. */
  async comments() {
    return (await this._json(`${this._draft}/comments`)).comments;
  }

  comment(file, element, text) {
    return this._send(`${this._draft}/comments`, { file, element, text });
  }

  settle(commentId) {
    return this._send(`${this._api}/comments/${encodeURIComponent(commentId)}/resolution`, {});
  }

  words() {
    return this._json(`${this._api}/words`);
  }

  deadline(question, signal) {
    return this._post('deadline', question, signal);
  }

  _post(door, body, signal) {
    return this._send(`${this._api}/${door}`, body, signal);
  }

  _send(address, body, signal) {
    const headers = { 'Content-Type': 'application/json' };
    return this._json(address, { method: 'POST', headers, body: JSON.stringify(body), signal });
  }

  async _json(address, options = {}) {
    return (await this._fetch(address, options)).json();
  }

  async _fetch(address, { headers = {}, signal, ...options } = {}) {
    const response = await fetch(address, {
      ...options,
      credentials: 'same-origin',
      signal: signal ?? AbortSignal.timeout(TOO_LONG_MS),
      headers: { Accept: 'application/json', 'X-CSRF-Token': this._csrf, ...headers },
    });
    if (!response.ok) {
      throw new Refused(response.status, await response.json().catch(() => undefined));
    }
    if (response.redirected) {
      throw new Refused(403, undefined); // to the log-in page
    }
    return response;
  }

  _fileAddress(name) {
    return `${this._draft}/files/${encodeURIComponent(name)}`;
  }
}

/** XML may come in any encoding that it names; what names none is UTF-8. */
export function decoded(buffer) {
  const bytes = new Uint8Array(buffer);
  const marked = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : '';
  const start = String.fromCharCode(...bytes.subarray(0, 200));
  const named = /^(?:\xef\xbb\xbf)?<\?xml[^>]*encoding=["']([\w-]+)["']/.exec(start)?.[1];
  return new TextDecoder(marked || named || 'utf-8').decode(bytes);
}
