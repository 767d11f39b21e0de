// @ts-check
// The symbols of the map and of its legend.

import { ink } from "./theme.js";

const FONT = "12px system-ui, 'Noto Sans CJK SC', sans-serif";

/** @param {CanvasRenderingContext2D} c @param {{shape: string, fill: string, edge: string, radius: number}} style @param {number} x @param {number} y */
export function symbol(c, style, x, y) {
  const r = style.radius;
  c.fillStyle = style.fill;
  c.strokeStyle = style.edge;
  c.lineWidth = 1.5;
  c.setLineDash([]);
  if (style.shape === "frame" || style.shape === "dot-open") {
    c.strokeStyle = style.fill;
    c.lineWidth = 2;
  }
  c.beginPath();
  if (style.shape === "triangle") polygon(c, x, y + 1, r, 3, -Math.PI / 2);
  else if (style.shape === "diamond") polygon(c, x, y, r, 4, -Math.PI / 2);
  else if (style.shape === "share") return share(c, style, x, y, 0.6);
  else if (style.shape === "square" || style.shape === "frame") c.rect(x - r, y - r, 2 * r, 2 * r);
  else if (style.shape.startsWith("crew")) c.roundRect(x - r, y - r * 0.7, 2 * r, r * 1.4, 3);
  else c.arc(x, y, r, 0, 2 * Math.PI);
  if (style.shape === "ring" || style.shape === "crew-hollow") {
    c.lineWidth = 5;
    c.stroke();
    c.strokeStyle = style.fill;
    c.lineWidth = 2.5;
    c.stroke();
    return;
  }
  if (style.shape === "frame" || style.shape === "dot-open") return void c.stroke();
  if (style.shape === "half") return half(c, style, x, y);
  c.fill();
  c.stroke();
  if (style.shape === "crew") {
    c.fillStyle = style.edge;
    c.fillRect(x + r * 0.25, y - r * 0.45, r * 0.45, r * 0.9);
  }
}

/**
 * A ring of which the right half is filled: some of it is back.
 * @param {CanvasRenderingContext2D} c @param {{fill: string, edge: string, radius: number}} style @param {number} x @param {number} y
 */
function half(c, style, x, y) {
  const r = style.radius;
  for (const [color, width] of /** @type {[string, number][]} */ ([[style.edge, 5], [style.fill, 2.5]])) {
    c.strokeStyle = color;
    c.lineWidth = width;
    c.stroke();
  }
  c.beginPath();
  c.arc(x, y, r, -Math.PI / 2, Math.PI / 2);
  c.closePath();
  c.fill();
}

/**
 * A square of the coverage: a tint, and strokes that say the same without colour.
 * @param {CanvasRenderingContext2D} c @param {{color: string, alpha: number, hatch: number, crossed: boolean}} style
 * @param {{x: number, y: number, wide: number, high: number}} box in pixels
 */
export function square(c, style, { x, y, wide, high }) {
  c.save();
  c.fillStyle = c.strokeStyle = style.color;
  c.globalAlpha = style.alpha;
  c.fillRect(x, y, wide, high);
  if (style.hatch && wide > 4) {
    c.globalAlpha = Math.min(1, 2 * style.alpha);
    c.lineWidth = 1;
    c.setLineDash([]);
    c.beginPath();
    c.rect(x, y, wide, high);
    c.clip();
    c.beginPath();
    for (let at = -high; at < wide; at += style.hatch) {
      c.moveTo(x + at, y + high);
      c.lineTo(x + at + high, y);
      if (!style.crossed) continue;
      c.moveTo(x + at, y);
      c.lineTo(x + at + high, y + high);
    }
    c.stroke();
  }
  c.restore();
}

/**
 * A clock face with a slice as large as a probability: two halves look like two halves.
 * @param {CanvasRenderingContext2D} c @param {{fill: string, edge: string, radius: number}} style
 * @param {number} x @param {number} y @param {number} part from 0 to 1
 */
export function share(c, style, x, y, part) {
  const r = style.radius;
  c.setLineDash([]);
  c.fillStyle = ink.ground;
  c.beginPath();
  c.arc(x, y, r, 0, 2 * Math.PI);
  c.fill();
  c.fillStyle = style.fill;
  c.beginPath();
  c.moveTo(x, y);
  c.arc(x, y, r, -Math.PI / 2, (2 * Math.min(part, 1) - 0.5) * Math.PI);
  c.closePath();
  c.fill();
  c.strokeStyle = style.edge;
  c.lineWidth = 1.5;
  c.beginPath();
  c.arc(x, y, r, 0, 2 * Math.PI);
  c.stroke();
}

/**
 * A nose that says where a crew is driving.
 * @param {CanvasRenderingContext2D} c @param {{fill: string, edge: string, radius: number}} style
 * @param {number} x @param {number} y @param {number} turn radians, clockwise from the east
 */
export function heading(c, style, x, y, turn) {
  const r = style.radius + 7;
  c.setLineDash([]);
  c.beginPath();
  c.moveTo(x + r * Math.cos(turn), y + r * Math.sin(turn));
  for (const side of [-0.5, 0.5]) c.lineTo(x + (r - 6) * Math.cos(turn + side), y + (r - 6) * Math.sin(turn + side));
  c.closePath();
  c.fillStyle = style.fill;
  c.fill();
}

/** @param {CanvasRenderingContext2D} c @param {number} x @param {number} y @param {number} r @param {number} n @param {number} turn */
function polygon(c, x, y, r, n, turn) {
  for (let i = 0; i < n; i++) {
    const a = turn + (2 * Math.PI * i) / n;
    c.lineTo(x + r * Math.cos(a), y + r * Math.sin(a));
  }
  c.closePath();
}

/** @param {CanvasRenderingContext2D} c @param {string} text @param {number} x @param {number} y */
export function label(c, text, x, y) {
  c.font = FONT;
  c.textAlign = "center";
  c.lineWidth = 3;
  c.strokeStyle = ink.ground;
  c.strokeText(text, x, y);
  c.fillStyle = ink.text;
  c.fillText(text, x, y);
}

/** @param {CanvasRenderingContext2D} c @param {string} text @returns {number} in pixels */
export function labelWidth(c, text) {
  c.font = FONT;
  return c.measureText(text).width;
}
