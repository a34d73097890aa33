// Moments as every page of ours says them: the time of the office, in the language of the page.

import { isChinese } from './words.js';

const WORDS = new Intl.DateTimeFormat(isChinese ? 'zh-CN' : 'en-GB', { timeZone: 'Asia/Shanghai', dateStyle: 'medium', timeStyle: 'short' });

/** `at` is an ISO instant. */
export function moment(at) {
  return WORDS.format(new Date(at));
}
