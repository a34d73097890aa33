// Chinese or English for the studio, by the language of the page; the libraries' own words are in words/zh.js.

import { chineseFor } from './words/zh.js';

export const isChinese = document.documentElement.lang.startsWith('zh');

/** What a library said for which there is no Chinese; empty, or a test fails. */
export const missing = new Set();

/** One of two wordings. */
export function say(zh, en) {
  return isChinese ? zh : en;
}

/** A library's sentence in the language of the page; `{name}` is replaced by `replacements.name`. */
export function translate(template, replacements = {}) {
  return wording(template).replace(/{([^}]+)}/g, (whole, key) => replacements[key] ?? whole);
}

function wording(template) {
  const found = isChinese && template ? chineseFor(template) : template;
  // Names and labels of our own pass through here as well: what has no Latin word in it needs no other.
  if (found === undefined && /[A-Za-z]{2}/.test(template) && !/[\u4e00-\u9fff]/.test(template)) {
    missing.add(template);
  }
  return found ?? template;
}

export default { translate: ['value', translate] };
