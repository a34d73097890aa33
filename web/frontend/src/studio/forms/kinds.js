// The components that a form of ours may hold, as form-js knows them: name, group of the palette, what a new one begins
// with. Some entries of the palette are a component that is filled in already: the five checks, money, a credit code.

import { Default, FormFields, Group, iconsByType } from '@bpmn-io/form-js-viewer';
import { h } from 'preact';

import { say } from '../../words.js';
import { sketch } from './sketch.js';

const CHECKS = [
  { key: 'water', label: '断水', labelEn: 'Water cut', proves: '断水现场' },
  { key: 'power', label: '断电', labelEn: 'Power cut', proves: '断电现场' },
  { key: 'materials', label: '清除原料', labelEn: 'Raw materials cleared', proves: '清除原料现场' },
  { key: 'products', label: '清除产品', labelEn: 'Products cleared', proves: '清除产品现场' },
  { key: 'equipment', label: '清除设备', labelEn: 'Equipment cleared', proves: '清除设备现场' },
];
const SITE = [
  { value: 'on_site', label: '现场有人', labelEn: 'Somebody is on the site' },
  { value: 'working', label: '正在生产', labelEn: 'Production is running' },
  { value: 'stock', label: '有原料或产品', labelEn: 'Materials or products are there' },
  { value: 'equipment', label: '有生产设备', labelEn: 'Equipment is there' },
];
const CHOICES = [
  { value: 'yes', label: '是', labelEn: 'Yes' },
  { value: 'no', label: '否', labelEn: 'No' },
];
const required = { required: true };
const INPUT = 'basic-input';
const SELECTION = 'selection';
const ACTION = 'action';

const kind = (type, zh, en, group, icon, first = {}) => ({ type, zh, en, group, icon, first });

export const KINDS = [
  kind('textfield', '单行文字', 'Text', INPUT, 'textfield', { validate: { maxLength: 100 } }),
  kind('textarea', '多行文字', 'Long text', INPUT, 'textarea', { validate: { maxLength: 500 } }),
  kind('number', '数字', 'Number', INPUT, 'number', { decimalDigits: 0 }),
  kind('datetime', '日期', 'Date', INPUT, 'datetime', { subtype: 'date' }),
  kind('checkbox', '确认', 'Confirmation', INPUT, 'checkbox'),
  kind('radio', '单选', 'One of several', SELECTION, 'radio', { values: CHOICES }),
  kind('select', '下拉选择', 'Drop-down', SELECTION, 'select', { values: CHOICES }),
  kind('checklist', '多选', 'Some of several', SELECTION, 'checklist', { values: CHOICES }),
  kind('person', '人员', 'Person', SELECTION, 'taglist'),
  kind('unit', '单位', 'Unit', SELECTION, 'taglist'),
  kind('evidence', '佐证材料', 'Evidence', ACTION, 'filepicker', { proves: '现场照片', validate: { minFiles: 1 } }),
  kind('checkrows', '逐项核查', 'Checks, line by line', ACTION, 'table', { rows: [CHECKS[0]] }),
  kind('text', '说明文字', 'Explanation', 'presentation', 'text'),
];

/** `of` is the type of the component that is put into the form. */
export const PRESETS = [
  { of: 'checkrows', ...kind('five_checks', '两断三清五项', 'The five checks', ACTION, 'table', { rows: CHECKS, validate: required }) },
  { of: 'checklist', ...kind('site_checklist', '现场核查清单', 'Site checklist', ACTION, 'checklist', { values: SITE, validate: required }) },
  { of: 'number', ...kind('money', '金额（万元）', 'Money (10,000 yuan)', ACTION, 'number', { decimalDigits: 2, suffix: '万元', suffixEn: '10,000 yuan', validate: { min: 0 } }) },
  { of: 'textfield', ...kind('credit_code', '统一社会信用代码', 'Credit code', ACTION, 'textfield', { validate: { minLength: 18, maxLength: 18, pattern: '[0-9A-HJ-NPQRTUWXY]{18}' } }) },
];

/** Name of a component's kind in the language of the page. */
export function nameOf(type) {
  const found = KINDS.find((each) => each.type === type);
  return found ? say(found.zh, found.en) : type === 'group' ? say('分组', 'Group') : type;
}

function registered({ type, zh, en, group, icon, first, of = type }) {
  const field = sketch(say);
  field.config = {
    type: of,
    keyed: of !== 'text',
    name: say(zh, en),
    group,
    icon: iconsByType(icon),
    create: (attributes, isNew) => (isNew ? { ...structuredClone(first), label: zh, labelEn: en, ...attributes, type: of } : { ...attributes }),
  };
  return field;
}

function OurGroup(props) {
  return h(Group, props);
}
OurGroup.config = {
  ...Group.config,
  pathed: false,
  name: say('分组', 'Group'),
  icon: iconsByType('group'),
  create: (attributes, isNew) => ({ components: [], ...(isNew ? { label: '分组', labelEn: 'Group' } : {}), ...attributes }),
};

class OurFormFields extends FormFields {
  constructor() {
    super();
    this._formFields = { default: Default, group: OurGroup };
    for (const each of [...KINDS, ...PRESETS]) {
      this.register(each.type, registered(each));
    }
  }
}

export const OurComponents = { formFields: ['type', OurFormFields] };
