// @ts-check
// Go to anything: one box for numbers, names, addresses and coordinates.

import { unit } from "./sheet.js";

const WAIT_MS = 150;
const CLOSE = 16;
const FOUND_PX = 18;

/** @typedef {{kind: string, says: string, name: string, lon: number, lat: number, key: string}} Thing */

/** The box, and the ring around what was found. */
export class Finder {
  /**
   * @param {any} map @param {import("./map.js").Layers} layers
   * @param {{choose: (key: string) => void, crew: (id: string) => void}} then
   */
  constructor(map, layers, then) {
    this.map = map;
    this.layers = layers;
    this.then = then;
    this.dialog = /** @type {HTMLDialogElement} */ (document.getElementById("goto"));
    this.words = /** @type {HTMLInputElement} */ (document.getElementById("goto-words"));
    this.list = /** @type {HTMLElement} */ (document.getElementById("goto-list"));
    this.none = /** @type {HTMLElement} */ (document.getElementById("goto-none"));
    /** @type {Thing[]} */
    this.things = [];
    this.at = 0;
    /** @type {{x: number, y: number} | null} */
    this.found = null;
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {AbortController | undefined} */
    this.asking = undefined;
    this.words.addEventListener("input", () => {
      window.clearTimeout(this.timer);
      this.timer = window.setTimeout(() => this.#ask(), WAIT_MS);
    });
    this.words.addEventListener("keydown", (event) => this.#key(event));
    this.list.addEventListener("click", (event) => {
      const row = /** @type {HTMLElement} */ (event.target).closest("li");
      if (row) this.#go(Number(row.dataset.n));
    });
  }

  open() {
    if (this.dialog.open) return;
    this.dialog.showModal();
    this.words.select();
  }

  /** @param {CanvasRenderingContext2D} c @param {(x: number, y: number) => [number, number]} place */
  paint(c, place) {
    if (!this.found) return;
    const [x, y] = place(this.found.x, this.found.y);
    c.setLineDash([6, 4]);
    for (const [color, width] of /** @type {[string, number][]} */ ([["#15181c", 5], ["#ffffff", 2]])) {
      c.strokeStyle = color;
      c.lineWidth = width;
      c.beginPath();
      c.arc(x, y, FOUND_PX, 0, 2 * Math.PI);
      c.stroke();
    }
    c.setLineDash([]);
  }

  async #ask() {
    this.asking?.abort();
    const asked = (this.asking = new AbortController());
    const words = this.words.value.trim();
    try {
      const answer = words ? await fetch(`/console/anything?q=${encodeURIComponent(words)}`, { signal: asked.signal }) : null;
      if (answer && !answer.ok) return;
      this.#show(answer ? await answer.json() : [], words);
    } catch {
      // Overtaken by the next letter, or away.
    }
  }

  /** @param {Thing[]} things @param {string} words */
  #show(things, words) {
    this.things = things;
    this.list.replaceChildren(...things.map((thing, n) => {
      const row = document.createElement("li");
      row.id = `goto-${n}`;
      row.dataset.n = String(n);
      row.setAttribute("role", "option");
      const kind = document.createElement("small");
      kind.textContent = thing.says;
      const name = document.createElement("span");
      name.textContent = thing.name;
      row.append(kind, name);
      return row;
    }));
    this.none.hidden = things.length > 0 || !words;
    this.words.setAttribute("aria-expanded", String(things.length > 0));
    this.#point(0);
  }

  /** @param {number} n */
  #point(n) {
    this.at = Math.max(0, Math.min(n, this.things.length - 1));
    for (const [k, row] of [...this.list.children].entries()) row.setAttribute("aria-selected", String(k === this.at));
    if (this.things.length) this.words.setAttribute("aria-activedescendant", `goto-${this.at}`);
    else this.words.removeAttribute("aria-activedescendant");
    this.list.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing) return; // an input method is still at work
    if (event.key === "ArrowDown") this.#point(this.at + 1);
    else if (event.key === "ArrowUp") this.#point(this.at - 1);
    else if (event.key === "Enter") this.#go(this.at);
    else return;
    event.preventDefault();
  }

  /** @param {number} n */
  #go(n) {
    const thing = this.things[n];
    if (!thing) return;
    this.dialog.close();
    this.found = unit(thing.lon, thing.lat);
    if (thing.kind === "crew") this.then.crew(thing.key.replace("crew-", ""));
    else if (thing.key && document.getElementById(`row-${thing.key}`) && !this.layers.past) this.then.choose(thing.key);
    this.map.setView([thing.lat, thing.lon], Math.max(this.map.getZoom(), CLOSE), { animate: false });
    this.layers.moving.redraw();
  }
}
