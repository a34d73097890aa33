// What may be set on each kind of component, and how a value is read from the component and written into it. Only what the
// forms of the office know; whatever else a component carries stays as it is.

import { say } from '../../words.js';

const KEY = /^[A-Za-z][A-Za-z0-9_]{0,39}$/;
const MOST_LINES = 200;
const TYPES = {
  choice: ['radio', 'select', 'checklist'],
  typed: ['textfield', 'textarea'],
  answered: ['textfield', 'textarea', 'number', 'datetime', 'checkbox', 'radio', 'select', 'checklist', 'person', 'unit', 'checkrows'],
};

const setting = (name, zh, en, more = {}) => ({
  name,
  label: () => say(zh, en),
  read: (field) => field[name] ?? '',
  write: (field, value) => ({ [name]: value || undefined }),
  ...more,
});

const rule = (name, zh, en, more = {}) => ({
  ...setting(name, zh, en),
  read: (field) => field.validate?.[name] ?? '',
  write: (field, value) => ({ validate: filled({ ...field.validate, [name]: value }) }),
  ...more,
});

const whole = (zh, en, name) => rule(name, zh, en, { kind: 'number', ...asNumber(name) });

const KEY_SETTING = setting('key', '变量名', 'Variable', {
  suits: ({ type }) => !['default', 'text', 'group'].includes(type),
  fault: (field, value, others) => {
    if (!KEY.test(value)) {
      return say('以字母开头，只用字母、数字和下划线，最长 40 个', 'A letter first; letters, digits and _ only, at most 40');
    }
    return others.includes(value) ? say('这个变量名已被使用', 'This variable is taken') : '';
  },
});

export const SETTINGS = [
  setting('title', '表单名称', 'Title', { suits: isForm }),
  setting('titleEn', '表单名称（英文）', 'Title in English', { suits: isForm }),
  setting('label', '名称', 'Label', { suits: isField, read: (field) => field.label ?? field.dateLabel ?? field.text ?? '', isLongFor: ['text'] }),
  setting('labelEn', '名称（英文）', 'Label in English', { suits: isField, isLongFor: ['text'] }),
  KEY_SETTING,
  setting('description', '填写说明', 'Help', { suits: ({ type }) => isField({ type }) && type !== 'text', isLong: true }),
  setting('descriptionEn', '填写说明（英文）', 'Help in English', { suits: ({ type }) => isField({ type }) && type !== 'text', isLong: true }),
  rule('required', '必填', 'Required', { kind: 'checkbox', suits: among(TYPES.answered), read: (field) => field.validate?.required === true }),
  setting('readonly', '只读', 'Read only', { kind: 'checkbox', suits: among(TYPES.answered), read: (field) => field.readonly === true }),
  { ...lines('values', 'value'), suits: among(TYPES.choice), label: () => say('选项（每行：值 = 名称 / 英文）', 'Options (a line each: value = label / English)') },
  { ...lines('rows', 'key'), suits: among(['checkrows']), label: () => say('核查项（每行：编号 = 名称 / 英文）', 'Lines (each: key = label / English)') },
  { ...whole('最少字数', 'Least characters', 'minLength'), suits: among(TYPES.typed) },
  { ...whole('最多字数', 'Most characters', 'maxLength'), suits: among(TYPES.typed) },
  rule('pattern', '格式（正则表达式）', 'Pattern', { suits: among(['textfield']) }),
  { ...whole('最小值', 'Least', 'min'), suits: among(['number']) },
  { ...whole('最大值', 'Most', 'max'), suits: among(['number']) },
  setting('decimalDigits', '小数位数', 'Decimals', { kind: 'number', suits: among(['number']), read: (field) => field.decimalDigits ?? '', write: (field, value) => ({ decimalDigits: value === '' ? undefined : Number(value) }) }),
  setting('suffix', '单位', 'Measure', { suits: among(['number']) }),
  setting('suffixEn', '单位（英文）', 'Measure in English', { suits: among(['number']) }),
  setting('subtype', '精度', 'Precision', { suits: among(['datetime']), options: () => [['date', say('日期', 'Date')], ['datetime', say('日期和时刻', 'Date and time')]], read: (field) => field.subtype ?? 'date' }),
  { ...rule('min', '不早于（today、日期或 =变量）', 'Not before (today, a date or =variable)'), suits: among(['datetime']) },
  { ...rule('max', '不晚于（today、日期或 =变量）', 'Not after (today, a date or =variable)'), suits: among(['datetime']) },
  setting('proves', '证明什么', 'What it proves', { suits: among(['evidence']) }),
  { ...whole('最少文件数', 'Least files', 'minFiles'), suits: among(['evidence']) },
  { ...whole('最多文件数', 'Most files', 'maxFiles'), suits: among(['evidence']) },
  setting('unit', '哪个单位的人（变量名）', 'Of the unit in (variable)', { suits: among(['person', 'checkrows']) }),
  rule('differsFrom', '不得与此项相同（变量名）', 'Must differ from (variable)', { suits: among(['person']) }),
  setting('hide', '何时隐藏（表达式）', 'Hidden when (expression)', {
    suits: isField,
    read: (field) => (field.conditional?.hide ?? '').replace(/^\s*=\s*/, ''),
    write: (field, value) => ({ conditional: value ? { ...field.conditional, hide: `=${value}` } : undefined }),
  }),
];

export function suiting(field) {
  return SETTINGS.filter((each) => each.suits(field));
}

function isForm({ type }) {
  return type === 'default' || type === undefined;
}

function isField({ type }) {
  return !isForm({ type });
}

function among(types) {
  return ({ type }) => types.includes(type);
}

function asNumber(name) {
  return { write: (field, value) => ({ validate: filled({ ...field.validate, [name]: value === '' ? undefined : Number(value) }) }) };
}

/** Without what is empty; undefined when nothing is left. */
function filled(rules) {
  const kept = Object.entries(rules).filter(([, value]) => value !== undefined && value !== '' && value !== false);
  return kept.length ? Object.fromEntries(kept) : undefined;
}

/** A list as lines of text. A line that nobody changed stays the entry that it was, with all that it carries. */
function lines(name, id) {
  const shown = (entry) => `${entry?.[id] ?? ''} = ${entry?.label ?? ''}${entry?.labelEn ? ` / ${entry.labelEn}` : ''}`;
  const read = (field) => (Array.isArray(field[name]) ? field[name] : []).map(shown).join('\n');
  return {
    name,
    isLong: true,
    read,
    fault: (field, value) => {
      const count = split(value).length;
      return count > MOST_LINES ? say(`最多 ${MOST_LINES} 行，现有 ${count} 行`, `At most ${MOST_LINES} lines, there are ${count}`) : '';
    },
    write: (field, value) => {
      const before = new Map((field[name] ?? []).map((entry) => [shown(entry), entry]));
      const byId = new Map((field[name] ?? []).map((entry) => [entry?.[id], entry]));
      return { [name]: split(value).map((line) => before.get(line) ?? entryOf(line, id, byId)) };
    },
  };
}

function entryOf(line, id, byId) {
  const [, key, rest = ''] = /^(.*?)(?:\s*=\s*(.*))?$/s.exec(line);
  const cut = rest.lastIndexOf(' / ');
  const label = (cut < 0 ? rest : rest.slice(0, cut)).trim() || key.trim();
  const labelEn = cut < 0 ? undefined : rest.slice(cut + 3).trim() || undefined;
  return JSON.parse(JSON.stringify({ ...byId.get(key.trim()), [id]: key.trim(), label, labelEn }));
}

function split(text) {
  return text.split('\n').map((line) => line.trim()).filter(Boolean);
}
