// Collects every word that the studio's libraries say (palette, context pad, menus, properties panel, lint, simulation)
// and writes those without Chinese to standard output, one a line; how many were found goes to standard error.
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { inChinese } from '../src/studio/problems/wordings.js';
import { chineseFor, chineseForSimulation } from '../src/words/zh.js';

const LIBRARIES = fileURLToPath(new URL('../node_modules/', import.meta.url));
const TRANSLATED = /translate\w*\(\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|`((?:\\.|[^`\\])*)`)/g;
const LABELLED = /\b(?:label|name):\s*(?:'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)")/g;
const REPORTED = /report\([^'`]*?(?:type \+ )?(?:'([^']*)'|`([^`]*)`)/g;
const SIMULATED = /(?:\btitle="|\btext: (?:\w+ \|\| )?'|: ')([A-Z][A-Za-z\/ =]+)["']/g;
const ICON = /^  '(\w+)': \w+Icon\d*,?$/gm;
// What the collecting patterns pick up that nobody reads: parts of code, and an example in a comment.
const NOT_WORDS = new Set(['', 'Add', ' + shift + ', ' + x + ', 'HELLO {you}', 'Participant Name', 'Type']);

const said = [
  ...found('bpmn-js/lib/**/*.js', [TRANSLATED]),
  ...found('diagram-js/lib/**/*.js', [TRANSLATED]),
  ...found('bpmn-js/lib/features/replace/ReplaceOptions.js', [LABELLED]),
  ...found('bpmn-js-create-append-anything/dist/index.es.js', [TRANSLATED, LABELLED]),
  ...found('diagram-js-minimap/dist/index.esm.js', [TRANSLATED]),
  ...found('@bpmn-io/properties-panel/dist/index.esm.js', [TRANSLATED]),
  ...found('bpmn-js-properties-panel/dist/index.esm.js', [TRANSLATED], plainBpmn),
  ...types(),
].filter((word) => !NOT_WORDS.has(word) && !word.includes('${'));
const linted = found('bpmnlint/rules/*.js', [REPORTED]).filter((word) => word !== 'standard-size').map((word) => word.replace(/\$\{[^}]*\}/g, 'x'));
const simulated = found('bpmn-js-token-simulation/lib/**/*.js', [SIMULATED]).filter((word) => !NOT_WORDS.has(word)).map((word) => word.replace(/ = $/, ' = Slow'));

const lacking = [
  ...said.filter((word) => chineseFor(word.trim()) === undefined),
  ...linted.filter((word) => inChinese(word) === undefined),
  ...simulated.filter((word) => chineseForSimulation(word.trim()) === undefined),
];
process.stdout.write([...new Set(lacking)].map((word) => `${word}\n`).join(''));
process.stderr.write(`${JSON.stringify({ said: said.length, linted: linted.length, simulated: simulated.length })}\n`);

function found(pattern, expressions, part = (text) => text) {
  return globSync(LIBRARIES + pattern).flatMap((file) => {
    const text = part(readFileSync(file, 'utf8'));
    return expressions.flatMap((expression) => [...text.matchAll(expression)].map((match) => match.slice(1).find((group) => group !== undefined)));
  });
}

/** The panel also holds the providers of Camunda's engines, which the studio does not use. */
function plainBpmn(text) {
  const end = text.indexOf('class BpmnPropertiesProvider');
  if (end < 0) {
    throw new Error('the properties panel is made otherwise now: find the end of its plain BPMN part');
  }
  return text.slice(0, end);
}

function types() {
  const names = found('bpmn-js-properties-panel/dist/index.esm.js', [ICON], plainBpmn);
  return names.map((name) => name.replace(/(\B[A-Z])/g, ' $1').replace(/(\bNon Interrupting)/g, '($1)'));
}
