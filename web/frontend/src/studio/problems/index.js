// The problems of the diagram, from two sources: the server's check, which is the truth, and bpmnlint's rules, which
// answer at once. Asks both a moment after each change, and only once at a time.

const QUIET_MS = 400;
const SLOW_TEXT = 1_000_000; // characters: a file of this size is checked less often
const SLOW_QUIET_MS = 3000;
const ORDER = ['error', 'warning', 'info'];

export class Problems {
  /** `onFound(problems)` gets the sorted list; `onFailure(error)` is told that the server did not check, and when it does again. */
  constructor({ server, key, name, onFound, onFailure }) {
    this._server = server;
    this._key = key;
    this._name = name;
    this._onFound = onFound;
    this._onFailure = onFailure;
    this._fromServer = [];
    this._fromRules = [];
  }

  /** To be called after each change, with the diagram's text and its moddle tree. */
  changed(text, definitions, count) {
    clearTimeout(this._timer);
    const quiet = text.length > SLOW_TEXT ? SLOW_QUIET_MS : QUIET_MS;
    this._timer = setTimeout(() => this.ask(text, definitions, count), quiet);
  }

  /** Asks both now; the rules' answer does not wait for the server's. */
  async ask(text, definitions, count) {
    await Promise.all([this._askRules(definitions, count), this._askServer(text)]);
  }

  /** What a save answered. */
  take(problems) {
    this._fromServer = problems;
    this._tell();
  }

  async _askRules(definitions, count) {
    const { lint } = await import('./lint.js');
    this._fromRules = await lint(definitions, { file: this._name, count });
    this._tell();
  }

  async _askServer(text) {
    this._running?.abort();
    const running = (this._running = new AbortController());
    try {
      const problems = await this._server.check(this._key, { [this._name]: text }, running.signal);
      if (!running.signal.aborted) {
        this.take(problems);
        this._onFailure(undefined);
      }
    } catch (error) {
      if (!running.signal.aborted) {
        this.take(error.body?.problems ?? this._fromServer);
        this._onFailure(error);
      }
    }
  }

  _tell() {
    this._onFound(merged(this._fromServer, this._fromRules));
  }
}

/** The server's and the rules' problems in one list, errors first. A rule that the server speaks of is the server's. */
export function merged(fromServer, fromRules) {
  const known = new Set(fromServer.map(({ rule }) => rule));
  const more = fromRules.filter(({ rule }) => !known.has(rule));
  return [...fromServer, ...more].sort((a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity));
}
