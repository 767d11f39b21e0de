// @ts-check
// Commitments about to run out: a ring that shrinks, thickens and changes colour, and its minutes.
// Every ring is drawn; where minutes would lie on each other, the least are written, and how many more there are.

import { serverNow } from "./page.js";
import { label, labelWidth } from "./symbols.js";

/** @typedef {{x: number, y: number, left: number, more: number, half: number}} Said minutes left at a place in pixels, for how many others as well, and half the width of that */

const SHOWN_MIN = 60;
const SOON_MIN = 30;
const LATE_MIN = 10;
const SMALLEST_PX = 13;
const GROWS_PX = 14;
const LINE_PX = 14;
const APART_PX = 3;

/** @param {import("./map.js").Layers} layers @returns {import("./map.js").Painter} */
export function promises(layers) {
  return (c, place) => {
    if (layers.off.has("promises") || layers.past) return;
    const now = serverNow();
    /** @type {Said[]} */
    const all = [];
    for (const mark of layers.marks.work) {
      if (mark.due === undefined) continue;
      const left = (mark.due - now) / 60_000;
      if (left > SHOWN_MIN) continue;
      const [x, y] = place(mark.x, mark.y);
      const radius = ring(c, x, y, left);
      all.push({ x, y: y - radius - 5, left, more: 0, half: 0 });
    }
    const written = thinned(all, (said) => labelWidth(c, textOf(said)) / 2);
    for (const said of written) label(c, textOf(said), said.x, said.y);
    const container = layers.map.getContainer();
    container.dataset.promises = String(all.length);
    container.dataset.promisesWritten = written.map(textOf).join(" | ");
  };
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {number} left minutes @returns {number} its radius */
function ring(c, x, y, left) {
  const share = Math.max(0, left) / SHOWN_MIN;
  const radius = SMALLEST_PX + GROWS_PX * share;
  c.strokeStyle = left < LATE_MIN ? "#ff6b5e" : left < SOON_MIN ? "#ffb454" : "#c9d1d9";
  c.lineWidth = 1.5 + 3.5 * (1 - share);
  c.setLineDash(left < 0 ? [5, 4] : []); // past it: broken
  c.beginPath();
  c.arc(x, y, radius, 0, 2 * Math.PI);
  c.stroke();
  c.setLineDash([]);
  return radius;
}

/** @param {Said} said */
function textOf({ left, more }) {
  const minutes = `${left < 0 ? "−" : ""}${Math.floor(Math.abs(left))}′`;
  return more ? `${minutes} +${more}` : minutes;
}

/** Those that are written, the worst first; what lies on a worse one is counted there. @param {Said[]} all @param {(said: Said) => number} halfOf @returns {Said[]} */
function thinned(all, halfOf) {
  let kept = all.sort((a, b) => a.left - b.left);
  for (let before = -1; before !== kept.length; ) {
    before = kept.length; // a count makes its text wider, which may then lie on another
    /** @type {Said[]} */
    const free = [];
    for (const said of kept) {
      said.half = halfOf(said);
      const worse = free.find((each) => Math.abs(each.y - said.y) < LINE_PX && Math.abs(each.x - said.x) < each.half + said.half + APART_PX);
      if (worse) worse.more += 1 + said.more;
      else free.push(said);
    }
    kept = free;
  }
  return kept;
}
