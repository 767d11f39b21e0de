// @ts-check
// The list of what is to be done: read as data, grouped by urgency, filtered here, drawn row by row.
// Every row stands in the page, so that counts, searching and screen readers see all of them; what is
// out of sight costs the browser nothing (content-visibility), and only rows that changed are drawn anew.

import { parts, passes, terms } from "./filter.js";
import { say, serverNow, setClock, tick } from "./page.js";
import { element, fill, given, minutes, word } from "./row.js";
import { putOff } from "./steady.js";

/** @typedef {import("./filter.js").Row} Row */

const KEPT = "relight.filter";
const SOON_S = 600;
const HOUR_S = 3600;
const CLOCK_EVERY_MS = 15_000;
const REST = 3; // of the time, how much of it the page does other things than reading the list

/** Groups from the most urgent down. */
const GROUPS = ["hazard", "over", "soon", "hour", "later", "none", "restored"];

/** @param {Row} row @param {number} now */
function groupOf(row, now) {
  if (row.hazards.length) return "hazard";
  if (row.status === "restored") return "restored";
  if (!row.due) return "none";
  const left = (Date.parse(row.due) - now) / 1000;
  return left < 0 ? "over" : left < SOON_S ? "soon" : left < HOUR_S ? "hour" : "later";
}

/** Everything of a row that a plain word is looked for in. @param {Row} row */
const textOf = (row) => [row.title, word("kind", row.kind), word("status", row.status), row.step && word("order", row.step), row.crew, row.feeder, row.district, word("area", row.area), ...row.hazards].join(" ");

export class Worklist {
  /** @param {{changed: () => void}} told called when rows or what is shown of them have changed */
  constructor({ changed }) {
    this.changed = changed;
    this.list = /** @type {HTMLElement} */ (document.getElementById("list"));
    this.count = /** @type {HTMLElement} */ (document.getElementById("count"));
    this.empty = /** @type {HTMLElement} */ (document.getElementById("list-empty"));
    this.box = /** @type {HTMLInputElement} */ (document.getElementById("filter"));
    this.chipbox = /** @type {HTMLElement} */ (document.getElementById("chips"));
    /** @type {Row[]} */
    this.rows = [];
    /** The rows that the filter leaves, in order. @type {Row[]} */
    this.shown = [];
    /** @type {Map<string, {node: HTMLElement, drawn: string}>} */
    this.drawn = new Map();
    /** @type {Set<string>} keys of rows that are chosen for something done to many */
    this.chosen = new Set();
    /** @type {string[]} */
    this.terms = this.#kept();
    /** @type {Set<string> | null} */
    this.lasso = null;
    this.reading = false;
    this.again = false;
    this.box.addEventListener("input", () => this.draw());
    this.box.addEventListener("keydown", (event) => this.#typed(event));
    this.chipbox.addEventListener("click", (event) => this.#chipClicked(event));
    document.addEventListener("relight:lasso", (event) => this.#lassoed(/** @type {CustomEvent} */ (event).detail));
    setInterval(() => this.draw(), CLOCK_EVERY_MS); // ages grow, and a clock that runs out changes its group
    this.#drawChips();
  }

  /** Draw the rows that came with the page. */
  start() {
    const came = given.rows;
    if (!came) return;
    this.rows = JSON.parse(came).rows;
    delete given.rows;
    this.draw();
    tick();
  }

  /** Read the rows; a long list leaves the page time for other things. */
  async read() {
    if (this.reading) {
      this.again = true;
      return;
    }
    this.reading = true;
    const began = performance.now();
    try {
      const answer = await fetch("/console/rows");
      if (answer.status === 401) location.assign("/login");
      if (!answer.ok) return;
      const { now, rows } = await answer.json();
      setClock(now);
      this.rows = rows;
      this.draw();
      tick();
    } catch {
      // The header says when the server is away; what was read stays.
    } finally {
      setTimeout(() => {
        this.reading = false;
        if (!this.again) return;
        this.again = false;
        this.read();
      }, REST * (performance.now() - began));
    }
  }

  /** @param {string} key @returns {Row | undefined} */
  find(key) {
    return this.rows.find((row) => row.key === key);
  }

  // The filter -----------------------------------------------------------------------------------

  #kept() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEPT) ?? "[]");
      return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
    } catch {
      return [];
    }
  }

  #keep() {
    try {
      localStorage.setItem(KEPT, JSON.stringify(this.terms));
    } catch {
      // A browser that keeps nothing filters all the same.
    }
    this.#drawChips();
    this.draw();
  }

