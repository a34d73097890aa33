// The recommended rules of bpmnlint, bundled. Loaded only when the editor stands; what our server checks more exactly
// is left to it, and what the engine runs all the same is advice here, not an error.

import { Linter } from 'bpmnlint';
import recommended from 'bpmnlint/config/recommended';
import adHocSubProcess from 'bpmnlint/rules/ad-hoc-sub-process';
import conditionalFlows from 'bpmnlint/rules/conditional-flows';
import endEventRequired from 'bpmnlint/rules/end-event-required';
import eventBasedGateway from 'bpmnlint/rules/event-based-gateway';
import eventSubProcessTypedStartEvent from 'bpmnlint/rules/event-sub-process-typed-start-event';
import fakeJoin from 'bpmnlint/rules/fake-join';
import global from 'bpmnlint/rules/global';
import labelRequired from 'bpmnlint/rules/label-required';
import linkEvent from 'bpmnlint/rules/link-event';
import noBpmndi from 'bpmnlint/rules/no-bpmndi';
import noComplexGateway from 'bpmnlint/rules/no-complex-gateway';
import noDisconnected from 'bpmnlint/rules/no-disconnected';
import noDuplicateSequenceFlows from 'bpmnlint/rules/no-duplicate-sequence-flows';
import noGatewayJoinFork from 'bpmnlint/rules/no-gateway-join-fork';
import noImplicitEnd from 'bpmnlint/rules/no-implicit-end';
import noImplicitSplit from 'bpmnlint/rules/no-implicit-split';
import noImplicitStart from 'bpmnlint/rules/no-implicit-start';
import noInclusiveGateway from 'bpmnlint/rules/no-inclusive-gateway';
import noOverlappingElements from 'bpmnlint/rules/no-overlapping-elements';
import singleBlankStartEvent from 'bpmnlint/rules/single-blank-start-event';
import singleEventDefinition from 'bpmnlint/rules/single-event-definition';
import startEventRequired from 'bpmnlint/rules/start-event-required';
import subProcessBlankStartEvent from 'bpmnlint/rules/sub-process-blank-start-event';
import superfluousGateway from 'bpmnlint/rules/superfluous-gateway';
import superfluousLabel from 'bpmnlint/rules/superfluous-label';
import superfluousTermination from 'bpmnlint/rules/superfluous-termination';

import { inChinese, toDo } from './wordings.js';

const RULES = {
  'ad-hoc-sub-process': adHocSubProcess,
  'conditional-flows': conditionalFlows,
  'end-event-required': endEventRequired,
  'event-based-gateway': eventBasedGateway,
  'event-sub-process-typed-start-event': eventSubProcessTypedStartEvent,
  'fake-join': fakeJoin,
  global,
  'label-required': labelRequired,
  'link-event': linkEvent,
  'no-bpmndi': noBpmndi,
  'no-complex-gateway': noComplexGateway,
  'no-disconnected': noDisconnected,
  'no-duplicate-sequence-flows': noDuplicateSequenceFlows,
  'no-gateway-join-fork': noGatewayJoinFork,
  'no-implicit-end': noImplicitEnd,
  'no-implicit-split': noImplicitSplit,
  'no-implicit-start': noImplicitStart,
  'no-inclusive-gateway': noInclusiveGateway,
  'no-overlapping-elements': noOverlappingElements,
  'single-blank-start-event': singleBlankStartEvent,
  'single-event-definition': singleEventDefinition,
  'start-event-required': startEventRequired,
  'sub-process-blank-start-event': subProcessBlankStartEvent,
  'superfluous-gateway': superfluousGateway,
  'superfluous-label': superfluousLabel,
  'superfluous-termination': superfluousTermination,
};

const ADVICE = {
  'no-gateway-join-fork': 'info',
  'superfluous-gateway': 'info',
  'superfluous-label': 'info',
  'superfluous-termination': 'info',
};
const SEVERITIES = { error: 'error', warn: 'warning', info: 'info', 'rule-error': 'info' };
const SLOW_RULE = 'no-overlapping-elements'; // compares each element with each other
const MANY = 600;

/** The problems that the rules find in a moddle tree, in the form of the server's. */
export async function lint(definitions, { file, count }) {
  const rules = { ...recommended.rules, ...ADVICE, ...(count > MANY && { [SLOW_RULE]: 'off' }) };
  const linter = new Linter({ config: { rules }, resolver: { resolveRule: (_, name) => RULES[name] } });
  const reports = await linter.lint(definitions);
  return Object.entries(reports).flatMap(([rule, found]) => found.map((report) => problem(rule, report, file)));
}

function problem(rule, report, file) {
  const [todoZh, todoEn] = toDo(rule);
  return {
    file,
    element: report.id ?? '',
    property: report.path?.[0] ?? '',
    severity: SEVERITIES[report.category] ?? 'warning',
    rule,
    zh: inChinese(report.message) ?? report.message,
    en: report.message,
    todo_zh: todoZh,
    todo_en: todoEn,
  };
}
