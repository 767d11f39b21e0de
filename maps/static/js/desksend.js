// @ts-check
// What the desk sends: kept on this computer first, sent in order, shown until the server has it.

import { Letters } from "./letters.js";
import { explain, newId, say, send, serverNow, toast } from "./page.js";

/** @typedef {import("./letters.js").Letter} Letter */

const BATCH = 50;
const SHOWN = 200;
const EVERY_MS = 3000;
const LATE_MS = 20_000;
const REFUSED = [400, 404, 409, 412, 413, 422];

/** @param {string} ticket */
const address = (ticket) => `/api/v1/tickets/${encodeURIComponent(ticket)}`;

export class Sender {
  #letters = new Letters();
  #shown = /** @type {HTMLElement} */ (document.getElementById("unsent"));
  #sending = false;

  /** @param {{sent: (letter: Letter) => void, refused: (letter: Letter) => void}} told */
  constructor(told) {
    this.told = told;
    window.addEventListener("online", () => this.flush());
    setInterval(() => this.flush(), EVERY_MS);
    this.#shown.addEventListener("click", (event) => this.#discard(/** @type {HTMLElement} */ (event.target)));
  }

  /** A report. @param {Record<string, any>} body */
  report({ received_at, ...body }) {
    const who = body.account ?? body.phone ?? body.address ?? body.description ?? "";
    return this.#add({ kind: "report", url: "/api/v1/tickets", body, late: { received_at }, ticket: body.id, who });
  }

  /** The caller of a report asks to hurry. @param {string} ticket @param {string} who @param {string} note */
  urge(ticket, who, note) {
    return this.#add({ kind: "urge", url: `${address(ticket)}/urge`, body: { id: newId(), note }, late: { at: now() }, ticket, who });
  }

  /** What a caller who was called back says; null: nobody answered. @param {string} ticket @param {string} who @param {boolean | null} power_on */
  calledBack(ticket, who, power_on) {
    return this.#add({ kind: "callback", url: `${address(ticket)}/callback`, body: { id: newId(), power_on }, late: { at: now() }, ticket, who });
  }

  /** What a caller was told. @param {Record<string, any>} body */
  given({ at, ...body }) {
    return this.#add({ kind: "given", url: "/api/v1/answers-given", body, late: { at }, ticket: "", who: "" });
  }

  /** @param {Omit<Letter, "pressed">} letter */
  #add(letter) {
    return this.#letters.add({ ...letter, pressed: Date.now() });
  }

  /** Send what waits, the oldest first; what the server cannot take is shown with its reason. */
  async flush() {
    if (this.#sending) return;
    this.#sending = true;
    try {
      for (const [key, letter] of await this.#letters.list("waiting", BATCH)) if (!(await this.#send(key, letter))) break;
    } finally {
      this.#sending = false;
      await this.#paint();
    }
  }

  /** Whether the server had something to say of it. @param {IDBValidKey} key @param {Letter} letter */
  async #send(key, letter) {
    const late = Date.now() - letter.pressed > LATE_MS;
    const got = await send("POST", letter.url, late ? { ...letter.body, ...letter.late } : letter.body);
    if (got.ok) {
      await this.#letters.remove(key);
      this.told.sent(letter);
    } else if (REFUSED.includes(got.status)) {
      await this.#refused(key, letter, explain(got.body));
    }
    return got.ok || REFUSED.includes(got.status);
  }

  /** It stays until a person has seen why it was refused. @param {IDBValidKey} key @param {Letter} letter @param {string} why */
  async #refused(key, letter, why) {
    if (letter.kind === "given") return this.#letters.remove(key);
    toast(why, "problem");
    await this.#letters.refuse(key, letter, why);
    return this.told.refused(letter);
  }

  async #paint() {
    const [waiting, refused] = await Promise.all([this.#shownOf("waiting"), this.#shownOf("refused")]);
    const rows = [...waiting, ...refused].map(([key, letter]) => row(key, letter));
    this.#shown.hidden = rows.length === 0;
    this.#shown.querySelector("h2")?.replaceChildren(say("desk", waiting.length ? "unsent" : "unsent-refused", { n: waiting.length || rows.length }));
    const list = this.#shown.querySelector("ul");
    if (list && list.textContent !== rows.map((each) => each.textContent).join("")) list.replaceChildren(...rows);
  }

  /** @param {"waiting" | "refused"} state */
  async #shownOf(state) {
    return (await this.#letters.list(state, SHOWN)).filter(([, letter]) => letter.kind !== "given");
  }

  /** @param {HTMLElement} pressed */
  async #discard(pressed) {
    if (!pressed.dataset.key) return;
    await this.#letters.remove(Number(pressed.dataset.key));
    await this.#paint();
  }
}

const now = () => new Date(serverNow()).toISOString();

/** @param {IDBValidKey} key @param {Letter} letter */
function row(key, letter) {
  const line = document.createElement("li");
  const danger = letter.body.hazards ? say("desk", "unsent-danger") : "";
  const what = letter.kind === "callback" ? say("desk", `called-${letter.body.power_on}`, { who: letter.who }) : letter.who;
  const state = letter.refused ? say("desk", "refused", { why: letter.refused }) : say("desk", "waiting");
  line.textContent = [danger || say("desk", `letter-${letter.kind}`), what, state].filter(Boolean).join(" · ");
  if (danger) line.className = "danger";
  if (letter.refused) line.append(" ", forget(key));
  return line;
}

/** @param {IDBValidKey} key */
function forget(key) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.key = String(key);
  button.textContent = say("desk", "discard");
  return button;
}
