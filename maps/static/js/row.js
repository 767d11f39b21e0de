// @ts-check
// One row of the list: place and clock; state, customers and age; crew with its arrival.

import { listed, say, span, writeClock } from "./page.js";

/** @typedef {import("./filter.js").Row} Row */

export const given = document.getElementById("list-words")?.dataset ?? {};
const words = JSON.parse(given.words ?? "{}");
/** @param {string} group @param {string} code */
export const word = (group, code) => words[group]?.[code] ?? say(group, code);

/** A length of time for a glance, in whole minutes, hours or days. @param {number} seconds */
export const minutes = (seconds) => {
  const whole = Math.floor(Math.abs(seconds) / 60);
  return whole < 60 ? say("script", "row-minutes", { n: whole }) : span(whole * 60);
};

/** @param {string} name @param {string} className @param {string | null | undefined} [text] */
export function element(name, className, text) {
  const made = document.createElement(name);
  made.className = className;
  if (text != null) made.textContent = text;
  return made;
}

const MARKS = /** @type {Record<string, string>} */ ({ incident: "◆", unlocated: "?" });

/** Write a row: place and clock; state, customers and age; crew with its arrival. @param {HTMLElement} node @param {Row} row @param {string} age */
export function fill(node, row, age) {
  node.id = `row-${row.key}`;
  node.setAttribute("role", "option");
  if (!node.hasAttribute("aria-selected")) node.setAttribute("aria-selected", "false");
  const opened = node.classList.contains("opened") ? " opened" : "";
  node.className = `row ${row.kind}${row.hazards.length ? " hazard" : ""} ${row.status}${opened}`;
  Object.assign(node.dataset, { key: row.key, src: row.src });
  if (row.lon !== null) Object.assign(node.dataset, { lon: row.lon, lat: row.lat });
  const mark = element("span", "mark", row.hazards.length ? "▲" : (MARKS[row.kind] ?? (row.status === "predicted" ? "◯" : "●")));
  mark.setAttribute("aria-hidden", "true");
  const title = element("span", "title", row.title || word("kind", row.kind));
  title.title = row.title;
  const others = element("span", "looking");
  others.dataset.looking = row.key;
  node.replaceChildren(mark, title, clockOf(row), factsOf(row, age), crewOf(row), others);
}

/** The tightest clock, with its rule. @param {Row} row */
function clockOf(row) {
  const tight = element("span", "tight");
  if (!row.due) return tight;
  const due = /** @type {HTMLTimeElement} */ (element("time", "due"));
  due.dateTime = due.dataset.due = row.due;
  writeClock(due);
  tight.append(due, element("small", "", row.rule && word("rule", row.rule)));
  return tight;
}

/** @param {Row} row @param {string} age */
function factsOf(row, age) {
  const facts = element("span", "sub");
  if (row.hazards.length) facts.append(element("b", "danger", listed(row.hazards)), " · ");
  if (row.critical) facts.append(element("b", "critical", word("row", "critical")), " · ");
  const state = row.kind === "outage" ? word("status", row.status) : word("kind", row.kind);
  const sure = row.p === null ? "" : ` ${Math.round(row.p * 100)}%`;
  facts.append([
    state + sure,
    row.out ? say("script", "customers", { n: row.out }) : "",
    row.reports > 1 ? say("script", "row-reports", { n: row.reports }) : "",
    word("area", row.area),
    age,
  ].filter(Boolean).join(" · "));
  if (row.urged) facts.append(" · ", element("b", "", say("script", "row-urged", { n: row.urged })));
  return facts;
}

/** Who goes and when they are there; who is missing. @param {Row} row */
function crewOf(row) {
  const crew = element("span", "sub crewsub");
  if (row.crew) {
    crew.append(`${row.crew} · ${word("order", row.step ?? "")}`);
    if (row.eta && row.step !== "arrived") crew.append(" · ", timeOf(row.eta, "row-eta"));
  } else if (row.order) crew.append(element("b", "nobody", word("order", row.step ?? "")));
  else if (row.kind === "unlocated") crew.append(element("b", "nobody", word("row", "needs-place")));
  if (row.etr && row.status !== "restored") crew.append(crew.childNodes.length ? " · " : "", timeOf(row.etr, "row-etr"));
  return crew;
}

const HOURS = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: document.body.dataset.zone });
/** @param {string} iso @param {string} as */
function timeOf(iso, as) {
  const time = /** @type {HTMLTimeElement} */ (element("time", "", say("script", as, { t: HOURS.format(Date.parse(iso)) })));
  time.dateTime = iso;
  return time;
}
