// @ts-check
// Draws what inference thinks of one outage: the devices with their probability, the transformers
// that would be out, and the callers. Nothing here looks surer than it is.

import { label, share, symbol } from "./symbols.js";

/** @typedef {{x: number, y: number, style: string, key: string, title: string, share: number, chance: string, ticket: string}} Thought */

const TOUCHING_PX = 20;
const NAMES_FROM = 14;
const FAINTEST = 0.15;
const RING_PX = 10;

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
  for (const row of touching(suspects)) {
    const width = 2 * marks.suspect.radius + 4;
    row.forEach(({ each, x, y }, n) => {
      const left = x + (n - (row.length - 1) / 2) * width;
      share(c, marks.suspect, left, y, each.share);
      const named = zoom >= NAMES_FROM && row.length === 1;
      label(c, named ? each.title : each.chance, left, y - marks.suspect.radius - 5);
    });
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
  c.strokeStyle = "#7cbcff";
  c.lineWidth = 2.5;
  c.setLineDash([4, 3]);
  c.beginPath();
  c.arc(x, y, RING_PX, 0, 2 * Math.PI);
  c.stroke();
  c.setLineDash([]);
}
