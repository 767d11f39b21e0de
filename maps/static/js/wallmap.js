// @ts-check
// The wall's map: nobody touches it. It looks at what is out, and at everything when nothing is.

import { packed, trace } from "./map.js";
import { Sheet, unit } from "./sheet.js";
import { symbol } from "./symbols.js";
import { ink } from "./theme.js";
import { LETTER_PX, paintZones } from "./zones.js";

/** @typedef {import("./map.js").Lines} Lines */
/** @typedef {{x: number, y: number, style: string, customers: number}} Mark */

const L = /** @type {any} */ (window).L;
const LINES_MS = 60_000;
const LABELS = 8;
const LETTER = 0.039; // of the screen's height
const LONGEST_NAME = 12;
const CLOSEST = 14; // on a screen of 1080 pixels

export class WallMap {
  /** @param {any} map Leaflet's map, made by folium @param {any} table the style table */
  constructor(map, table) {
    this.map = map;
    this.table = table;
    this.home = map.getBounds();
    /** @type {Record<string, Lines[]>} */
    this.lines = { roads: [], network: [], zones: [] };
    /** @type {Record<string, Mark[]>} */
    this.marks = { outages: [], crews: [] };
    this.linesReadAt = -Infinity;
    for (const hand of ["dragging", "touchZoom", "doubleClickZoom", "scrollWheelZoom", "boxZoom", "keyboard"]) map[hand]?.disable();
    map.getContainer().tabIndex = -1;
    map.options.zoomSnap = 0;
    this.still = new Sheet(this.#paintLines.bind(this)).addTo(map);
    this.moving = new Sheet(this.#paintMarks.bind(this)).addTo(map);
    map.on("moveend", () => this.#readLines());
    new ResizeObserver(() => { map.invalidateSize(); this.#look(true); }).observe(map.getContainer());
  }

  redraw() {
    this.still.redraw();
    this.moving.redraw();
  }

  /** Read what moves, and what does not when it is some time ago. */
  async read() {
    await Promise.all([this.#readMarks("outages"), this.#readMarks("crews"), this.#readZones()]);
    this.#look(false);
    if (performance.now() - this.linesReadAt > LINES_MS) this.#readLines();
    this.moving.redraw();
  }

  async #readZones() {
    const drawn = await this.#layer("zones");
    if (!drawn) return;
    const before = JSON.stringify(this.lines.zones.map((/** @type {any} */ each) => each.id));
    this.lines.zones = drawn.features.map((/** @type {any} */ f) => ({ ...f.properties, title: shortened(f.properties.title), ...packed(f) }));
    this.map.getContainer().dataset.zones = String(this.lines.zones.length);
    if (JSON.stringify(this.lines.zones.map((/** @type {any} */ each) => each.id)) !== before) this.still.redraw();
  }

  async #readLines() {
    this.linesReadAt = performance.now();
    for (const name of ["roads", "network"]) {
      const drawn = await this.#layer(name);
      if (drawn) this.lines[name] = drawn.features.map(packed);
    }
    this.still.redraw();
  }

  /** @param {string} name */
  async #readMarks(name) {
    const drawn = await this.#layer(name);
    if (!drawn) return;
    this.marks[name] = drawn.features.map((/** @type {any} */ f) => ({ ...unit(...f.geometry.coordinates), lonLat: f.geometry.coordinates, ...f.properties }));
    this.map.getContainer().dataset[name] = String(drawn.features.length);
  }

  /** @param {string} name @returns {Promise<any>} null when it is away: what is drawn stays */
  async #layer(name) {
    const b = this.map.getBounds().pad(0.1);
    const clip = (/** @type {number} */ v, /** @type {number} */ most) => Math.max(-most, Math.min(most, v)).toFixed(6);
    const box = [clip(b.getWest(), 180), clip(b.getSouth(), 89), clip(b.getEast(), 180), clip(b.getNorth(), 89)];
    try {
      const answer = await fetch(`/board/layers/${name}?bbox=${box}&zoom=${this.map.getZoom()}`, { signal: AbortSignal.timeout(20_000) });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }

  /** Turn to what is out; stay where that is well in view already. @param {boolean} anyway */
  #look(anyway) {
    const places = this.marks.outages.map((/** @type {any} */ mark) => [mark.lonLat[1], mark.lonLat[0]]);
    const bounds = places.length ? L.latLngBounds(places).pad(0.25) : this.home;
    const view = this.map.getBounds();
    const zoom = Math.min(this.map.getBoundsZoom(bounds), CLOSEST + Math.log2(window.innerHeight / 1080));
    if (!anyway && view.contains(bounds) && zoom - this.map.getZoom() < 1) return;
    this.map.setView(bounds.getCenter(), zoom, { animate: false });
  }

  /** @param {CanvasRenderingContext2D} c @param {(x: number, y: number) => [number, number]} place */
  #paintLines(c, place) {
    const scale = window.innerHeight / 900;
    paintZones(c, place, /** @type {import("./zones.js").ZoneLines[]} */ (this.lines.zones), this.table.zones, (LETTER * window.innerHeight) / LETTER_PX);
    c.lineJoin = c.lineCap = "round";
    for (const group of ["roads", "network"]) {
      for (const lines of this.lines[group]) {
        const style = this.table[group][lines.style];
        if (!style) continue;
        c.strokeStyle = style.color;
        c.lineWidth = style.width * scale;
        c.setLineDash(style.dash.map((/** @type {number} */ d) => d * scale));
        c.beginPath();
        trace(c, lines, place);
        c.stroke();
      }
    }
    c.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} c @param {(x: number, y: number) => [number, number]} place */
  #paintMarks(c, place) {
    const scale = window.innerHeight / 600;
    for (const mark of this.marks.crews) {
      this.#mark(c, mark.style, place(mark.x, mark.y), scale * 0.8);
    }
    for (const mark of this.marks.outages) {
      this.#mark(c, mark.style, place(mark.x, mark.y), scale * Math.min(4, 1 + Math.sqrt(mark.customers) / 16));
    }
    this.#paintLabels(c, place, scale);
  }

  /** @param {CanvasRenderingContext2D} c @param {string} style @param {[number, number]} at @param {number} scale */
  #mark(c, style, [x, y], scale) {
    c.save();
    c.translate(x, y);
    c.scale(scale, scale);
    symbol(c, this.table.marks[style], 0, 0);
    c.restore();
  }

