// @ts-check
// One call: what was typed, chosen and ticked. It survives a reload, and what was typed and not
// sent is set aside when the next caller is there.

import { newId, read, say, serverNow } from "./page.js";

const MOST_ASIDE = 5;
const TONGUE = "relight.tongue";
const SHORTEST_NUMBER = 7;
const LEAST = 3;

/**
 * What is kept of a call.
 * @typedef {{id: string, at: string, q: string, chosen: Record<string, string>, fields: Record<string, any>, ticket: string, told: boolean}} Kept
 */

const box = /** @type {HTMLInputElement} */ (document.getElementById("q"));
const ask = /** @type {HTMLFormElement} */ (document.getElementById("ask"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("register"));
const list = /** @type {HTMLElement} */ (document.getElementById("shelf"));

export class Call {
  /** @type {Record<string, string>} */
  chosen = {};
  /** The report that this call became. */
  ticket = "";
  /** The language the caller speaks. @type {string | undefined} */
  tongue;
  /** Whether this page found a call that was under way. */
  wasKept = false;
  #id = newId();
  #at = "";
  #told = false;

  /** @param {string} agent whose calls these are */
  constructor(agent) {
    this.key = `relight.call.${agent}`;
    this.shelfKey = `relight.shelf.${agent}`;
    const kept = JSON.parse(sessionStorage.getItem(this.key) ?? "null");
    if (kept) {
      this.#load(kept);
      this.wasKept = true;
    }
    form.addEventListener("input", () => this.#keep());
    this.#paintShelf();
  }

  get q() {
    return box.value.trim().replace(/\s+/g, " ");
  }

  chips = () => /** @type {HTMLInputElement[]} */ ([...ask.querySelectorAll("input[type=checkbox]")]);

  /** What the box asks. */
  query() {
    const query = new URLSearchParams({ q: this.q, ...this.chosen });
    for (const chip of this.chips()) if (chip.checked) query.append(chip.name, chip.value);
    return query.toString();
  }

  /** The box says something else: another caller, or more of this one. */
  retyped() {
    this.chosen = {};
    this.ticket = "";
    this.#told = false;
    this.#at ||= new Date(serverNow()).toISOString();
    this.#keep();
  }

  /** @param {string} what @param {string} value */
  choose(what, value) {
    const [lon, lat] = value.split(",");
    this.chosen = what === "account" ? { account: value } : { lon, lat };
    this.#keep();
  }

  /** Tick what the caller says; what cannot be true beside it is unticked. @param {HTMLInputElement} chip @param {boolean} on */
  tick(chip, on) {
    chip.checked = on;
    const not = chip.dataset.not?.split(" ") ?? [];
    if (on) for (const other of this.chips()) if (not.includes(other.value)) other.checked = false;
    this.#told = false;
    this.#keep();
  }

  /** What the caller says, as a report carries it. @returns {Record<string, any>} */
  said() {
    const fields = { ...read(ask), ...read(form) };
    delete fields.q;
    return { ...fields, received_at: this.#at || new Date(serverNow()).toISOString() };
  }

  /** Who it is when the server could not be asked: numbers as numbers, the rest as the place. */
  guessed() {
    /** @type {Record<string, string>} */
    const who = {};
    const rest = [];
    for (const part of this.q.normalize("NFKC").split(" ")) {
      const digits = part.replace(/^\+|-/g, "");
      const number = /^\d+$/.test(digits) && digits.length >= SHORTEST_NUMBER;
      if (number && /^1\d{10}$/.test(digits) && !who.phone) who.phone = digits;
      else if (number && !who.account) who.account = part;
      else rest.push(part);
    }
    if (rest.join("")) who.address = rest.join(" ");
    return { ...who, ...(this.chosen.account ? { account: this.chosen.account } : {}) };
  }

  /** Whether anything says whom, where or what it is about. */
  isAboutSomebody = () => Boolean(this.q.length >= LEAST || Object.keys(read(form)).length);

  /** @param {string} ticket */
  registered(ticket) {
    this.ticket = ticket;
    this.#told = true;
    form.reset();
    for (const chip of this.chips()) chip.checked = false;
    this.#keep();
  }

  /** The caller was told, and nothing is left to send. */
  served() {
    this.#told = true;
    form.reset();
    this.#keep();
  }

  isTold = () => this.#told;

  /** Whether something was typed that no report and no answer has taken up. */
  isOpen = () => !this.ticket && this.isAboutSomebody();

  title = () => this.q || say("desk", "no-number");

  // Beginning, setting aside, taking up -----------------------------------------------------------

  /** @param {string} q */
  begin(q) {
    form.reset();
    ask.reset();
    box.value = q;
    this.chosen = {};
    this.ticket = "";
    this.tongue = undefined;
    this.#id = newId();
    this.#at = q ? new Date(serverNow()).toISOString() : "";
    this.#told = false;
    this.#keep();
  }

  /** Keep what was typed, unless it was only asked about and answered. @param {boolean} answered */
  setAside(answered) {
    const typed = Object.keys(read(form)).length > 0;
    if (!this.isOpen() || ((answered || this.#told) && !typed)) return;
    const shelf = this.shelf().filter((kept) => kept.id !== this.#id);
    this.#write(this.shelfKey, [this.#kept(), ...shelf].slice(0, MOST_ASIDE));
    this.#paintShelf();
  }

  /** @returns {Kept[]} calls set aside, the latest first */
  shelf = () => JSON.parse(sessionStorage.getItem(this.shelfKey) ?? "[]");

  /** @param {Kept} kept */
  takeUp(kept) {
    this.#write(this.shelfKey, this.shelf().filter((each) => each.id !== kept.id));
    this.#load(kept);
    this.#keep();
    this.#paintShelf();
  }

  /** Say the sentence in the caller's language. @param {string | undefined} tongue @param {boolean} [chosen] by the agent */
  speak(tongue, chosen = false) {
    const spoken = tongue || localStorage.getItem(TONGUE) || document.body.dataset.lang || "zh-CN";
    if (chosen) localStorage.setItem(TONGUE, spoken);
    if (chosen || tongue) this.tongue = spoken;
    this.tongue ??= spoken;
    document.body.dataset.tongue = spoken;
    const button = document.getElementById("do-tongue");
    button?.querySelector("b")?.replaceChildren(spoken === "en" ? "English" : "中文");
  }

  show() {
    this.speak(this.tongue);
    this.#paintShelf();
  }

  /** @returns {Kept} */
  #kept() {
    const fields = { ...read(form), ticked: this.chips().filter((chip) => chip.checked).map((chip) => chip.value) };
    return { id: this.#id, at: this.#at, q: this.q, chosen: this.chosen, fields, ticket: this.ticket, told: this.#told };
  }

  /** @param {Kept} kept */
  #load(kept) {
    form.reset();
    box.value = kept.q;
    this.chosen = kept.chosen;
    this.ticket = kept.ticket;
    this.#id = kept.id;
    this.#at = kept.at;
    this.#told = kept.told;
    for (const field of /** @type {Iterable<HTMLInputElement>} */ (form.elements)) if (kept.fields[field.name]) field.value = kept.fields[field.name];
    for (const chip of this.chips()) chip.checked = kept.fields.ticked.includes(chip.value);
  }

  #keep() {
    this.#write(this.key, this.#kept());
  }

  /** @param {string} key @param {unknown} value */
  #write(key, value) {
    sessionStorage.setItem(key, JSON.stringify(value));
  }

  #paintShelf() {
    const shelf = this.shelf();
    list.hidden = shelf.length === 0;
    const rows = shelf.map((kept, n) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dataset.nth = String(n);
      button.textContent = [kept.q || say("desk", "no-number"), kept.fields.description].filter(Boolean).join(" · ").slice(0, 60);
      return button;
    });
    list.querySelector("div")?.replaceChildren(...rows);
  }
}