  /**
   * Leave only rows of these terms as well.
   * @param {string | string[]} added @param {{instead?: string[]}} [how] instead: names whose older terms go
   */
  add(added, { instead = [] } = {}) {
    const kept = this.terms.filter((term) => !instead.includes(parts(term).of));
    this.terms = [...new Set([...kept, ...[added].flat()])];
    this.#keep();
  }

  /** @param {KeyboardEvent} event */
  #typed(event) {
    if (event.key === "Enter") {
      const added = terms(this.box.value);
      this.box.value = "";
      this.add(added);
    } else if (event.key === "Backspace" && this.box.value === "" && this.terms.length) {
      this.terms = this.terms.slice(0, -1);
      this.#keep();
    }
  }

  /** @param {{outages?: (string | number)[], tickets?: (string | number)[], incidents?: (string | number)[]} | null} inside */
  #lassoed(inside) {
    const { outages = [], tickets = [], incidents = [] } = inside ?? {};
    const keys = [...outages.map((id) => `outage-${id}`), ...incidents.map((id) => `incident-${id}`), ...tickets.map((id) => `ticket-${id}`)];
    this.lasso = keys.length ? new Set(keys) : null;
    this.#drawChips();
    this.draw();
  }

  /** @param {Event} event */
  #chipClicked(event) {
    const chip = /** @type {HTMLElement} */ (event.target).closest("button");
    if (!chip) return;
    if (chip.dataset.lasso !== undefined) this.lasso = null;
    else this.terms = this.terms.filter((each) => each !== chip.dataset.term);
    this.#keep();
    this.box.focus();
  }

  #drawChips() {
    const chip = (/** @type {string} */ text, /** @type {string} */ name, /** @type {string} */ value) => {
      const button = element("button", "chip", text);
      button.setAttribute("type", "button");
      button.dataset[name] = value;
      button.setAttribute("aria-label", say("script", "filter-remove", { term: text }));
      button.append(element("span", "cross", "×"));
      return button;
    };
    const made = this.terms.map((term) => chip(this.#named(term), "term", term));
    if (this.lasso) made.push(chip(say("script", "filter-lasso", { n: this.lasso.size }), "lasso", ""));
    this.chipbox.replaceChildren(...made);
    this.chipbox.hidden = made.length === 0;
  }

  /** A term in words of the page's language. @param {string} term */
  #named(term) {
    const { of, sign, value } = parts(term);
    if (of === "text") return term;
    return `${word("filter", of)}${sign === ":" ? ": " : sign && ` ${sign} `}${value}`;
  }

  /** @param {Row} row @param {string[]} asked @param {number} now */
  #left(row, asked, now) {
    if (this.lasso && !this.lasso.has(row.key) && !(row.ticket && this.lasso.has(`ticket-${row.ticket}`))) return false;
    return asked.every((term) => passes(row, term, { now, say: word, text: textOf }));
  }

  // Drawing --------------------------------------------------------------------------------------

  /** Put every row where it belongs; rows that are as they were are left alone. */
  draw() {
    if (putOff(this.list, () => this.draw())) return;
    const now = serverNow();
    const asked = [...this.terms, ...terms(this.box.value)];
    const due = (/** @type {Row} */ row) => (row.due ? Date.parse(row.due) : Infinity);
    /** @type {Map<string, Row[]>} */
    const groups = new Map(GROUPS.map((name) => [name, []]));
    for (const row of this.rows) if (this.#left(row, asked, now)) groups.get(groupOf(row, now))?.push(row);
    for (const each of groups.values()) each.sort((a, b) => due(a) - due(b) || Date.parse(a.started) - Date.parse(b.started));
    this.shown = [...groups.values()].flat();
    this.#leave();
    const heads = GROUPS.filter((name) => groups.get(name)?.length).map((name) => this.#group(name, groups.get(name) ?? [], now));
    place(this.list, heads);
    this.#forget();
    this.#tell();
    this.changed();
  }

  /** @param {string} name @param {Row[]} rows @param {number} now */
  #group(name, rows, now) {
    let group = document.getElementById(`group-${name}`);
    if (!group) {
      group = element("div", `group ${name}`);
      group.id = `group-${name}`;
      group.setAttribute("role", "group");
      group.append(element("p", "grouphead"));
    }
    const head = /** @type {HTMLElement} */ (group.firstElementChild);
    head.setAttribute("role", "presentation");
    const said = `${word("group", name)} · ${rows.length}`;
    if (head.textContent !== said) head.textContent = said;
    group.setAttribute("aria-label", said);
    place(group, [head, ...rows.map((row) => this.#node(row, now))]);
    return group;
  }

  /** @param {Row} row @param {number} now */
  #node(row, now) {
    const age = minutes((now - Date.parse(row.started)) / 1000);
    const written = JSON.stringify(row) + age;
    const kept = this.drawn.get(row.key);
    if (kept?.drawn === written) return kept.node;
    const node = kept?.node ?? element("div", "");
    fill(node, row, age);
    node.setAttribute("aria-checked", String(this.chosen.has(row.key)));
    this.drawn.set(row.key, { node, drawn: written });
    return node;
  }

  #forget() {
    const there = new Set(this.rows.map((row) => row.key));
    for (const key of this.drawn.keys()) if (!there.has(key)) this.drawn.delete(key);
  }

  /** What is not shown is not chosen: nobody does something to rows that they cannot see. */
  #leave() {
    if (this.chosen.size === 0) return;
    const shown = new Set(this.shown.map((row) => row.key));
    for (const key of this.chosen) {
      if (shown.has(key)) continue;
      this.chosen.delete(key);
      this.drawn.get(key)?.node.setAttribute("aria-checked", "false");
    }
  }

  #tell() {
    const customers = this.shown.reduce((sum, row) => sum + row.out, 0);
    const all = this.rows.length;
    const shown = this.shown.length;
    const said = [
      shown === all ? say("script", "count-all", { n: all }) : say("script", "count-some", { n: shown, all }),
      customers ? say("script", "count-customers", { n: customers }) : "",
      this.chosen.size ? say("script", "count-chosen", { n: this.chosen.size }) : "",
    ];
    const text = said.filter(Boolean).join(" · ");
    if (this.count.textContent !== text) this.count.textContent = text;
    this.list.hidden = shown === 0;
    this.empty.hidden = shown > 0;
    const why = say("script", all ? "list-filtered" : "list-empty");
    if (this.empty.textContent !== why) this.empty.textContent = why;
  }

  // Choosing many --------------------------------------------------------------------------------

  /** @param {string} key */
  choose(key) {
    if (!this.chosen.delete(key)) this.chosen.add(key);
    this.#paintChosen();
  }

  /** Choose every row that the filter leaves, those that are chosen already as well. */
  chooseAll() {
    for (const row of this.shown) this.chosen.add(row.key);
    this.#paintChosen();
  }

  chooseNone() {
    this.chosen.clear();
    this.#paintChosen();
  }

  #paintChosen() {
    for (const [key, { node }] of this.drawn) node.setAttribute("aria-checked", String(this.chosen.has(key)));
    this.#tell();
    this.changed();
  }
}

/** Let the children of a node be these, in this order, moving as few as need be. @param {HTMLElement} parent @param {Element[]} children */
function place(parent, children) {
  const wanted = new Set(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let at = parent.firstElementChild;
  for (const child of children) {
    if (child === at) at = at.nextElementSibling;
    else parent.insertBefore(child, at);
  }
}
