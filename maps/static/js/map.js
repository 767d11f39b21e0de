// @ts-check
// Draws roads, network, reports, outages and crews on two canvases over the map that folium made:
// one for what changes with the view, one for what moves. Grey is normal.

/** @typedef {{x: Float64Array, starts: number[], style: string}} Lines */
/** @typedef {{west: number, south: number, east: number, north: number, style: string}} Square */
/** @typedef {{x: number, y: number, style: string, key: string, title: string, from?: {x: number, y: number}, moved?: number, due?: number, seen?: number, heading?: number, there?: number, crew?: string, ticket?: string}} Mark */
/** @typedef {(c: CanvasRenderingContext2D, place: (x: number, y: number) => [number, number], zoom: number) => void} Painter */

import { Sheet, unit } from "./sheet.js";
import { clock, word } from "./mapwords.js";
import { serverNow, span } from "./page.js";
import { heading, label, square, symbol } from "./symbols.js";
import { ink } from "./theme.js";
import { paintThought } from "./thought.js";
import { paintZones } from "./zones.js";

/** @typedef {import("./thought.js").Thought} Thought */

const L = /** @type {any} */ (window).L;
const REACH_PX = 14;
const GLIDE_MS = 1000;
const HAVE_A_PAST = ["network", "transformers", "reports", "work", "crews", "zones"];

