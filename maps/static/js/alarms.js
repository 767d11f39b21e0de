// @ts-check
// Alarms that cannot be missed: a strip that stays, the title's count, a sound for who wants one.

import { say, toast } from "./page.js";

const htmx = /** @type {any} */ (window).htmx;
const KEPT = "relight.sound";
const LEAST_MS = 1000;
const HIGH_HZ = 880;
const LOW_HZ = 660;

const box = /** @type {HTMLElement} */ (document.getElementById("alarms"));
const spoken = /** @type {HTMLElement} */ (document.getElementById("alarm-said"));
const noData = /** @type {HTMLElement} */ (document.getElementById("no-data"));
const live = document.getElementById("live");
const title = document.title;

/** The strip, read again when something changed. */
export class Alarms {
  /** @param {(key: string) => void} open opens the row that an alarm is about */
  constructor(open) {
    /** @type {Set<string> | null} alarms that this screen has shown; null before the first look */
    this.known = null;
    /** The server's time at the last look, if there were more alarms than it listed. */
    this.cutAt = "";
    /** What the server said last, but for its time. */
    this.said = "";
    this.sound = new Sound();
    /** @type {number | undefined} */
    this.timer = undefined;
    this.readAt = -Infinity;
    box.addEventListener("click", (event) => {
      const button = /** @type {HTMLElement} */ (event.target).closest("[data-opens]");
      if (!(button instanceof HTMLElement)) return;
      const all = button.closest("details");
      if (all) all.open = false;
      open(button.dataset.opens ?? "");
    });
    document.addEventListener("htmx:beforeSwap", (event) => this.#sameAsBefore(/** @type {CustomEvent} */ (event)));
    document.addEventListener("htmx:afterSettle", (event) => { if (event.target === box) this.#shown(); });
    if (live) new MutationObserver(() => this.#watchStream()).observe(live, { attributes: true, attributeFilter: ["data-state"] });
    this.read();
  }

  /** Read the strip again; once a second is often enough. */
  read() {
    if (this.timer !== undefined) return;
    const wait = Math.max(0, this.readAt + LEAST_MS - performance.now());
    this.timer = window.setTimeout(() => {
      this.timer = undefined;
      this.readAt = performance.now();
      htmx.trigger(box, "refresh");
    }, wait);
  }

  /** Open what the gravest alarm is about, and go to where it is acknowledged. */
  goToFirst() {
    const first = /** @type {HTMLElement | null} */ (box.querySelector(".first"));
    if (!first) return toast(say("script", "alarm-none"));
    /** @type {HTMLElement | null} */ (first.querySelector("[data-opens]"))?.click();
    /** @type {HTMLElement | null} */ (first.querySelector(".take button") ?? first.querySelector("button"))?.focus();
  }

  /** A strip of hundreds that says what it said is not drawn again. @param {CustomEvent} event */
  #sameAsBefore({ detail: swap }) {
    if (swap.target !== box || !swap.shouldSwap) return;
    const said = swap.serverResponse.replace(/ data-now="[^"]*"/, "");
    swap.shouldSwap = said !== this.said;
    this.said = said;
  }

  #shown() {
    const head = /** @type {HTMLElement | null} */ (document.getElementById("alarm-head"));
    const count = Number(head?.dataset.count ?? 0);
    const ids = (head?.dataset.ids ?? "").split(" ").filter(Boolean);
    const fresh = this.known === null ? [] : ids.filter((id) => !this.known?.has(id) && !this.#movedUp(id));
    this.known = new Set(ids);
    this.cutAt = Number(head?.dataset.more) ? (head?.dataset.now ?? "") : "";
    document.title = count ? `(${count}) ${title}` : title;
    badge(count);
    if (fresh.length === 0) return;
    spoken.textContent = [...box.querySelectorAll(".go")].find((each) => each.closest("[id]")?.id.endsWith(fresh[0]))?.textContent?.replace(/\s+/g, " ") ?? "";
    this.sound.ring();
  }

  /** Whether an alarm was there before and is listed only now that another has gone. @param {string} id */
  #movedUp(id) {
    const at = document.getElementById(`alarm-${id}`)?.dataset.at;
    return this.cutAt !== "" && id.startsWith("clock:") && at !== undefined && Date.parse(at) < Date.parse(this.cutAt);
  }

  /** A screen that hears nothing is an alarm that nobody can acknowledge. */
  #watchStream() {
    const deaf = live?.dataset.state !== "live";
    if (noData.hidden === !deaf) return;
    noData.hidden = !deaf;
    noData.textContent = deaf ? say("script", "no-data") : "";
    if (deaf) this.sound.ring();
  }
}

/** @param {number} count */
function badge(count) {
  const app = /** @type {any} */ (navigator);
  if (count) app.setAppBadge?.(count)?.catch(() => {});
  else app.clearAppBadge?.()?.catch(() => {});
}

/** Two tones, made here; off until somebody switches them on in this browser. */
class Sound {
  constructor() {
    this.on = kept();
    this.switch = /** @type {HTMLElement} */ (document.getElementById("sound-switch"));
    this.switch.addEventListener("click", () => {
      this.on = !this.on;
      keep(this.on);
      this.#paint();
    });
    document.getElementById("sound-test")?.addEventListener("click", () => this.#play());
    this.#paint();
  }

  ring() {
    if (this.on) this.#play();
  }

  #paint() {
    this.switch.setAttribute("aria-pressed", String(this.on));
    this.switch.textContent = say("script", this.on ? "sound-on" : "sound-off");
  }

  async #play() {
    try {
      this.context ??= new AudioContext();
      await this.context.resume();
      const start = this.context.currentTime;
      [HIGH_HZ, LOW_HZ, HIGH_HZ].forEach((hertz, n) => this.#tone(hertz, start + 0.22 * n));
    } catch {
      toast(say("script", "sound-blocked"), "problem");
    }
  }

  /** @param {number} hertz @param {number} at */
  #tone(hertz, at) {
    if (!this.context) return;
    const tone = this.context.createOscillator();
    const volume = this.context.createGain();
    tone.frequency.value = hertz;
    volume.gain.setValueAtTime(0.25, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.2);
    tone.connect(volume).connect(this.context.destination);
    tone.start(at);
    tone.stop(at + 0.2);
  }
}

function kept() {
  try {
    return localStorage.getItem(KEPT) === "on";
  } catch {
    return false;
  }
}

/** @param {boolean} on */
function keep(on) {
  try {
    localStorage.setItem(KEPT, on ? "on" : "off");
  } catch {
    // It holds for this page all the same.
  }
}
