// @ts-check
// The words of the map's own modules, in the page's language.

import { filled } from "./page.js";

/** @type {Record<string, string | [string, string]>} */
const WORDS = JSON.parse(document.getElementById("map-words")?.dataset.words ?? "{}").map ?? {};

/** @param {string} code @param {Record<string, string | number>} [facts] */
export const word = (code, facts = {}) => filled(WORDS[code] ?? code, facts);

export const NUMBER = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });
