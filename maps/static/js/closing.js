// @ts-check
// Closing roads: a line or an area drawn on the map, what it shuts shown back, then closed.

import { Outline } from "./outline.js";
import { explain, listed, say, send, sentences, toast } from "./page.js";

/** @typedef {import("./page.js").Command} Command */

const METRES = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });

/** Draws for one form on one map. */
export class Drawing {
  /**
   * @param {any} map Leaflet's map
   * @param {import("./map.js").Layers} layers
   * @param {HTMLFormElement} form
   */
  constructor(map, layers, form) {
    this.layers = layers;
    this.form = form;
    this.outline = new Outline(map, layers, form, () => this.#changed());
    form.addEventListener("change", (event) => {
      if (["draw", "one_way"].includes(/** @type {HTMLInputElement} */ (event.target).name)) this.#changed();
    });
  }

  #isArea() {
    return /** @type {HTMLInputElement} */ (this.form.querySelector("input[name=draw]:checked")).value === "area";
  }

  #least() {
    return this.#isArea() ? 3 : 2;
  }

  /** What the server is told of the drawing; null while it is too little. @returns {Record<string, unknown> | null} */
  #told() {
    const corners = this.outline.told();
    if (corners.length < this.#least()) return null;
    if (this.#isArea()) return { area: corners };
    const oneWay = /** @type {HTMLInputElement} */ (this.form.querySelector("input[name=one_way]")).checked;
    return { line: corners, one_way: oneWay };
  }

  #changed() {
    const { corners } = this.outline;
    const oneWay = /** @type {HTMLInputElement} */ (this.form.querySelector("input[name=one_way]"));
    oneWay.disabled = this.#isArea();
    this.layers.draw(corners, this.#isArea(), null);
    this.outline.say(corners.length ? say("script", "draw-more", { n: corners.length, least: this.#least() }) : "");
    const told = this.#told();
    this.outline.soon(told && ((isCurrent) => this.#preview(told, isCurrent)));
  }

  /** @param {Record<string, unknown>} told @param {() => boolean} isCurrent */
  async #preview(told, isCurrent) {
    const answer = await send("POST", "/api/v1/road-closures/preview", told);
    if (!isCurrent()) return; // drawn on since
    if (!answer.ok) return this.outline.say(explain(answer.body));
    const { sections, length_m: metres, streets, geometry } = answer.body;
    this.layers.draw(this.outline.corners, this.#isArea(), geometry);
    const names = listed(streets.slice(0, 6)) + (streets.length > 6 ? " …" : "");
    this.outline.say(sentences([say("script", "draw-shuts", { n: sections, km: METRES.format(metres / 1000) }), names]));
  }

  /** The last touch to the command that closes. @param {Command} command @returns {Command | null} */
  finish(command) {
    const told = this.#told();
    if (!told) {
      toast(say("script", "draw-first"), "problem");
      return null;
    }
    const { reason, ends_at: endsAt } = command.body;
    const sure = say("script", "draw-sure", { what: this.outline.output.textContent ?? "" });
    return { ...command, body: { ...told, reason, ...(endsAt ? { ends_at: endsAt } : {}) }, sure };
  }
}