  /** How many are out, of the largest; one that would cover another is left out. @param {CanvasRenderingContext2D} c @param {(x: number, y: number) => [number, number]} place @param {number} scale */
  #paintLabels(c, place, scale) {
    const size = LETTER * window.innerHeight;
    c.font = `650 ${size}px system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif`;
    c.textAlign = "center";
    c.textBaseline = "top";
    c.lineJoin = "round";
    /** @type {{x: number, y: number, wide: number}[]} */
    const taken = [];
    for (const mark of this.marks.outages.slice(-LABELS).reverse()) {
      const [x, top] = place(mark.x, mark.y);
      const text = mark.customers.toLocaleString("en");
      const [y, wide] = [top + scale * 12, c.measureText(text).width];
      if (taken.some((other) => Math.abs(other.y - y) < size && Math.abs(other.x - x) < (other.wide + wide) / 2)) continue;
      taken.push({ x, y, wide });
      c.strokeStyle = ink.ground;
      c.lineWidth = size / 5;
      c.strokeText(text, x, y);
      c.fillStyle = ink.text;
      c.fillText(text, x, y);
    }
  }
}

/** As much of a name as there is room for on the wall. @param {string} name */
const shortened = (name) => ([...name].length > LONGEST_NAME ? `${[...name].slice(0, LONGEST_NAME).join("")}…` : name);
