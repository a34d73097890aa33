// Reads BPMN XML from standard input, through the model that the editor uses, and writes it back to standard output.
// What the model does not understand is said on standard error and ends with code 1.
import { readFileSync } from 'node:fs';

import { BpmnModdle } from 'bpmn-moddle';

import { keepReferences, withRemarks } from '../src/studio/editor/kept.js';

const duban = JSON.parse(readFileSync(new URL('../src/duban-moddle.json', import.meta.url)));
const moddle = new BpmnModdle({ duban });

const source = readFileSync(0, 'utf8');
const read = await moddle.fromXML(source);
const warnings = keepReferences(read.warnings, moddle);
for (const warning of warnings) {
  console.error(warning.message);
}
const { xml } = await moddle.toXML(read.rootElement, { format: true });
process.stdout.write(withRemarks(source, xml));
process.exitCode = warnings.length ? 1 : 0;
