// @ts-check
// Corners drawn on the map for a form, by mouse or by keyboard; what they mean, others say.

/** @typedef {{lng: number, lat: number}} Place */

const PREVIEW_MS = 250;

/** The corners of one form's drawing; a click on the map is one while the form is open. */
export class Outline {
  /**
   * @param {any} map Leaflet's map
   * @param {import("./map.js").Layers} layers
   * @param {HTMLFormElement} form
   * @param {() => void} changed called when a corner came or went
   */
  constructor(map, layers, form, changed) {
    this.layers = layers;
    this.changed = changed;
    this.fold = /** @type {HTMLDetailsElement} */ (form.closest("details"));
    this.output = /** @type {HTMLOutputElement} */ (form.querySelector("output"));
    /** @type {Place[]} */
    this.corners = [];
    /** @type {number | undefined} */
    this.timer = undefined;
    this.asked = 0;
    form.addEventListener("click", (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest("button");
      if (button?.dataset.draw === "add") this.add(map.getCenter());
      if (button?.dataset.draw === "back") this.back();
    });
    form.addEventListener("reset", () => this.clear());
    this.fold.addEventListener("toggle", () => {
      this.layers.aim(this.isOpen());
      if (!this.isOpen()) this.clear();
    });
  }

  /** Whether a click on the map is a corner. */
  isOpen() {
    return this.fold.open && this.fold.parentElement instanceof HTMLDetailsElement && this.fold.parentElement.open;
  }

  /** @param {Place} place */
  add({ lng, lat }) {
    this.corners.push({ lng, lat });
    this.changed();
  }

  back() {
    this.corners.pop();
    this.changed();
  }

  clear() {
    this.corners = [];
    this.changed();
  }

  /** The corners as the server reads them. */
  told() {
    return this.corners.map(({ lng, lat }) => [lng, lat]);
  }

  /** Ask what the drawing means once nobody has drawn for a moment; `ask` hears whether it still holds. @param {((isCurrent: () => boolean) => void) | null} ask */
  soon(ask) {
    window.clearTimeout(this.timer);
    const asked = ++this.asked;
    if (ask) this.timer = window.setTimeout(() => ask(() => asked === this.asked), PREVIEW_MS);
  }

  /** @param {string} text */
  say(text) {
    if (this.output.textContent !== text) this.output.textContent = text;
  }
}
