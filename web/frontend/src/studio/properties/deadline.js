// The deadline wizard: number, unit and start make an expression, and the server shows on which day it falls.

import { jsx, jsxs } from '@bpmn-io/properties-panel/preact/jsx-runtime';
import { useEffect, useState } from '@bpmn-io/properties-panel/preact/hooks';

import { isChinese, say } from '../../words.js';

const QUIET_MS = 300;
const DAYS_SHOWN = 31;
const UNITS = [
  ['wd', '个工作日', 'working days'],
  ['d', '个自然日', 'days'],
  ['wh', '个工作小时', 'working hours'],
  ['h', '小时', 'hours'],
];
const NUMBERED = new Set(['after', 'before']);
const FROMS = [
  ['after', '到达本环节起', 'after this step begins'],
  ['before', '时限届满前', 'before the step is due'],
];

/** The expression that a choice stands for. */
export function expressionOf({ from, number, unit }) {
  const [name, phase] = from.split(':');
  if (phase) {
    return `phase_end("${phase}")`;
  }
  return name === 'before' ? `before(due, "${number}${unit}")` : `after("${number}${unit}")`;
}

/** The choice that an expression was made by; undefined when it was written by hand. */
export function choiceOf(expression) {
  const phase = /^phase_end\("(\w+)"\)$/.exec(expression);
  if (phase) {
    return { from: `phase_end:${phase[1]}`, number: 5, unit: 'wd' };
  }
  const plain = /^(?:after\("|before\((due), ")(\d+)(wd|d|wh|h)"\)$/.exec(expression);
  return plain ? { from: plain[1] ? 'before' : 'after', number: Number(plain[2]), unit: plain[3] } : undefined;
}

/** `phases`: `[{value, label}]`. `ask(question, signal)` asks for the dates; `use(expression)` writes the expression. */
export function DeadlineWizard({ id, value, phases, ask, use }) {
  const [choice, choose] = useState(choiceOf(value) ?? { from: 'after', number: 5, unit: 'wd' });
  const [answer, setAnswer] = useState(undefined);
  const [tries, setTries] = useState(0);
  useEffect(() => choose((before) => choiceOf(value) ?? before), [value]);
  useEffect(() => {
    const again = () => setTries((count) => count + 1);
    window.addEventListener('online', again);
    return () => window.removeEventListener('online', again);
  }, []);
  const expression = expressionOf(choice);

  useEffect(() => {
    const running = new AbortController();
    const timer = setTimeout(async () => {
      try {
        setAnswer(await ask({ text: expression, unit: choice.unit, basis: '', from: '', campaign: '' }, running.signal));
      } catch (error) {
        if (!running.signal.aborted) {
          setAnswer({ failed: true, isHeard: Boolean(error.body), problems: error.body?.problems ?? [] });
        }
      }
    }, QUIET_MS);
    return () => {
      clearTimeout(timer);
      running.abort();
    };
  }, [expression, tries]);

  const set = (part) => choose({ ...choice, ...part });
  const isNumbered = NUMBERED.has(choice.from);
  return jsxs('div', {
    class: 'bio-properties-panel-entry studio-deadline',
    'data-entry-id': id,
    children: [
      jsx('span', { class: 'studio-deadline__title', children: say('时限助手', 'Deadline helper') }),
      jsxs('div', {
        class: 'studio-deadline__row',
        children: [
          picker(say('从何时算', 'Counted from'), [...FROMS, ...ends(phases, choice.from)], choice.from, (from) => set({ from })),
          isNumbered &&
            jsx('input', {
              type: 'number',
              min: 1,
              max: 999,
              class: 'bio-properties-panel-input studio-deadline__number',
              'aria-label': say('多少', 'How many'),
              value: choice.number,
              onInput: ({ target }) => target.validity.valid && target.value && set({ number: target.valueAsNumber }),
            }),
          isNumbered && picker(say('单位', 'Unit'), UNITS, choice.unit, (unit) => set({ unit })),
        ],
      }),
      jsx('div', { class: 'studio-deadline__answer', role: 'status', children: dates(answer) }),
      jsx('button', {
        type: 'button',
        class: 'button button--small',
        disabled: expression === value,
        onClick: () => use(expression),
        children: say(`采用 ${expression}`, `Use ${expression}`),
      }),
    ],
  });
}

function picker(label, options, value, onChange) {
  return jsx('select', {
    class: 'bio-properties-panel-input',
    'aria-label': label,
    value,
    onChange: ({ target }) => onChange(target.value),
    children: options.map(([key, zh, en]) => jsx('option', { value: key, selected: key === value, children: say(zh, en) })),
  });
}

function dates(answer) {
  if (!answer) {
    return say('计算中……', 'Counting …');
  }
  if (answer.failed && !answer.isHeard) {
    return say('没有连上服务器，暂时算不出日期；连上后自动再算。', 'The server cannot be reached; the date is counted again once it can.');
  }
  if (answer.failed) {
    const said = answer.problems.map((problem) => (isChinese ? problem.zh : problem.en)).join(' ');
    return said || say('现在算不出日期：要到办理时才知道。', 'No date yet: it is known only when the work begins.');
  }
  const due = new Date(answer.due_at).toLocaleString(isChinese ? 'zh-CN' : 'en', { timeZone: 'Asia/Shanghai', dateStyle: 'full', timeStyle: 'short' });
  return [
    jsx('p', { class: 'studio-deadline__due', children: say(`若现在开始，到期：${due}`, `If it began now, due: ${due}`) }),
    ...answer.derivation.map((line) => jsx('p', { children: isChinese ? line.zh : line.en })),
    jsx('ol', { class: 'studio-deadline__days', 'aria-hidden': 'true', children: answer.days.slice(0, DAYS_SHOWN).map(calendarDay) }),
  ];
}

function calendarDay({ date, is_workday: isWorkday, name }) {
  const kind = isWorkday ? 'work' : 'off';
  return jsx('li', { class: `studio-deadline__day studio-deadline__day--${kind}`, title: name || date, children: date.slice(8) });
}

/** The ends of the campaigns' phases; one that no campaign has stays to be seen. */
function ends(phases, chosen) {
  const keys = phases.map(({ value, label }) => [value, label]);
  const own = chosen.split(':')[1];
  const all = !own || keys.some(([key]) => key === own) ? keys : [...keys, [own, own]];
  return all.map(([key, label]) => [`phase_end:${key}`, `“${label}”阶段结束时`, `when the phase “${label}” ends`]);
}
