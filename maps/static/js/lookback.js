// @ts-check
// Looking back: the map and its numbers as they stood, played faster than it happened. Nothing can
// be commanded meanwhile, and the page cannot be taken for the present.

import { NUMBER, word } from "./mapwords.js";
import { say, serverNow, toast } from "./page.js";

const TICK_MS = 1000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const FIRST_BACK_MS = 60 * MINUTE_MS;
const LET_THROUGH = ["Tab", "Escape", "Enter", " ", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown", "+", "-", "=", "h", "H", "g", "G"];

/** The slider under the map. */
export class Lookback {
  /** @param {any} map @param {import("./map.js").Layers} layers */
  constructor(map, layers) {
    const byId = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
    this.map = map;
    this.layers = layers;
    this.bar = /** @type {HTMLFormElement} */ (byId("lookback"));
    this.slide = /** @type {HTMLInputElement} */ (byId("back-slide"));
    this.speed = /** @type {HTMLSelectElement} */ (byId("back-speed"));
    this.days = /** @type {HTMLSelectElement} */ (byId("back-days"));
    this.play = byId("back-play");
    this.opener = byId("back-open");
    this.at = 0;
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {AbortController | undefined} */
    this.asking = undefined;
    this.slide.addEventListener("input", () => this.#look(Number(this.slide.value) * 1000));
    this.days.addEventListener("change", () => this.#measure());
    this.play.addEventListener("click", () => (this.timer === undefined ? this.#run() : this.#rest()));
    byId("back-live").addEventListener("click", () => this.close());
    this.bar.addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => this.#guardKey(event), { capture: true });
    document.addEventListener("submit", (event) => this.#guard(event), { capture: true });
  }

  toggle() {
    if (this.layers.past) this.close();
    else this.open();
  }

  open() {
    this.bar.hidden = false;
    document.body.dataset.past = "true";
    this.opener.setAttribute("aria-pressed", "true");
    this.#still(true);
    this.at = Math.floor((serverNow() - FIRST_BACK_MS) / MINUTE_MS) * MINUTE_MS;
    this.#measure();
    this.slide.focus();
  }

  close() {
    this.#rest();
    this.asking?.abort();
    this.layers.past = null;
    this.bar.hidden = true;
    delete document.body.dataset.past;
    this.#head("");
    this.opener.setAttribute("aria-pressed", "false");
    this.#still(false);
    this.layers.readAll();
  }

  /** The list and the detail show the present: they are out of reach meanwhile. @param {boolean} on */
  #still(on) {
    for (const part of document.querySelectorAll(".left, .right")) part.toggleAttribute("inert", on);
  }

  /** How far back the slider reaches; what it stands at stays where it can. */
  #measure() {
    const now = Math.floor(serverNow() / MINUTE_MS) * 60;
    this.slide.min = String(now - Number(this.days.value) * (DAY_MS / 1000));
    this.slide.max = String(now);
    this.#look(Math.max(this.at, Number(this.slide.min) * 1000));
  }

  #run() {
    this.timer = window.setInterval(() => {
      const next = this.at + Number(this.speed.value) * TICK_MS;
      if (next >= serverNow()) this.close();
      else if (!document.hidden) this.#look(next);
    }, TICK_MS);
    this.#sayPlay(true);
  }

  #rest() {
    window.clearInterval(this.timer);
    this.timer = undefined;
    this.#sayPlay(false);
  }

  /** @param {boolean} playing */
  #sayPlay(playing) {
    this.play.textContent = word(playing ? "pause" : "play");
    this.play.setAttribute("aria-pressed", String(playing));
  }

  /** @param {number} at milliseconds */
  #look(at) {
    this.at = Math.min(at, serverNow());
    this.slide.value = String(Math.floor(this.at / 1000));
    const said = this.#said();
    this.slide.setAttribute("aria-valuetext", said);
    const title = /** @type {HTMLElement} */ (document.getElementById("back-at"));
    title.textContent = word("back-at", { t: said });
    this.#head(said);
    this.layers.past = new Date(this.at).toISOString();
    this.layers.readAll();
    this.#count();
  }

  /** The head of the page says "live"; now it says which moment this is. @param {string} said */
  #head(said) {
    const live = document.getElementById("live");
    if (!live) return;
    if (said) live.dataset.past = said;
    else delete live.dataset.past;
    document.dispatchEvent(new Event("relight:past"));
  }

  #said() {
    const zone = document.body.dataset.zone;
    return new Date(this.at).toLocaleString(document.documentElement.lang, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hour12: false, timeZone: zone });
  }

  async #count() {
    this.asking?.abort();
    const asked = (this.asking = new AbortController());
    const says = /** @type {HTMLElement} */ (document.getElementById("back-says"));
    try {
      const answer = await fetch(`/api/v1/history?at=${encodeURIComponent(this.layers.past ?? "")}`, { signal: asked.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      const then = await answer.json();
      says.textContent = [
        word("back-customers", { n: NUMBER.format(then.customers_out) }),
        word("back-outages", { n: then.open_outages }),
        word("back-reports", { n: then.reports }),
        word("back-crews", { n: then.crews_seen, busy: then.crews_busy }),
      ].join(" · ");
    } catch {
      if (!asked.signal.aborted) says.textContent = word("back-away");
    }
  }

  /** @param {KeyboardEvent} event */
  #guardKey(event) {
    const target = /** @type {HTMLElement} */ (event.target);
    if (!this.layers.past || event.ctrlKey || event.metaKey || event.altKey || target.closest("dialog") || target.matches("select")) return;
    if (LET_THROUGH.includes(event.key)) return;
    event.stopImmediatePropagation();
    if (event.key.length === 1) toast(say("script", "back-only"));
  }

  /** @param {SubmitEvent} event */
  #guard(event) {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!this.layers.past || form === this.bar || form.method === "dialog" || !form.dataset.url) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    toast(say("script", "back-only"), "problem");
  }
}
