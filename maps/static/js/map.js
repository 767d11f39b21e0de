// @ts-check
// Draws roads, network, reports, outages and crews on two canvases over the map that folium made:
// one for what changes with the view, one for what moves. Grey is normal.

/** @typedef {{x: Float64Array, starts: number[], style: string}} Lines */
/** @typedef {{x: number, y: number, style: string, key: string, title: string, from?: {x: number, y: number}, moved?: number}} Mark */

import { label, symbol } from "./symbols.js";
import { paintThought } from "./thought.js";

/** @typedef {import("./thought.js").Thought} Thought */

const L = /** @type {any} */ (window).L;
const REACH_PX = 14;
const GLIDE_MS = 1000;

/** Web Mercator, the whole world one unit wide. @param {number} lon @param {number} lat */
function unit(lon, lat) {
  const s = Math.sin((Math.max(Math.min(lat, 85.05), -85.05) * Math.PI) / 180);
  return { x: lon / 360 + 0.5, y: 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI) };
}

/** A canvas as large as the view and a little more, moved and zoomed by Leaflet. */
const Sheet = L.Renderer.extend({
  options: { padding: 0.2, pane: "overlayPane" },
  /** @param {(c: CanvasRenderingContext2D, place: (x: number, y: number) => [number, number], zoom: number) => void} paint */
  initialize(paint) {
    L.Renderer.prototype.initialize.call(this, {});
    this._paint = paint;
  },
  _initContainer() {
    this._container = document.createElement("canvas");
    this._container.setAttribute("aria-hidden", "true");
    this._ctx = this._container.getContext("2d");
  },
  _destroyContainer() {
    this._container.remove();
  },
  _update() {
    if (this._map._animatingZoom && this._bounds) return;
    L.Renderer.prototype._update.call(this);
    const size = this._bounds.getSize();
    const ratio = window.devicePixelRatio || 1;
    L.DomUtil.setPosition(this._container, this._bounds.min);
    this._container.width = size.x * ratio;
    this._container.height = size.y * ratio;
    this._container.style.width = `${size.x}px`;
    this._container.style.height = `${size.y}px`;
    this._ratio = ratio;
    this.redraw();
  },
  redraw() {
    if (!this._bounds || !this._map || this._map._animatingZoom) return;
    const { _ctx: c, _ratio: ratio } = this;
    const zoom = this._map.getZoom();
    const world = 256 * 2 ** zoom;
    const origin = this._map.getPixelOrigin().add(this._bounds.min);
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, this._container.width, this._container.height);
    this._paint(c, (/** @type {number} */ x, /** @type {number} */ y) => [x * world - origin.x, y * world - origin.y], zoom);
  },
});

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
    this.lines = { roads: [], network: [] };
    /** @type {Record<string, Mark[]>} */
    this.marks = { reports: [], transformers: [], work: [], crews: [] };
    this.shown = "";
    /** @type {Thought[]} */
    this.thought = [];
    /** @type {Set<string>} */
    this.ringed = new Set();
    /** @type {Record<string, AbortController>} */
    this.asking = {};
    this.still = new Sheet(this.#paintLines.bind(this)).addTo(map);
    this.moving = new Sheet(this.#paintMarks.bind(this)).addTo(map);
    map.on("moveend zoomend", () => this.readAll());
    map.on("click", (/** @type {any} */ event) => {
      const hit = this.#near(event.latlng);
      if (hit?.key && !hit.key.startsWith("crew-")) chosen(hit.key);
    });
    this.tip = L.tooltip({ direction: "top", offset: [0, -8], className: "tip" });
    map.on("mousemove", (/** @type {any} */ event) => this.#hover(event.latlng));
    map.on("mouseout", () => this.tip.remove());
  }

  readAll() {
    for (const name of ["roads", "network", "transformers", "reports", "work", "crews"]) this.readLayer(name);
  }

  /** @param {string} name */
  async readLayer(name) {
    this.asking[name]?.abort();
    const asked = (this.asking[name] = new AbortController());
    const b = this.map.getBounds().pad(0.2);
    const clip = (/** @type {number} */ v, /** @type {number} */ most) => Math.max(-most, Math.min(most, v));
    const box = [clip(b.getWest(), 180), clip(b.getSouth(), 89), clip(b.getEast(), 180), clip(b.getNorth(), 89)];
    const url = `/console/layers/${name}?bbox=${box.map((v) => v.toFixed(6)).join(",")}&zoom=${this.map.getZoom()}`;
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
    if (name in this.lines) {
      this.lines[name] = collection.features.map(packed);
      this.still.redraw();
      return;
    }
    const before = new Map(this.marks[name].map((mark) => [mark.key, mark]));
    const now = performance.now();
    this.marks[name] = collection.features.map((/** @type {any} */ f) => {
      const [lon, lat] = f.geometry.coordinates;
      const { style, key = "", title = "" } = f.properties;
      /** @type {Mark} */
      const mark = { ...unit(lon, lat), style, key, title };
      const was = key ? before.get(key) : undefined;
      if (was && (was.x !== mark.x || was.y !== mark.y)) Object.assign(mark, { from: placed(was, now), moved: now });
      return mark;
    });
    if (name === "crews" && this.marks.crews.some((mark) => mark.from)) this.#glide(now + GLIDE_MS);
    else this.moving.redraw();
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
    c.lineJoin = c.lineCap = "round";
    const rank = (/** @type {Lines} */ l) => ["service-lit", "lv-lit", "mv-lit", "predicted", "out"].indexOf(l.style);
    const width = (/** @type {Lines} */ l) => this.table.roads[l.style].width;
    this.lines.roads.sort((a, b) => width(a) - width(b));
    this.lines.network.sort((a, b) => rank(a) - rank(b));
    for (const [group, all] of /** @type {[string, Lines[]][]} */ ([["roads", this.lines.roads], ["network", this.lines.network]])) {
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
    c.setLineDash([]);
  }

  /** @param {CanvasRenderingContext2D} c @param {(x: number, y: number) => [number, number]} place @param {number} zoom */
  #paintMarks(c, place, zoom) {
    const now = performance.now();
    for (const name of ["transformers", "reports", "crews", "work"]) {
      if (name === "transformers" && zoom < 12) continue;
      for (const mark of this.marks[name]) {
        const at = placed(mark, now);
        const [x, y] = place(at.x, at.y);
        symbol(c, this.table.marks[mark.style], x, y);
        if (mark.key && mark.key === this.shown) {
          c.strokeStyle = "#ffffff";
          c.lineWidth = 2;
          c.beginPath();
          c.arc(x, y, 16, 0, 2 * Math.PI);
          c.stroke();
        }
        if (name === "crews" && zoom >= 14) label(c, mark.title, x, y + 20);
      }
    }
    paintThought(c, this.table.marks, this.thought, { place, zoom, ringed: this.ringed });
  }

  /** @param {any} latlng @returns {Mark | undefined} */
  #near(latlng) {
    const world = 256 * 2 ** this.map.getZoom();
    const here = unit(latlng.lng, latlng.lat);
    let best;
    let reach = REACH_PX;
    for (const mark of [...this.thought, ...this.marks.crews, ...this.marks.work]) {
      const away = Math.hypot(mark.x - here.x, mark.y - here.y) * world;
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
    text.textContent = hit.title;
    this.tip.setLatLng(latlng).setContent(text).addTo(this.map);
  }
}

/** @param {any} feature @returns {Lines} */
function packed(feature) {
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
function trace(c, lines, place) {
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

/** Draw the symbols of the legend. @param {any} table */
export function legend(table) {
  for (const canvas of /** @type {NodeListOf<HTMLCanvasElement>} */ (document.querySelectorAll("canvas[data-style]"))) {
    const c = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const name = canvas.dataset.style ?? "";
    const line = table.network[name];
    if (!line) {
      const mark = table.marks[name];
      symbol(c, { ...mark, radius: Math.min(mark.radius, 6) }, 14, 8);
      continue;
    }
    c.strokeStyle = line.color;
    c.lineWidth = line.width;
    c.setLineDash(line.dash);
    c.beginPath();
    c.moveTo(1, 8);
    c.lineTo(27, 8);
    c.stroke();
  }
}
