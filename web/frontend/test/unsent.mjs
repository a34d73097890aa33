// What is written and not sent belongs to a person and a tab: nobody else sees it, no other tab writes over it.
import assert from 'node:assert/strict';

import { Kept } from './kept_storage.mjs';
import { Unsent } from '../src/studio/comments/unsent.js';

globalThis.localStorage = new Kept();
const of = (person, tab) => new Unsent(person, 'd1', 'a.bpmn', tab);
const [first, second] = [of('li', '1'), of('li', '2')];

first.keep('task', 'from the first');
second.keep('task', 'from the second');
assert.deepEqual([first.read('task'), second.read('task')], ['from the first', 'from the second']);
assert.deepEqual([of('wang', '1').read('task'), of('wang', '3').others('task')], ['', []]);

// After a reload the tab finds its own; a new one is offered both, and of this element only.
first.keep('', 'on the whole');
first.keep('task2', 'on another');
assert.equal(of('li', '1').read('task'), 'from the first');
const third = of('li', '3');
assert.deepEqual(third.others('task').map(({ text }) => text), ['from the first', 'from the second']);
assert.deepEqual(third.others('').map(({ text }) => text), ['on the whole']);

third.drop(third.others('task')[0]);
assert.deepEqual([first.read('task'), second.read('task')], ['', 'from the second']);
second.keep('task', '');
assert.deepEqual(third.others('task'), []);

// No room: the page holds it.
localStorage.isFull = true;
third.keep('task', 'held');
assert.deepEqual([third.read('task'), of('li', '3').read('task')], ['held', '']);