/** The layers on one map. */
export class Layers {
  /**
   * @param {any} map Leaflet's map, made by folium
   * @param {any} table the style table
   * @param {(key: string) => void} chosen called when somebody clicks on a symbol
   */
  constructor(map, table, chosen) {
    this.map = map;
    this.table = table;
    /** @type {Record<string, Lines[]>} */
    this.lines = { roads: [], network: [], closures: [], way: [], zones: [] };
    /** @type {{lines: Lines | null, corners: {x: number, y: number}[], area: boolean}} */
    this.drawn = { lines: null, corners: [], area: false };
    /** @type {Record<string, Mark[]>} */
    this.marks = { reports: [], transformers: [], planned: [], work: [], crews: [] };
    /** @type {Square[]} */
    this.squares = [];
    this.covers = false;
    this.shown = "";
    /** @type {Thought[]} */
    this.thought = [];
    /** @type {Set<string>} */
    this.ringed = new Set();
    /** @type {Record<string, AbortController>} */
    this.asking = {};
    /** @type {Set<string>} layers that somebody switched off */
    this.off = new Set();
    /** @type {Painter[]} what others draw on top */
    this.painters = [];
    /** @type {string | null} the moment that is looked back at */
    this.past = null;
    this.taken = false; // a click belongs to a tool
    this.still = new Sheet(this.#paintLines.bind(this)).addTo(map);
    this.moving = new Sheet(this.#paintMarks.bind(this)).addTo(map);
    map.on("moveend zoomend", () => this.readAll());
    map.on("click", (/** @type {any} */ event) => {
      const hit = this.taken ? undefined : this.#near(event.latlng);
      if (hit?.key.startsWith("crew-")) document.dispatchEvent(new CustomEvent("relight:crew", { detail: hit.key.slice(5) }));
      else if (hit?.key && !this.past) chosen(hit.key);
    });
    this.tip = L.tooltip({ direction: "top", offset: [0, -8], className: "tip" });
    map.on("mousemove", (/** @type {any} */ event) => this.#hover(event.latlng));
    map.on("mouseout", () => this.tip.remove());
  }

  /** Show or hide a layer. @param {string} name @param {boolean} on */
  show(name, on) {
    if (name === "coverage") return this.cover(on);
    if (on === !this.off.has(name)) return;
    if (on) this.off.delete(name);
    else this.off.add(name);
    if (on && (name in this.lines || name in this.marks)) this.readLayer(name);
    if (!on) this.#empty(name);
    this.still.redraw();
    this.moving.redraw();
  }

  /** @param {string} name */
  #empty(name) {
    this.asking[name]?.abort();
    if (name === "coverage") this.squares = [];
    if (name in this.lines) this.lines[name] = [];
    if (name in this.marks) this.#keep(name, []);
  }

  /** Show which customers have a free crew near, or stop. @param {boolean} on */
  cover(on) {
    this.covers = on;
    this.map.getContainer().dataset.covered = "0";
    this.squares = [];
    this.still.redraw();
    if (on) this.readLayer("coverage");
  }

  readAll() {
    if (this.covers) this.readLayer("coverage");
    for (const name of ["roads", "network", "closures", "zones", "transformers", "planned", "reports", "work", "crews"]) this.readLayer(name);
  }

  /** Show what is being drawn, and what it would shut. @param {{lng: number, lat: number}[]} corners @param {boolean} area @param {any} geometry */
  draw(corners, area, geometry) {
    const lines = geometry ? packed({ geometry, properties: { style: "road-drawn" } }) : null;
    this.drawn = { lines, corners: corners.map(({ lng, lat }) => unit(lng, lat)), area };
    this.map.getContainer().dataset.drawn = String(corners.length);
    this.still.redraw();
  }

  /** Show where the middle of the map is. @param {boolean} on */
  aim(on) {
    this.map.getContainer().classList.toggle("aimed", on);
  }

  /** @param {string} name */
  async readLayer(name) {
    if (this.off.has(name)) return;
    if (this.past && name !== "roads" && !HAVE_A_PAST.includes(name)) return this.#empty(name);
    this.asking[name]?.abort();
    const asked = (this.asking[name] = new AbortController());
    const b = this.map.getBounds().pad(0.2);
    const clip = (/** @type {number} */ v, /** @type {number} */ most) => Math.max(-most, Math.min(most, v));
    const box = [clip(b.getWest(), 180), clip(b.getSouth(), 89), clip(b.getEast(), 180), clip(b.getNorth(), 89)];
    const then = this.past && name !== "roads" ? `&at=${encodeURIComponent(this.past)}` : "";
    const url = `/console/${then ? "then" : "layers"}/${name}?bbox=${box.map((v) => v.toFixed(6)).join(",")}&zoom=${this.map.getZoom()}${then}`;
    try {
      const answer = await fetch(url, { signal: asked.signal });
      if (!answer.ok) return;
      this.#take(name, await answer.json());
    } catch {
      // Away or overtaken by a newer question: what is drawn stays, and the header says how old it is.
    }
  }

  /** @param {string} name @param {any} collection */
  #take(name, collection) {
    if (name === "coverage") {
      this.squares = this.covers ? collection.features.map(squareOf) : [];
      this.map.getContainer().dataset.covered = String(this.squares.length);
      this.still.redraw();
      return;
    }
    if (name in this.lines) {
      this.lines[name] = collection.features.map((/** @type {any} */ f) => (name === "zones" ? { ...f.properties, ...packed(f) } : packed(f)));
      this.map.getContainer().dataset.zones = String(this.lines.zones.length);
      this.still.redraw();
      return;
    }
    const before = new Map(this.marks[name].map((mark) => [mark.key, mark]));
    const now = performance.now();
    const marks = collection.features.map((/** @type {any} */ f) => {
      const [lon, lat] = f.geometry.coordinates;
      const { style, key = "", title = "", due_at: due, age_s: age, heading: bearing, arrives_at: there, crew, ticket } = f.properties;
      /** @type {Mark} */
      const mark = { ...unit(lon, lat), style, key, title, crew, ticket };
      if (due) mark.due = Date.parse(due);
      if (typeof age === "number") mark.seen = serverNow() - age * 1000;
      const was = key ? before.get(key) : undefined;
      if (was && (was.x !== mark.x || was.y !== mark.y)) Object.assign(mark, { from: placed(was, now), moved: now });
      if (typeof bearing === "number") mark.heading = ((bearing - 90) * Math.PI) / 180;
      if (there) mark.there = Date.parse(there);
      return mark;
    });
    this.#keep(name, marks);
    if (name === "crews") document.dispatchEvent(new Event("relight:crews"));
    if (name === "crews" && this.marks.crews.some((mark) => mark.from)) this.#glide(now + GLIDE_MS);
    else this.moving.redraw();
  }

  /** @param {string} name @param {Mark[]} marks */
  #keep(name, marks) {
    this.marks[name] = marks;
    this.map.getContainer().dataset[name] = String(marks.length);
  }

  /** Show lines that somebody else has read. @param {string} name @param {any} collection */
  put(name, collection) {
    this.lines[name] = collection.features.map(packed);
    this.still.redraw();
  }

  /** Draw until the crews have arrived where they were seen. @param {number} until */
  #glide(until) {
    this.moving.redraw();
    if (performance.now() < until && !document.hidden) requestAnimationFrame(() => this.#glide(until));
  }

