// @ts-check
// Tools that take clicks on the map: measuring a way, and choosing what lies within a line.

import { NUMBER, word } from "./mapwords.js";
import { unit } from "./sheet.js";

const LISTED = 8;

/** @typedef {{lng: number, lat: number}} Place */

/** What both tools share: points that are added by a click or, by keyboard, at the map's middle. */
class PathTool {
  /** @param {any} map @param {import("./map.js").Layers} layers @param {HTMLElement} button */
  constructor(map, layers, button) {
    this.map = map;
    this.layers = layers;
    this.button = button;
    this.on = false;
    this.closes = false;
    /** @type {Place[]} */
    this.points = [];
    /** @type {PathTool[]} */
    this.others = [];
    this.panel = /** @type {HTMLElement} */ (document.getElementById("maptool"));
    this.says = /** @type {HTMLElement} */ (document.getElementById("tool-says"));
    this.list = /** @type {HTMLElement} */ (document.getElementById("tool-list"));
    button.addEventListener("click", () => (this.on ? this.end() : this.begin()));
    map.on("click", (/** @type {any} */ event) => { if (this.on) this.#add(event.latlng); });
    this.panel.addEventListener("click", (event) => {
      const pressed = /** @type {HTMLElement} */ (event.target).closest("button")?.id;
      if (!this.on) return;
      if (pressed === "tool-add") this.#add(map.getCenter());
      if (pressed === "tool-undo") this.#change(this.points.slice(0, -1));
      if (pressed === "tool-done") this.end();
    });
  }

  begin() {
    for (const other of this.others) other.end();
    this.on = this.layers.taken = true;
    this.button.setAttribute("aria-pressed", "true");
    this.layers.aim(true);
    this.panel.hidden = false;
    this.#change([]);
  }

  end() {
    if (!this.on) return;
    this.on = this.layers.taken = false;
    this.button.setAttribute("aria-pressed", "false");
    this.layers.aim(false);
    this.panel.hidden = true;
    this.#change([]);
  }

  /** @param {Place} place */
  #add({ lng, lat }) {
    this.#change([...this.points, { lng, lat }]);
  }

  /** @param {Place[]} points */
  #change(points) {
    this.points = points;
    this.list.replaceChildren();
    if (this.on) this.changed();
    this.layers.moving.redraw();
  }

  changed() {}

  /** @param {CanvasRenderingContext2D} c @param {(x: number, y: number) => [number, number]} place */
  paint(c, place) {
    if (!this.points.length) return;
    const at = this.points.map(({ lng, lat }) => unit(lng, lat)).map(({ x, y }) => place(x, y));
    for (const [color, width, dash] of /** @type {[string, number, number[]][]} */ ([["#15181c", 5, []], ["#ffffff", 2, [6, 4]]])) {
      c.strokeStyle = color;
      c.lineWidth = width;
      c.setLineDash(dash);
      c.beginPath();
      at.forEach(([x, y], n) => (n ? c.lineTo(x, y) : c.moveTo(x, y)));
      if (this.closes) c.closePath();
      c.stroke();
    }
    c.setLineDash([]);
    c.fillStyle = "#ffffff";
    for (const [x, y] of at) c.fillRect(x - 3, y - 3, 6, 6);
  }
}

/** Measures along the points, over the ground. */
export class Measure extends PathTool {
  changed() {
    const metres = this.points.slice(1).reduce((sum, to, n) => sum + this.map.distance(this.points[n], to), 0);
    this.says.textContent = this.points.length ? word("measure", { n: this.points.length, km: NUMBER.format(metres / 1000) }) : word("measure-start");
  }
}

/** Chooses outages and reports within a line, and tells the rest of the page which. */
export class Lasso extends PathTool {
  /** @param {any} map @param {import("./map.js").Layers} layers @param {HTMLElement} button @param {(key: string) => void} choose */
  constructor(map, layers, button, choose) {
    super(map, layers, button);
    this.closes = true;
    this.list.addEventListener("click", (event) => {
      const key = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.key;
      if (key) choose(key);
    });
  }

  begin() {
    super.begin();
    this.#tell([], []);
  }

  end() {
    if (this.on) this.#tell([], []);
    super.end();
  }

  changed() {
    if (this.points.length < 3) {
      this.says.textContent = word("lasso-start");
      return this.#tell([], []);
    }
    const ring = this.points.map(({ lng, lat }) => unit(lng, lat));
    const work = this.layers.marks.work.filter((mark) => inside(ring, mark));
    const reports = this.layers.marks.reports.filter((mark) => mark.ticket && inside(ring, mark));
    this.says.textContent = word("lasso", { work: word("lasso-work", { n: work.length }), reports: word("lasso-reports", { n: reports.length }) });
    this.list.replaceChildren(...work.slice(0, LISTED).map((mark) => {
      const row = document.createElement("li");
      const button = document.createElement("button");
      button.type = "button";
      button.className = "quiet";
      button.dataset.key = mark.key;
      button.textContent = mark.title;
      row.append(button);
      return row;
    }));
    this.#tell(work.map((mark) => mark.key), reports.map((mark) => mark.ticket ?? ""));
  }

  /** @param {string[]} keys @param {string[]} tickets */
  #tell(keys, tickets) {
    const of = (/** @type {string} */ kind) => keys.filter((key) => key.startsWith(kind)).map((key) => key.slice(kind.length));
    document.dispatchEvent(new CustomEvent("relight:lasso", { detail: { outages: of("outage-"), incidents: of("incident-"), tickets } }));
  }
}

/** Whether a place lies within a ring, by counting crossings. @param {{x: number, y: number}[]} ring @param {{x: number, y: number}} at */
function inside(ring, at) {
  let odd = false;
  ring.forEach((one, n) => {
    const other = ring[(n + 1) % ring.length];
    if (one.y > at.y !== other.y > at.y && at.x < one.x + ((at.y - one.y) / (other.y - one.y)) * (other.x - one.x)) odd = !odd;
  });
  return odd;
}
