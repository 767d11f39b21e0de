// @ts-check
// The legend: each symbol as the map draws it, and only of the layers that are shown.

import { square, symbol } from "./symbols.js";

/** Draw the symbols of the legend. @param {any} table */
export function legend(table) {
  for (const canvas of /** @type {NodeListOf<HTMLCanvasElement>} */ (document.querySelectorAll("canvas[data-style]"))) {
    const c = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const name = canvas.dataset.style ?? "";
    if (table.cover[name]) {
      square(c, table.cover[name], { x: 4, y: 1, wide: 20, high: 14 });
      continue;
    }
    const line = table.network[name] ?? table.closures[name] ?? table.zones[name];
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
