// @ts-check
// Commitments about to run out: a ring that shrinks, thickens and changes colour, and its minutes.

import { serverNow } from "./page.js";
import { label } from "./symbols.js";

const SHOWN_MIN = 60;
const SOON_MIN = 30;
const LATE_MIN = 10;
const SMALLEST_PX = 13;
const GROWS_PX = 14;

/** @param {import("./map.js").Layers} layers @returns {import("./map.js").Painter} */
export function promises(layers) {
  return (c, place) => {
    if (layers.off.has("promises") || layers.past) return;
    const now = serverNow();
    let drawn = 0;
    for (const mark of layers.marks.work) {
      if (mark.due === undefined) continue;
      const left = (mark.due - now) / 60_000;
      if (left > SHOWN_MIN) continue;
      const share = Math.max(0, left) / SHOWN_MIN;
      const [x, y] = place(mark.x, mark.y);
      const radius = SMALLEST_PX + GROWS_PX * share;
      c.strokeStyle = left < LATE_MIN ? "#ff6b5e" : left < SOON_MIN ? "#ffb454" : "#c9d1d9";
      c.lineWidth = 1.5 + 3.5 * (1 - share);
      c.setLineDash(left < 0 ? [5, 4] : []); // past it: broken
      c.beginPath();
      c.arc(x, y, radius, 0, 2 * Math.PI);
      c.stroke();
      c.setLineDash([]);
      label(c, `${left < 0 ? "−" : ""}${Math.floor(Math.abs(left))}′`, x, y - radius - 5);
      drawn += 1;
    }
    layers.map.getContainer().dataset.promises = String(drawn);
  };
}
