// Comments over a bad connection: none is lost, none stands there twice.
import assert from 'node:assert/strict';

import { Discussion } from '../src/studio/comments/discussion.js';

class Server {
  held = [{ comment_id: '0', file: 'b.bpmn', element: 'x', text: 'of another file' }];
  failure = undefined;
  isLateFailure = false;

  async comments() {
    return this.held;
  }

  async comment(file, element, text) {
    if (this.failure && !this.isLateFailure) {
      throw this.failure;
    }
    this.held = [...this.held, { comment_id: String(this.held.length), file, element, text, by_id: 'me', resolved_at: null }];
    if (this.failure) {
      throw this.failure;
    }
  }

  async settle(id) {
    this.held = this.held.map((one) => (one.comment_id === id ? { ...one, resolved_at: 'now' } : one));
  }
}

const server = new Server();
const discussion = new Discussion({ server, person: 'me', name: 'a.bpmn' });
const texts = () => discussion.open.map(({ element, text }) => `${element}: ${text}`);

// The connection breaks before the comment has arrived: it is said, and sent again.
server.failure = new TypeError('Failed to fetch');
await assert.rejects(discussion.add('x', 'one'), TypeError);
server.failure = undefined;
await discussion.add('x', 'one');
assert.deepEqual(texts(), ['x: one']);

// It breaks after: the second attempt finds it, and sends nothing.
Object.assign(server, { failure: new TypeError('Failed to fetch'), isLateFailure: true });
await assert.rejects(discussion.add('x', 'two'), TypeError);
server.failure = undefined;
await discussion.add('x', 'two');
assert.deepEqual(texts(), ['x: one', 'x: two']);

// Refused is refused: nothing is looked for, and the same words may be said again on purpose.
server.failure = Object.assign(new Error('too long'), { status: 422 });
server.isLateFailure = false;
await assert.rejects(discussion.add('x', 'two'), /too long/);
server.failure = undefined;
await discussion.add('x', 'two');
assert.deepEqual(texts(), ['x: one', 'x: two', 'x: two']);

await discussion.settle(discussion.open[0].comment_id);
assert.deepEqual([texts(), discussion.about('').length, discussion.about('y')], [['x: two', 'x: two'], 3, []]);

// Another says the same words while nobody knows whether mine arrived: theirs are not mine.
server.failure = new TypeError('Failed to fetch');
await assert.rejects(discussion.add('z', 'agreed'), TypeError);
server.failure = undefined;
server.held = [...server.held, { comment_id: 'theirs', file: 'a.bpmn', element: 'z', text: 'agreed', by_id: 'other', resolved_at: null }];
await discussion.add('z', 'agreed');
assert.deepEqual(discussion.about('z').map(({ by_id: by }) => by), ['other', 'me']);

// Asked again, what is the same is not told: whoever stands on a button stays there.
let told = 0;
discussion.onChange = () => (told += 1);
await discussion.load();
assert.equal(told, 0);
server.held = server.held.slice(0, -1);
await discussion.load();
assert.equal(told, 1);
