// @ts-check
// The symbols of the map and of its legend.

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
  c.fill();
  c.stroke();
  if (style.shape === "crew") {
    c.fillStyle = style.edge;
    c.fillRect(x + r * 0.25, y - r * 0.45, r * 0.45, r * 0.9);
  }
}

/**
 * A clock face with a slice as large as a probability: two halves look like two halves.
 * @param {CanvasRenderingContext2D} c @param {{fill: string, edge: string, radius: number}} style
 * @param {number} x @param {number} y @param {number} part from 0 to 1
 */
export function share(c, style, x, y, part) {
  const r = style.radius;
  c.setLineDash([]);
  c.fillStyle = "#15181c";
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
  c.strokeStyle = "#15181c";
  c.strokeText(text, x, y);
  c.fillStyle = "#d5dbe2";
  c.fillText(text, x, y);
}

/** @param {CanvasRenderingContext2D} c @param {string} text @returns {number} in pixels */
export function labelWidth(c, text) {
  c.font = FONT;
  return c.measureText(text).width;
}
