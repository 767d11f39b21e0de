// @ts-check
// The words of the map's own modules, in the page's language.

/** @type {Record<string, string>} */
const WORDS = JSON.parse(document.getElementById("map-words")?.dataset.words ?? "{}").map ?? {};

/** @param {string} code @param {Record<string, string | number>} [facts] */
export const word = (code, facts = {}) => (WORDS[code] ?? code).replace(/\{(\w+)\}/g, (_, name) => String(facts[name] ?? ""));

export const NUMBER = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });
