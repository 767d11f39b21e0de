// @ts-check
// The map's side of the console: what is shown on it, and what one may do there.

import { Basemap } from "./basemap.js";
import { Follower } from "./follow.js";
import { Finder } from "./goto.js";
import { layerbox } from "./layerbox.js";
import { Lookback } from "./lookback.js";
import { Lasso, Measure } from "./maptools.js";
import { promises } from "./promises.js";

const PROMISES_EVERY_MS = 10_000;

/**
 * @param {any} map Leaflet's
 * @param {import("./map.js").Layers} layers
 * @param {(key: string) => void} choose opens a row of the list
 */
export function mapside(map, layers, choose) {
  const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
  const ground = new Basemap(map, byId("ground"));
  layerbox(byId("layerbox"), (layer, on) => layers.show(layer, on), (theme) => {
    ground.show(theme);
    layers.show("roads", !ground.layer); // the base map has them
  });

  const follower = new Follower(map, layers);
  const finder = new Finder(map, layers, { choose, crew: (id) => follower.consider(id) });
  const lookback = new Lookback(map, layers);
  const tools = [new Measure(map, layers, byId("measure")), new Lasso(map, layers, byId("lasso"), choose)];
  for (const tool of tools) tool.others = tools;

  layers.painters.push(promises(layers), (c, place) => finder.paint(c, place), (c, place) => tools.forEach((tool) => tool.paint(c, place)));
  setInterval(() => layers.moving.redraw(), PROMISES_EVERY_MS);
  coordinates(map, byId("where"));

  byId("goto-open").addEventListener("click", () => finder.open());
  byId("back-open").addEventListener("click", () => lookback.toggle());
  byId("follow-stop").addEventListener("click", () => follower.stop());
  /** @type {Record<string, () => void>} */
  const keys = { g: () => finder.open(), f: () => follower.toggle(), h: () => lookback.toggle() };
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.key === "Escape") tools.forEach((tool) => tool.end());
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("dialog") || target.matches("input:not([type=range]):not([type=checkbox]), textarea, select")) return;
    const act = keys[event.key.toLowerCase()];
    if (!act) return;
    act();
    event.preventDefault();
  });
}

/** Where the pointer is, or the middle of the map for who has none. @param {any} map @param {HTMLElement} out */
function coordinates(map, out) {
  const write = (/** @type {{lng: number, lat: number}} */ { lng, lat }) => { out.textContent = `${lng.toFixed(5)}, ${lat.toFixed(5)}`; };
  map.on("mousemove", (/** @type {any} */ event) => write(event.latlng));
  map.on("moveend", () => write(map.getCenter()));
  write(map.getCenter());
}
