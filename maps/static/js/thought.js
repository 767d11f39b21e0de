// @ts-check
// Draws what inference thinks of one outage: the devices with their probability, the transformers
// that would be out, and the callers. Nothing here looks surer than it is.

import { label, labelWidth, share, symbol } from "./symbols.js";
import { ink } from "./theme.js";

/** @typedef {{x: number, y: number, style: string, key: string, title: string, share: number, chance: string, ticket: string}} Thought */

const TOUCHING_PX = 20;
const NAMES_FROM = 14;
const FAINTEST = 0.15;
const RING_PX = 10;
const LINE_PX = 14;

/**
 * @param {CanvasRenderingContext2D} c @param {Record<string, any>} marks the style table
 * @param {Thought[]} thought
 * @param {{place: (x: number, y: number) => [number, number], zoom: number, ringed: Set<string>}} view
 */
export function paintThought(c, marks, thought, { place, zoom, ringed }) {
  /** @type {{each: Thought, x: number, y: number}[]} */
  const suspects = [];
  for (const each of thought) {
    const [x, y] = place(each.x, each.y);
    if (each.style === "suspect") {
      suspects.push({ each, x, y });
      continue;
    }
    // The fainter, the less probable; a caller is a fact and never faint.
    c.globalAlpha = each.style === "thought-out" ? Math.max(each.share, FAINTEST) : 1;
    symbol(c, marks[each.style], x, y);
    c.globalAlpha = 1;
    if (ringed.has(each.ticket)) ring(c, x, y);
  }
  const rows = touching(suspects);
  const width = 2 * marks.suspect.radius + 4;
  const drawn = rows.flatMap((row) => row.map((one, n) => ({ ...one, x: one.x + (n - (row.length - 1) / 2) * width, alone: row.length === 1 })));
  for (const { each, x, y } of drawn) share(c, marks.suspect, x, y, each.share);
  name(c, marks.suspect.radius, drawn, zoom);
}

/**
 * Write names with percents where there is room, the most probable first; else the percent alone.
 * @param {CanvasRenderingContext2D} c @param {number} radius
 * @param {{each: Thought, x: number, y: number, alone: boolean}[]} drawn @param {number} zoom
 */
function name(c, radius, drawn, zoom) {
  /** @type {{left: number, right: number, top: number, bottom: number}[]} */
  const taken = [];
  for (const { each, x, y, alone } of drawn) {
    const texts = alone && zoom >= NAMES_FROM ? [each.title, each.chance] : [each.chance];
    const places = texts.flatMap((text) => [y - radius - 5, y + radius + LINE_PX].map((base) => ({ text, base })));
    const boxes = places.map(({ text, base }) => ({ text, base, half: labelWidth(c, text) / 2 + 3 }));
    const free = boxes.find(({ half, base }) => taken.every((t) => x + half < t.left || x - half > t.right || base < t.top || base - LINE_PX > t.bottom));
    const { text, base, half } = free ?? boxes[boxes.length - 1];
    taken.push({ left: x - half, right: x + half, top: base - LINE_PX, bottom: base });
    label(c, text, x, base);
  }
}

/**
 * Devices at one place stand side by side, the most probable first, so that none hides another.
 * @template {{each: Thought, x: number, y: number}} T
 * @param {T[]} suspects @returns {T[][]}
 */
function touching(suspects) {
  /** @type {T[][]} */
  const rows = [];
  for (const one of [...suspects].sort((a, b) => b.each.share - a.each.share)) {
    const row = rows.find(([first]) => Math.hypot(first.x - one.x, first.y - one.y) < TOUCHING_PX);
    if (row) row.push({ ...one, x: row[0].x, y: row[0].y });
    else rows.push([one]);
  }
  return rows;
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y */
function ring(c, x, y) {
  c.strokeStyle = ink.act;
  c.lineWidth = 2.5;
  c.setLineDash([4, 3]);
  c.beginPath();
  c.arc(x, y, RING_PX, 0, 2 * Math.PI);
  c.stroke();
  c.setLineDash([]);
}
