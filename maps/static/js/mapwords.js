// @ts-check
// The words of the map's own modules, in the page's language.

import { filled } from "./page.js";

/** @type {Record<string, string | [string, string]>} */
const WORDS = JSON.parse(document.getElementById("map-words")?.dataset.words ?? "{}").map ?? {};

/** @param {string} code @param {Record<string, string | number>} [facts] */
export const word = (code, facts = {}) => filled(WORDS[code] ?? code, facts);

const HOURS = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: document.body.dataset.zone });

/** The time of day where the company is. @param {number} at milliseconds */
export const clock = (at) => HOURS.format(at);

export const NUMBER = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 2 });
