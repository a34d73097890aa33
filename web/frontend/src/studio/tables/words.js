// The words of dmn-js in the language of the page.

import { isChinese } from '../../words.js';
import chinese from '../../words/tables_zh.js';

/** What dmn-js said for which there is no Chinese; empty, or a test fails. */
export const missing = new Set();

function translate(template, replacements = {}) {
  return wording(template).replace(/{\s*([^}\s]+)\s*}/g, (whole, key) => replacements[key] ?? whole);
}

function wording(template) {
  if (!isChinese || !template) {
    return template;
  }
  if (!Object.hasOwn(chinese, template) && /[A-Za-z]{2}/.test(template) && !/[\u4e00-\u9fff]/.test(template)) {
    missing.add(template);
  }
  return chinese[template] ?? template;
}

export default { translate: ['value', translate] };