  /** @param {string} key what the detail shows; it is ringed on the map */
  mark(key) {
    this.shown = key;
    this.moving.redraw();
  }

  /** Show what is thought of the open outage. @param {string | null} url null: of none @param {boolean} look so that all of it is seen */
  async think(url, look) {
    this.asking.thought?.abort();
    const asked = (this.asking.thought = new AbortController());
    if (url === null || look) this.#hold([]);
    if (url === null) return;
    try {
      const answer = await fetch(url, { signal: asked.signal });
      if (!answer.ok) return;
      const { features } = await answer.json();
      this.#hold(features.map(thoughtOf));
      const places = features.filter((/** @type {any} */ f) => f.properties.share === null || f.properties.share > 0.1).map((/** @type {any} */ f) => [...f.geometry.coordinates].reverse());
      const bounds = L.latLngBounds(places);
      if (look && places.length && !this.map.getBounds().contains(bounds)) this.map.fitBounds(bounds.pad(0.15), { maxZoom: 16, animate: false });
    } catch {
      // Away or overtaken by a newer question, as in readLayer.
    }
  }

  /** @param {Thought[]} thought */
  #hold(thought) {
    this.thought = thought;
    this.map.getContainer().dataset.suspects = String(thought.filter((each) => each.style === "suspect").length);
    this.moving.redraw();
  }

  /** @param {Set<string>} tickets the callers that are about to leave */
  ring(tickets) {
    this.ringed = tickets;
    this.moving.redraw();
  }

  /** @param {CanvasRenderingContext2D} c @param {(x: number, y: number) => [number, number]} place @param {number} zoom */
  #paintLines(c, place, zoom) {
    for (const each of this.squares) {
      const [x, y] = place(each.west, each.north);
      const [right, low] = place(each.east, each.south);
      square(c, this.table.cover[each.style], { x, y, wide: right - x, high: low - y });
    }
    paintZones(c, place, /** @type {import("./zones.js").ZoneLines[]} */ (this.lines.zones), this.table.zones);
    c.lineJoin = c.lineCap = "round";
    const rank = (/** @type {Lines} */ l) => ["service-lit", "lv-lit", "mv-lit", "planned-line", "predicted", "partial", "out"].indexOf(l.style);
    const width = (/** @type {Lines} */ l) => this.table.roads[l.style].width;
    this.lines.roads.sort((a, b) => width(a) - width(b));
    this.lines.network.sort((a, b) => rank(a) - rank(b));
    for (const [group, all] of /** @type {[string, Lines[]][]} */ ([["roads", this.lines.roads], ["network", this.lines.network], ["network", this.lines.way]])) {
      for (const lines of all) {
        const style = this.table[group][lines.style];
        if (!style || zoom < style.zoom) continue;
        c.strokeStyle = style.color;
        c.lineWidth = style.width * (zoom >= 15 ? 1.5 : 1);
        c.setLineDash(style.dash);
        c.beginPath();
        trace(c, lines, place);
        c.stroke();
      }
    }
    this.#paintClosures(c, place);
    c.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} c @param {(x: number, y: number) => [number, number]} place */
  #paintClosures(c, place) {
    c.lineCap = "butt";
    const { lines, corners, area } = this.drawn;
    for (const shut of lines ? [...this.lines.closures, lines] : this.lines.closures) {
      const style = this.table.closures[shut.style];
      c.strokeStyle = style.color;
      for (const [width, dash] of [[style.width, style.dash], [1, []]]) {
        c.lineWidth = width;
        c.setLineDash(dash);
        c.beginPath();
        trace(c, shut, place);
        c.stroke();
      }
    }
    c.setLineDash([4, 3]);
    c.strokeStyle = c.fillStyle = ink.strong;
    c.lineWidth = 1.5;
    c.beginPath();
    corners.forEach((corner, n) => (n ? c.lineTo(...place(corner.x, corner.y)) : c.moveTo(...place(corner.x, corner.y))));
    if (area) c.closePath();
    c.stroke();
    for (const corner of corners) {
      const [x, y] = place(corner.x, corner.y);
      c.fillRect(x - 3, y - 3, 6, 6);
    }
  }

  /** @param {CanvasRenderingContext2D} c @param {(x: number, y: number) => [number, number]} place @param {number} zoom */
  #paintMarks(c, place, zoom) {
    const now = performance.now();
    for (const name of ["planned", "transformers", "reports", "crews", "work"]) {
      if (name === "transformers" && zoom < 12) continue;
      for (const mark of this.marks[name]) {
        const at = placed(mark, now);
        const [x, y] = place(at.x, at.y);
        symbol(c, this.table.marks[mark.style], x, y);
        if (mark.key && mark.key === this.shown) {
          c.strokeStyle = ink.strong;
          c.lineWidth = 2;
          c.beginPath();
          c.arc(x, y, 16, 0, 2 * Math.PI);
          c.stroke();
        }
        if (mark.heading !== undefined) heading(c, this.table.marks[mark.style], x, y, mark.heading);
        if (name === "crews" && zoom >= 14) label(c, mark.title, x, y + 20);
      }
    }
    for (const paint of this.painters) paint(c, place, zoom);
    if (!this.off.has("thought") && !this.past) paintThought(c, this.table.marks, this.thought, { place, zoom, ringed: this.ringed });
  }

  /** @param {any} latlng @returns {Mark | undefined} */
  #near(latlng) {
    const world = 256 * 2 ** this.map.getZoom();
    const here = unit(latlng.lng, latlng.lat);
    const now = performance.now();
    let best;
    let reach = REACH_PX;
    for (const mark of [...(this.off.has("thought") ? [] : this.thought), ...this.marks.crews, ...this.marks.planned, ...this.marks.work]) {
      const at = placed(mark, now);
      const away = Math.hypot(at.x - here.x, at.y - here.y) * world;
      if (away <= reach) [best, reach] = [mark, away];
    }
    return best;
  }

  /** @param {any} latlng */
  #hover(latlng) {
    const hit = this.#near(latlng);
    this.map.getContainer().style.cursor = hit ? "pointer" : "";
    if (!hit) return void this.tip.remove();
    const text = document.createElement("span");
    const parts = [hit.title];
    if (hit.seen) parts.push(span((serverNow() - hit.seen) / 1000));
    if (hit.there) parts.push(word("there", { t: clock(hit.there) }));
    text.textContent = parts.join(" · ");
    this.tip.setLatLng(latlng).setContent(text).addTo(this.map);
  }
}

