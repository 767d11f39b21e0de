// @ts-check
// Storm mode: the list rolled up by district and feeder, worst first; a line leads to its rows.

import { listed, say, serverNow } from "./page.js";
import { minutes } from "./row.js";

/** @typedef {import("./filter.js").Row} Row */
/** @typedef {{name: string, term: string, out: number, outages: number, waiting: number, hazards: number, oldest: number, left: number}} Sum */

/** @param {string} name @param {string} term @returns {Sum} */
const nothing = (name, term) => ({ name, term, out: 0, outages: 0, waiting: 0, hazards: 0, oldest: Infinity, left: Infinity });

/** @param {Sum} sum @param {Row} row */
function count(sum, row) {
  sum.out += row.out;
  sum.outages += row.kind === "outage" ? 1 : 0;
  sum.waiting += row.crewId || row.status === "restored" ? 0 : 1;
  sum.hazards += row.hazards.length ? 1 : 0;
  sum.oldest = Math.min(sum.oldest, Date.parse(row.started));
  if (row.due) sum.left = Math.min(sum.left, Date.parse(row.due));
}

/** The rows by district and, below it, by feeder; the tightest first. @param {Row[]} rows @returns {(Sum & {feeders: Sum[]})[]} */
function rollUp(rows) {
  /** @type {Map<string, Sum & {by: Map<string, Sum>}>} */
  const districts = new Map();
  for (const row of rows) {
    const district = row.district ?? "";
    const feeder = row.feeder ?? "";
    const whole = districts.get(district) ?? { ...nothing(district, district && `district:"${district}"`), by: new Map() };
    const part = whole.by.get(feeder) ?? nothing(feeder, feeder && `feeder:"${feeder}"`);
    districts.set(district, whole);
    whole.by.set(feeder, part);
    count(whole, row);
    count(part, row);
  }
  const worst = (/** @type {Sum} */ a, /** @type {Sum} */ b) => b.hazards - a.hazards || a.left - b.left || b.out - a.out;
  return [...districts.values()].sort(worst).map(({ by, ...sum }) => ({ ...sum, feeders: [...by.values()].sort(worst) }));
}

/** Shows the roll-up above the list, switched by a key, offered when much is open. */
export class Storm {
  /** @param {import("./worklist.js").Worklist} list */
  constructor(list) {
    this.list = list;
    this.box = /** @type {HTMLElement} */ (document.getElementById("storm"));
    this.offer = /** @type {HTMLElement} */ (document.getElementById("storm-offer"));
    this.body = /** @type {HTMLElement} */ (this.box.querySelector("tbody"));
    this.from = Number(this.box.dataset.from);
    /** @type {Record<string, string>} what people call a district */
    this.districts = JSON.parse(this.box.dataset.districts ?? "{}");
    /** @type {{name: string, districts: string[]}[]} zones that somebody declared and that hold */
    this.declared = [];
    this.offer.addEventListener("click", () => this.toggle());
    this.body.addEventListener("click", (event) => {
      const term = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.term;
      if (term) list.add(term.replaceAll('"', ""), { instead: ["feeder", "district"] });
    });
  }

  toggle() {
    this.box.hidden = !this.box.hidden;
    this.offer.setAttribute("aria-expanded", String(!this.box.hidden));
    this.draw();
  }

  /** Zones hold, or no longer; one that is new rolls the list up. @param {{name: string, districts: string[]}[]} declared @param {boolean} isNew */
  zones(declared, isNew) {
    this.declared = declared;
    if (isNew && this.box.hidden) this.toggle();
    else this.draw();
  }

  /** Called when the rows have changed. */
  draw() {
    const open = this.list.rows.length;
    this.offer.hidden = this.box.hidden && open < this.from && !this.declared.length;
    const names = listed(this.declared.map((zone) => zone.name));
    const offer = names ? say("script", "storm-zone", { names, n: open }) : say("script", "storm-offer", { n: open });
    const said = this.box.hidden ? offer : say("script", "storm-leave");
    if (this.offer.textContent !== said) this.offer.textContent = said;
    if (this.box.hidden) return;
    const lines = rollUp(this.list.rows).flatMap((sum) => [this.#line(sum, "district"), ...sum.feeders.filter((each) => each.name).map((each) => this.#line(each, "feeder"))]);
    const written = lines.map((line) => line.outerHTML).join("");
    if (this.written === written) return;
    this.written = written;
    const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset?.term;
    this.body.replaceChildren(...lines);
    if (focused) /** @type {HTMLElement | undefined} */ ([...this.body.querySelectorAll("button")].find((each) => each.dataset.term === focused))?.focus();
  }

  /** @param {Sum} sum @param {string} kind */
  #line(sum, kind) {
    const line = document.createElement("tr");
    line.className = kind;
    line.setAttribute("role", "row"); // drawn as a grid, it would be no table to a reader
    const head = document.createElement("th");
    head.scope = "row";
    head.setAttribute("role", "rowheader");
    const name = document.createElement(sum.term ? "button" : "span");
    const called = (kind === "district" && this.districts[sum.name]) || sum.name;
    name.textContent = (sum.hazards ? "▲ " : "") + (called || say("script", "storm-nowhere"));
    if (sum.term) Object.assign(name.dataset, { term: sum.term });
    if (name instanceof HTMLButtonElement) name.type = "button";
    head.append(name);
    for (const zone of kind === "district" ? this.declared.filter((each) => each.districts.includes(sum.name)) : []) {
      const mark = document.createElement("small");
      mark.className = "zonemark";
      mark.textContent = ` ↯ ${zone.name}`;
      head.append(mark);
    }
    const now = serverNow();
    const left = (sum.left - now) / 1000;
    const cells = [String(sum.out), String(sum.outages), String(sum.waiting), minutes((now - sum.oldest) / 1000), Number.isFinite(left) ? (left < 0 ? `−${minutes(left)}` : minutes(left)) : "–"];
    line.append(head, ...cells.map((text, n) => {
      const cell = document.createElement("td");
      cell.setAttribute("role", "cell");
      cell.textContent = text;
      if ((n === 4 && left < 0) || (n === 2 && sum.waiting)) cell.className = "short";
      return cell;
    }));
    return line;
  }
}
