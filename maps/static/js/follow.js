// @ts-check
// Follows a crew: the map stays on it, with its way, until somebody drags the map.

import { word, NUMBER } from "./mapwords.js";
import { serverNow, span, toast } from "./page.js";

const WAY_EVERY_MS = 10_000;

/** Follows one crew on one map. */
export class Follower {
  /** @param {any} map @param {import("./map.js").Layers} layers */
  constructor(map, layers) {
    this.map = map;
    this.layers = layers;
    this.crew = ""; // whom the map follows
    this.considered = ""; // whom it would follow
    this.wayOf = "";
    this.wayAt = -Infinity;
    /** @type {{arrives_at: string | null, length_m: number} | null} */
    this.way = null;
    this.banner = /** @type {HTMLElement} */ (document.getElementById("following"));
    map.on("dragstart", () => this.stop());
    document.addEventListener("relight:crews", () => this.#moved());
    document.addEventListener("relight:crew", (event) => this.consider(/** @type {CustomEvent} */ (event).detail));
  }

  /** Show a crew's way; F follows it. @param {string} crew */
  consider(crew) {
    this.considered = crew;
    this.#readWay(crew);
  }

  toggle() {
    if (this.crew) return this.stop();
    const open = this.layers.marks.work.find((mark) => mark.key === this.layers.shown);
    const crew = open?.crew ?? this.considered;
    if (!crew || !this.#mark(crew)) return toast(word("follow-none"));
    this.crew = crew;
    this.#moved();
  }

  stop() {
    this.crew = "";
    this.banner.hidden = true;
  }

  /** @param {string} crew */
  #mark(crew) {
    return this.layers.marks.crews.find((mark) => mark.key === `crew-${crew}`);
  }

  #moved() {
    if (this.crew && performance.now() - this.wayAt > WAY_EVERY_MS) this.#readWay(this.crew);
    const mark = this.crew ? this.#mark(this.crew) : undefined;
    if (!mark) return;
    const world = 256 * 2 ** this.map.getZoom();
    this.map.setView(this.map.unproject([mark.x * world, mark.y * world], this.map.getZoom()), this.map.getZoom(), { animate: false });
    this.#say(mark);
  }

  /** @param {import("./map.js").Mark} mark */
  #say(mark) {
    const parts = [word("following", { name: mark.title })];
    if (mark.seen) parts.push(word("seen", { t: span((serverNow() - mark.seen) / 1000) }));
    if (this.way?.arrives_at && this.wayOf === this.crew) {
      const at = new Date(this.way.arrives_at).toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hour12: false, timeZone: document.body.dataset.zone });
      parts.push(word("expected", { t: at, km: NUMBER.format(this.way.length_m / 1000) }));
    }
    const text = parts.join(" · ");
    const line = /** @type {HTMLElement} */ (this.banner.querySelector("span"));
    if (line.textContent !== text) line.textContent = text;
    this.banner.hidden = false;
  }

  /** @param {string} crew */
  async #readWay(crew) {
    this.wayAt = performance.now();
    try {
      const answer = await fetch(`/console/crews/${encodeURIComponent(crew)}/way`);
      if (!answer.ok) return;
      const drawn = await answer.json();
      this.wayOf = crew;
      this.way = drawn.features[0]?.properties ?? null;
      this.layers.put("way", drawn);
      this.map.getContainer().dataset.way = String(drawn.features.length);
    } catch {
      // Away: the way that is drawn stays, and the header says how old everything is.
    }
  }
}
