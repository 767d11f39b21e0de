// @ts-check
// Who else has what open: a mark with letters on the rows and in the detail, gone soon after they leave.

import { CSRF, listed, newId, say, send } from "./page.js";

const AGAIN_MS = 15_000;
const SOON_MS = 100;
const COLOURS = 6;
const ADDRESS = "/api/v1/presence";

/** @typedef {{name: string, thing: string}} Looking */

/** Two letters for a name: of a Chinese one the last two, else the beginnings of its words. @param {string} name */
export function letters(name) {
  if (/\p{Script=Han}/u.test(name)) return [...name].slice(-2).join("");
  const beginnings = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean).map((word) => [...word][0]);
  return (beginnings.length > 1 ? beginnings.slice(0, 2).join("") : name.slice(0, 2)).toUpperCase();
}

/** @param {string} name */
const colour = (name) => [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973, 7) % COLOURS;

/** @param {string} name */
function mark(name) {
  const made = document.createElement("abbr");
  made.className = `lookmark look-${colour(name)}`;
  made.textContent = letters(name);
  made.title = say("script", "looking", { who: name });
  return made;
}

/** Tells the room what is open here, and shows what is open elsewhere. */
export class Presence {
  /** @param {HTMLElement} detail */
  constructor(detail) {
    this.detail = detail;
    this.tab = newId();
    this.thing = "";
    /** @type {Looking[]} */
    this.others = [];
    /** @type {number | undefined} */
    this.timer = undefined;
    document.addEventListener("relight:presence", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.tell(), SOON_MS);
    });
    setInterval(() => { if (!document.hidden) this.tell(); }, AGAIN_MS);
    window.addEventListener("pagehide", () => this.#leave());
    this.tell();
  }

  /** @param {string} thing the key of the row that is open here */
  open(thing) {
    if (thing === this.thing) return;
    this.thing = thing;
    this.tell();
  }

  async tell() {
    const asked = this.thing;
    const answer = await send("PUT", ADDRESS, { tab: this.tab, thing: asked || null });
    if (!answer.ok || asked !== this.thing) return;
    this.others = answer.body;
    this.paint();
  }

  #leave() {
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": CSRF };
    const body = JSON.stringify({ tab: this.tab, thing: null });
    fetch(ADDRESS, { method: "PUT", headers, body, keepalive: true }).catch(() => {});
  }

  /** Write the marks where they belong; called again when rows or the detail are drawn anew. */
  paint() {
    /** @type {Map<string, string[]>} */
    const by = new Map();
    for (const { thing, name } of this.others) by.set(thing, [...(by.get(thing) ?? []), name]);
    for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("#list [data-looking]"))) {
      const names = by.get(place.dataset.looking ?? "") ?? [];
      if (place.dataset.names === names.join("\n")) continue;
      place.dataset.names = names.join("\n");
      place.replaceChildren(...names.map(mark));
    }
    this.#paintDetail(by);
  }

  /** @param {Map<string, string[]>} by */
  #paintDetail(by) {
    const shown = /** @type {HTMLElement | null} */ (this.detail.querySelector("#shown"));
    const names = by.get(shown?.dataset.key ?? "") ?? [];
    const there = shown?.querySelector(".alsohere");
    if (!names.length) return there?.remove();
    const said = say("script", "also-here", { who: listed(names) });
    if (there?.lastChild?.textContent === said) return;
    there?.remove();
    const line = document.createElement("p");
    line.className = "alsohere";
    line.setAttribute("role", "status");
    line.append(...names.map(mark), document.createTextNode(said));
    shown?.querySelector("header")?.append(line);
  }
}
