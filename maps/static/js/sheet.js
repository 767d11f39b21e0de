// @ts-check
// The canvas that the layers of the map are drawn on, and the plane they are drawn in.

const L = /** @type {any} */ (window).L;

/** Web Mercator, the whole world one unit wide. @param {number} lon @param {number} lat */
export function unit(lon, lat) {
  const s = Math.sin((Math.max(Math.min(lat, 85.05), -85.05) * Math.PI) / 180);
  return { x: lon / 360 + 0.5, y: 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI) };
}

/** A canvas as large as the view and a little more, moved and zoomed by Leaflet. */
export const Sheet = L.Renderer.extend({
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
