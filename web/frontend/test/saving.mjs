// A save whose answer is lost: no conflict with oneself; and unsaved work belongs to one person.
import assert from 'node:assert/strict';

import { Kept } from './kept_storage.mjs';
import { CONFLICT, FAILED, SAVED, Saving } from '../src/studio/saving/index.js';

globalThis.localStorage = new Kept();
globalThis.document = { querySelector: () => null };

class Server {
  held = 'as opened';
  revision = 1;
  isAnswerLost = false;

  async save(name, text, revision) {
    if (revision !== this.revision) {
      throw Object.assign(new Error('stale'), { status: 409, body: { revision: this.revision, by: 'somebody' } });
    }
    [this.held, this.revision] = [text, revision + 1];
    if (this.isAnswerLost) {
      throw Object.assign(new Error('broken'), { status: 500 });
    }
    return { revision: this.revision, problems: [], saved: '' };
  }

  async file() {
    return this.held;
  }
}

const server = new Server();
let text = 'as opened';
const of = (person) => new Saving({
  server, person, draftId: 'd1', name: 'a.bpmn', revision: 1, text: 'as opened', read: async () => text, onState() {}, onSaved() {},
});
const saving = of('li');

async function save(changed) {
  text = changed;
  saving.changed(text);
  await saving.save();
  return saving.state;
}

// It arrived, and the answer did not: the next attempt finds that it is there.
server.isAnswerLost = true;
assert.equal(await save('mine'), FAILED);
assert.deepEqual([of('li').leftBehind().text, of('wang').leftBehind()], ['mine', undefined]);
server.isAnswerLost = false;
assert.equal(await save('mine'), SAVED);
assert.deepEqual([saving.revision, of('li').leftBehind()], [2, undefined]);
assert.equal(await save('mine again'), SAVED);

// Somebody else's save is a conflict all the same, and nothing of theirs is written over.
[server.held, server.revision] = ['theirs', 7];
assert.equal(await save('mine once more'), CONFLICT);
assert.deepEqual([server.held, of('li').leftBehind().text], ['theirs', 'mine once more']);
saving.abandon();
