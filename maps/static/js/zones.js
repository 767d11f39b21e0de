// @ts-check
// Zones: storms, floods, fires and ground nobody may enter, drawn on the map and declared.

import { Outline } from "./outline.js";
import { explain, listed, say, send, sentences, toast } from "./page.js";
import { ink } from "./theme.js";

/** @typedef {import("./page.js").Command} Command */
/** @typedef {import("./map.js").Lines & {title: string, announced: boolean}} ZoneLines */

const LEAST = 3;
const SEEN = "relight.zones";
const NUMBER = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
const FONT = "system-ui, 'Noto Sans', 'Noto Sans CJK SC', sans-serif";
export const LETTER_PX = 13;

/** Draws a zone for one form on one map. */
export class ZoneDrawing {
  /** @param {any} map @param {import("./map.js").Layers} layers @param {HTMLFormElement} form */
  constructor(map, layers, form) {
    this.layers = layers;
    this.outline = new Outline(map, layers, form, () => this.#changed());
  }

  #changed() {
    const { corners } = this.outline;
    this.layers.draw(corners, true, null);
    this.outline.say(corners.length ? say("script", "draw-more", { n: corners.length, least: LEAST }) : "");
    this.outline.soon(corners.length < LEAST ? null : (isCurrent) => this.#preview(isCurrent));
  }

  /** @param {() => boolean} isCurrent */
  async #preview(isCurrent) {
    const answer = await send("POST", "/api/v1/zones/preview", { area: this.outline.told() });
    if (!isCurrent()) return; // drawn on since
    if (!answer.ok) return this.outline.say(explain(answer.body));
    const { km2, customers, outages, waiting, crews, districts } = answer.body;
    const counted = (/** @type {string} */ what, /** @type {number} */ n) => say("script", what, { n: NUMBER.format(n) });
    const held = say("script", "zone-holds", {
      km2: NUMBER.format(km2),
      districts: listed(districts),
      customers: counted("customers", customers),
      outages: counted("zone-outages", outages),
      waiting: counted("zone-waiting", waiting),
    });
    this.outline.say(sentences([held, crews.length ? say("script", "zone-crews", { crews: listed(crews) }) : ""]));
  }

  /** The last touch to the command that declares. @param {Command} command @returns {Command | null} */
  finish(command) {
    if (this.outline.corners.length < LEAST) {
      toast(say("script", "zone-first"), "problem");
      return null;
    }
    const sure = say("script", "zone-sure", { name: command.body.name, what: this.outline.output.textContent ?? "" });
    return { ...command, body: { ...command.body, area: this.outline.told() }, sure };
  }
}

/** Draw the zones, each with its name above it; names that would meet stand below each other. @param {CanvasRenderingContext2D} c @param {(x: number, y: number) => [number, number]} place @param {ZoneLines[]} zones @param {any} styles @param {number} [scale] */
export function paintZones(c, place, zones, styles, scale = 1) {
  /** @type {{x: number, y: number, wide: number}[]} */
  const taken = [];
  for (const zone of zones) {
    const style = styles[zone.style];
    if (!style) continue;
    const corners = Array.from({ length: zone.x.length / 2 }, (_, n) => place(zone.x[2 * n], zone.x[2 * n + 1]));
    c.beginPath();
    corners.forEach((at, n) => (n ? c.lineTo(...at) : c.moveTo(...at)));
    c.closePath();
    c.globalAlpha = zone.announced ? 0.03 : 0.08;
    c.fillStyle = c.strokeStyle = style.color;
    c.fill();
    c.globalAlpha = zone.announced ? 0.6 : 1;
    c.lineCap = "butt";
    c.lineWidth = style.width * scale;
    c.setLineDash(style.dash.map((/** @type {number} */ dash) => dash * scale));
    c.stroke();
    c.setLineDash([]);
    paintName(c, zone.title, corners, taken, scale);
    c.globalAlpha = 1;
  }
}

/** @param {CanvasRenderingContext2D} c @param {string} name @param {[number, number][]} corners @param {{x: number, y: number, wide: number}[]} taken @param {number} scale */
function paintName(c, name, corners, taken, scale) {
  const size = LETTER_PX * scale;
  c.font = `600 ${size}px ${FONT}`;
  c.textAlign = "center";
  c.textBaseline = "bottom";
  c.lineJoin = "round";
  const across = corners.map(([x]) => x);
  const x = (Math.min(...across) + Math.max(...across)) / 2;
  let y = Math.min(...corners.map((at) => at[1])) - size / 2;
  const wide = c.measureText(name).width;
  while (taken.some((other) => Math.abs(other.y - y) < size * 1.2 && Math.abs(other.x - x) < (other.wide + wide) / 2)) y += size * 1.3;
  taken.push({ x, y, wide });
  c.lineWidth = 4 * scale;
  c.strokeStyle = ink.ground;
  c.strokeText(name, x, y);
  c.fillText(name, x, y);
}

/**
 * What the storm mode of the list needs to know: which zones hold, and in which districts.
 * A zone that this browser sees for the first time rolls the list up by itself.
 * @param {import("./storm.js").Storm} storm
 */
export async function readZones(storm) {
  try {
    const answer = await fetch("/console/layers/zones?bbox=-180,-90,180,90");
    if (!answer.ok) return;
    const { features } = await answer.json();
    const held = features.map((/** @type {any} */ f) => f.properties).filter((/** @type {any} */ each) => !each.announced);
    const count = document.getElementById("zones-count");
    if (count) {
      count.hidden = !held.length;
      count.textContent = String(held.length);
    }
    const stormy = held.filter((/** @type {any} */ each) => each.breaks_things);
    const seen = JSON.parse(sessionStorage.getItem(SEEN) ?? "[]");
    const isNew = stormy.some((/** @type {any} */ each) => !seen.includes(each.id));
    sessionStorage.setItem(SEEN, JSON.stringify(stormy.map((/** @type {any} */ each) => each.id)));
    storm.zones(stormy, isNew);
  } catch {
    // Away: the zones that are known stay, and the header says how old everything is.
  }
}
