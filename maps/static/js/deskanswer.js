// @ts-check
// The answer beside the box: asked while one types, an older answer never over a newer one.

import { newId, say, serverNow, setClock, tick } from "./page.js";

/** @typedef {import("./deskcall.js").Call} Call */

const WAIT_MS = 140;
const AGAIN_MS = 3000;
const LEAST = 3;
const WHOLE = /^\s*1\d{10}\s*$/; // a whole mobile number: nothing more will come
const idiomorph = /** @type {any} */ (window).Idiomorph;

export class Answer {
  element = /** @type {HTMLElement} */ (document.getElementById("answer"));
  /** @type {AbortController | undefined} */
  #under;
  #asked = "";
  /** Where the answer on the screen was read. */
  #showing = "";
  /** @type {number | undefined} */
  #timer;

  /** @param {Call} call @param {{shown: () => void}} told */
  constructor(call, { shown }) {
    this.call = call;
    this.shown = shown;
  }

  /** Ask when the fingers rest; at once when nothing more can come. */
  soon() {
    window.clearTimeout(this.#timer);
    const text = this.call.q;
    if (text.length > 0 && text.length < LEAST) return this.#cancel();
    this.#timer = window.setTimeout(() => this.now(), WHOLE.test(text.normalize("NFKC")) ? 0 : WAIT_MS);
  }

  /** Ask now, unless just this was asked. @param {boolean} [again] */
  async now(again = false) {
    window.clearTimeout(this.#timer);
    if (this.call.ticket) return;
    const query = this.call.query();
    if (query === this.#asked && !again) return;
    if (this.#under && query === this.#asked) return; // it is on its way
    const other = new URLSearchParams(this.#asked).get("q") !== this.call.q;
    this.#asked = query;
    await this.#read(`/desk/answer?${query}`, other);
  }

  /** Read the answer on the screen again: something behind it has changed. */
  async again() {
    if (this.found() && !this.#under) await this.#read(`/desk/answer?${this.#asked}`, false);
  }

  /** What became of a report. @param {string} id */
  taken(id) {
    this.#asked = "";
    return this.#read(`/desk/reports/${encodeURIComponent(id)}`, true);
  }

  /** A report was urged: if the screen shows it, show that. @param {string} id */
  urged(id) {
    if (this.call.ticket === id) return this.taken(id);
    return this.found()?.dataset.repeats === id ? this.again() : undefined;
  }

  /** The report is kept on this computer and on its way. */
  keeping() {
    this.#cancel();
    this.#showing = "";
    this.#show(`<section class="card keeping" role="status"><h2></h2><p class="sub"></p></section>`, true);
    const [title, text] = this.element.querySelectorAll("h2, p");
    title.textContent = say("desk", "keeping");
    text.textContent = say("desk", "keeping-more");
  }

  /** The page came with the answer to what stands in the box. */
  adopt() {
    this.#asked = this.call.query();
    this.shown();
  }

  empty() {
    this.#cancel();
    this.#asked = this.#showing = "";
    this.#show(`<p class="empty"></p>`, true);
    /** @type {Element} */ (this.element.firstElementChild).textContent = say("desk", "type");
  }

  /** @param {string} address @param {boolean} other whether it is of another caller */
  async #read(address, other) {
    this.#cancel();
    const mine = (this.#under = new AbortController());
    this.element.setAttribute("aria-busy", "true");
    try {
      const got = await fetch(address, { signal: mine.signal, headers: { "HX-Request": "true" } });
      const text = await got.text();
      if (mine !== this.#under) return;
      if (got.status === 401) return location.assign("/login?goto=/desk");
      if (got.status >= 500) throw new Error(String(got.status));
      this.#away(false);
      if (got.ok) this.#show(text, other);
      else this.empty();
      this.#showing = address;
    } catch {
      if (mine === this.#under) this.#away(true, address === this.#showing);
    } finally {
      if (mine === this.#under) {
        this.#under = undefined;
        this.element.setAttribute("aria-busy", "false");
      }
    }
  }

  #cancel() {
    window.clearTimeout(this.#timer);
    this.#under?.abort();
    this.#under = undefined;
    this.element.setAttribute("aria-busy", "false");
  }

  /** @param {string} html @param {boolean} other */
  #show(html, other) {
    if (other) this.element.innerHTML = html;
    else idiomorph.morph(this.element, html, { morphStyle: "innerHTML" });
    setClock(this.found()?.dataset.now);
    tick();
    this.shown();
  }

  /**
   * The server does not answer: say so, and ask again until it does.
   * @param {boolean} away @param {boolean} [asBefore] whether what is on the screen answers this very question
   */
  #away(away, asBefore = false) {
    /** @type {HTMLElement} */ (document.getElementById("away")).hidden = !away;
    if (!away) return;
    this.#asked = "";
    if (!asBefore) this.element.replaceChildren(); // an answer to another question is worse than none
    this.#timer = window.setTimeout(() => this.now(true), AGAIN_MS);
  }

  /** Facts of the answer on the screen; null while there is none to what stands in the box. */
  found() {
    const found = /** @type {HTMLElement | null} */ (this.element.querySelector("#found"));
    return found && found.dataset.q === this.call.q ? found : null;
  }

  choices() {
    return /** @type {HTMLElement[]} */ ([...this.element.querySelectorAll(".choose button")]);
  }

  /** Whom a report is from: as the server sorted it out, else as well as one can without it. */
  who() {
    const found = this.found();
    return found?.dataset.who ? JSON.parse(found.dataset.who) : this.call.guessed();
  }

  placeSaid = () => this.found()?.dataset.place ?? "";

  /** What the caller was told, in the words read out; null if there was no answer to tell. @returns {Record<string, any> | null} */
  given() {
    const given = this.found()?.dataset.given;
    if (!given) return null;
    const language = document.body.dataset.tongue === "en" ? "en" : "zh-CN";
    const said = [...this.element.querySelectorAll(`.answer .say p[lang=${language}]`)].map((line) => line.textContent).join(" ");
    return { ...JSON.parse(given), id: newId(), at: new Date(serverNow()).toISOString(), language, said };
  }

  /** @param {string} thing @param {string} key whether the answer on the screen speaks of it */
  isAbout = (thing, key) => this.found()?.dataset.about?.split(" ").includes(`${thing}:${key}`) ?? false;
}
