// Chinese or English for the editor, by the language of the page; the canvas's own words come from bpmn-js-i18n.

import chinese from 'bpmn-js-i18n/translations/zn.js';

const isChinese = document.documentElement.lang.startsWith('zh');

/** One of two wordings. */
export function say(zh, en) {
  return isChinese ? zh : en;
}

function translate(template, replacements = {}) {
  const text = (isChinese && chinese[template]) || template;
  return text.replace(/{([^}]+)}/g, (whole, key) => replacements[key] ?? whole);
}

export default { translate: ['value', translate] };