/** @param {any} feature @returns {Square} */
function squareOf(feature) {
  const [[lonWest, latSouth], , [lonEast, latNorth]] = feature.geometry.coordinates[0];
  const [low, high] = [unit(lonWest, latSouth), unit(lonEast, latNorth)];
  return { west: low.x, south: low.y, east: high.x, north: high.y, style: feature.properties.style };
}

/** @param {any} feature @returns {Lines} */
export function packed(feature) {
  const { type, coordinates } = feature.geometry;
  /** @type {number[][][]} */
  const lines = type === "LineString" ? [coordinates] : type === "MultiLineString" ? coordinates : [];
  const x = new Float64Array(2 * lines.reduce((sum, line) => sum + line.length, 0));
  const starts = [];
  let i = 0;
  for (const line of lines) {
    starts.push(i);
    for (const [lon, lat] of line) {
      const at = unit(lon, lat);
      x[i++] = at.x;
      x[i++] = at.y;
    }
  }
  starts.push(i);
  return { x, starts, style: feature.properties.style };
}

/** @param {CanvasRenderingContext2D} c @param {Lines} lines @param {(x: number, y: number) => [number, number]} place */
export function trace(c, lines, place) {
  for (let n = 0; n + 1 < lines.starts.length; n++) {
    for (let i = lines.starts[n]; i < lines.starts[n + 1]; i += 2) {
      const [x, y] = place(lines.x[i], lines.x[i + 1]);
      if (i === lines.starts[n]) c.moveTo(x, y);
      else c.lineTo(x, y);
    }
  }
}

/** @param {any} feature @returns {Thought} */
function thoughtOf(feature) {
  const [lon, lat] = feature.geometry.coordinates;
  const { style, title, share, percent, ticket = "" } = feature.properties;
  const chance = percent === null ? "" : `${percent}%`;
  return { ...unit(lon, lat), style, key: "", title: `${title} ${chance}`, share: share ?? 1, chance, ticket };
}

/** Where a mark is drawn: on its way from where it was. @param {Mark} mark @param {number} now */
function placed(mark, now) {
  if (!mark.from || mark.moved === undefined) return { x: mark.x, y: mark.y };
  const t = Math.min(1, (now - mark.moved) / GLIDE_MS);
  return { x: mark.from.x + (mark.x - mark.from.x) * t, y: mark.from.y + (mark.y - mark.from.y) * t };
}
