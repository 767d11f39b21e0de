// @ts-check
// The words of the list's filter: what a dispatcher types, and which rows it leaves.

/**
 * @typedef {{
 *   key: string, kind: string, src: string, lon: number | null, lat: number | null,
 *   district: string | null, feeder: string | null, area: string, status: string, p: number | null,
 *   title: string, hazards: string[], critical: boolean, out: number, reports: number, urged: number,
 *   started: string, rule: string | null, due: string | null, ticket: string | null,
 *   order: number | null, step: string | null, crew: string | null, crewId: string | null,
 *   proposed: string | null, eta: string | null, etr: string | null, mine: boolean,
 * }} Row
 * @typedef {(group: string, code: string) => string} Say
 */

/** What may be said in either language. @type {Record<string, string>} */
const SAME = {
  状态: "state", 区域: "area", 班组: "crew", 线路: "feeder", 供电所: "district", 时长: "age", 余量: "left", 户数: "out",
  危险: "hazard", 重要: "critical", 无班组: "no-crew", 我的: "mine",
};
const NAMED = new Set(["state", "area", "crew", "feeder", "district"]);
const MEASURED = new Set(["age", "left", "out"]);
const FLAGS = new Set(["hazard", "critical", "no-crew", "mine"]);

/** One term: a flag, a name to look for, a number to compare with, or plain text. */
export const parts = (/** @type {string} */ written) => {
  const named = /^([^:：<>\s]+)[:：](.+)$/.exec(written);
  if (named && NAMED.has(SAME[named[1]] ?? named[1].toLowerCase())) return { of: SAME[named[1]] ?? named[1].toLowerCase(), sign: ":", value: named[2].toLowerCase() };
  const measured = /^([^:<>\s]+)([<>])(-?\d+)$/.exec(written);
  if (measured && MEASURED.has(SAME[measured[1]] ?? measured[1].toLowerCase())) return { of: SAME[measured[1]] ?? measured[1].toLowerCase(), sign: measured[2], value: measured[3] };
  const flag = SAME[written] ?? written.toLowerCase();
  return FLAGS.has(flag) ? { of: flag, sign: "", value: "" } : { of: "text", sign: "", value: written.toLowerCase() };
};

/** The terms of a line as typed; a name of several words stands in quotes. @param {string} line @returns {string[]} */
export const terms = (line) => [...line.matchAll(/([^\s"]*)"([^"]+)"?|\S+/g)].map((found) => (found[2] ? found[1] + found[2] : found[0]));

/** @type {Record<string, (row: Row) => boolean>} */
const flags = {
  hazard: (row) => row.hazards.length > 0,
  critical: (row) => row.critical,
  "no-crew": (row) => !row.crewId && row.status !== "restored",
  mine: (row) => row.mine,
};
/** @type {Record<string, (row: Row, say: Say) => (string | null)[]>} */
const names = {
  state: (row, say) => [row.status, say("status", row.status), row.step, row.step && say("order", row.step)],
  area: (row, say) => [row.area, say("area", row.area)],
  crew: (row) => [row.crew, row.crewId],
  feeder: (row) => [row.feeder],
  district: (row) => [row.district],
};
/** @type {Record<string, (row: Row, now: number) => number>} minutes, or customers */
const figures = {
  age: (row, now) => (now - Date.parse(row.started)) / 60_000,
  left: (row, now) => (row.due ? (Date.parse(row.due) - now) / 60_000 : Infinity),
  out: (row) => row.out,
};

/**
 * Whether a row is left by one term.
 * @param {Row} row @param {string} term @param {{now: number, say: Say, text: (row: Row) => string}} by
 */
export function passes(row, term, { now, say, text }) {
  const { of, sign, value } = parts(term);
  if (of in flags) return flags[of](row);
  if (of in names) return names[of](row, say).some((name) => name?.toLowerCase().includes(value));
  if (of in figures) {
    const figure = figures[of](row, now);
    return sign === ">" ? figure > Number(value) : figure < Number(value);
  }
  return text(row).toLowerCase().includes(value);
}
