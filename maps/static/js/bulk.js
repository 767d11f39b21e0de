// @ts-check
// One thing done to the chosen rows: first what will become of each, then the deed, then its undoing.

import { explain, explainBriefly, say, send, serverNow, toast } from "./page.js";
import { word } from "./row.js";

/**
 * @typedef {{thing: string, version: number | null, refused: string | null, detail: string | null, facts: Record<string, any>}} Outcome
 * @typedef {{id: number | null, undo_until: string | null, done: number, refused: number, items: Outcome[]}} Answer
 */

const box = /** @type {HTMLDialogElement} */ (document.getElementById("bulk"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("bulk-form"));
const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (document.getElementById(`bulk-${name}`));
const ADDRESS = "/api/v1/bulk";

export class Bulk {
  /** @param {import("./worklist.js").Worklist} list @param {() => void} done called when rows may have changed */
  constructor(list, done) {
    this.list = list;
    this.done = done;
    /** @type {Answer | null} what the preview said, and so what is sent */
    this.seen = null;
    /** @type {Record<string, any>} */
    this.asked = {};
    /** @type {number | null} */
    this.last = null;
    form.addEventListener("change", () => this.#fields());
    form.addEventListener("input", () => this.#forget());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#preview();
    });
    part("do").addEventListener("click", () => this.#do());
    part("undo").addEventListener("click", () => this.#undo());
  }

  open() {
    if (this.list.chosen.size === 0) return toast(say("script", "bulk-none"));
    part("count").textContent = say("script", "count-chosen", { n: this.list.chosen.size });
    this.#forget();
    this.#fields();
    box.showModal();
  }

  #forget() {
    this.seen = null;
    part("outcome").hidden = true;
  }

  #action() {
    return String(new FormData(form).get("action"));
  }

  /** Show the fields of the action that is chosen; the others are not sent. */
  #fields() {
    for (const field of /** @type {NodeListOf<HTMLElement>} */ (form.querySelectorAll("[data-for]"))) {
      field.hidden = field.dataset.for !== this.#action();
      for (const input of field.querySelectorAll("input")) input.required = !field.hidden;
    }
    this.#forget();
  }

  #body() {
    const given = new FormData(form);
    /** @type {Record<string, Record<string, unknown>>} */
    const of = {
      estimate: { at: new Date(serverNow() + Number(given.get("minutes")) * 60_000).toISOString(), confidence: given.get("confidence") },
      cause: { cause: given.get("cause") },
      hold: { reason: given.get("reason"), note: given.get("note") },
    };
    return { action: this.#action(), ...(of[this.#action()] ?? {}) };
  }

  async #preview() {
    this.asked = this.#body();
    const items = [...this.list.chosen].map((thing) => ({ thing }));
    const answer = await this.#send(`${ADDRESS}/preview`, { ...this.asked, items });
    if (!answer) return;
    this.seen = answer;
    this.#show(answer, "bulk-will");
    const go = part("do");
    go.hidden = answer.done === 0;
    go.textContent = say("script", "bulk-do", { what: word("bulk", this.asked.action), n: answer.done });
    if (answer.done) go.focus();
  }

  async #do() {
    if (!this.seen) return;
    const items = this.seen.items.filter((each) => !each.refused).map(({ thing, version }) => (version === null ? { thing } : { thing, version }));
    this.seen = null;
    const answer = await this.#send(ADDRESS, { ...this.asked, items });
    if (!answer) return;
    this.last = answer.id;
    this.#show(answer, "bulk-did");
    for (const each of answer.items) if (!each.refused) this.list.chosen.delete(each.thing);
    this.done();
    const undo = part("undo");
    undo.hidden = !answer.undo_until || answer.done === 0;
    if (undo.hidden || !answer.undo_until) return;
    const until = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: document.body.dataset.zone });
    undo.textContent = say("script", "bulk-undo", { t: until.format(Date.parse(answer.undo_until)) });
    undo.focus();
  }

  async #undo() {
    const answer = await this.#send(`${ADDRESS}/${this.last}/undo`, {});
    if (!answer) return;
    this.#show(answer, "bulk-undone");
    this.done();
  }

  /** @param {string} url @param {unknown} body @returns {Promise<Answer | null>} */
  async #send(url, body) {
    if (form.dataset.busy) return null;
    form.dataset.busy = "true";
    try {
      const answer = await send("POST", url, body);
      if (answer.ok) return answer.body;
      toast(explain(answer.body), "problem");
      part("said").textContent = explain(answer.body);
      part("outcome").hidden = false;
      return null;
    } finally {
      delete form.dataset.busy;
    }
  }

  /** What becomes of every row, those that are refused first and each reason once. @param {Answer} answer @param {string} how */
  #show(answer, how) {
    part("outcome").hidden = false;
    part("do").hidden = part("undo").hidden = true;
    part("said").textContent = say("script", how, { n: answer.done, refused: answer.refused });
    /** Names of what was refused, by the reason. @type {Map<string, string[]>} */
    const refused = new Map();
    for (const each of answer.items) {
      if (!each.refused) continue;
      const why = explainBriefly({ type: `/problems/${each.refused}`, detail: each.detail });
      refused.set(why, [...(refused.get(why) ?? []), this.#nameOf(each)]);
    }
    const fine = answer.items.filter((each) => !each.refused);
    part("rows").replaceChildren(
      ...[...refused].map(([why, names]) => line("refused", names.join(" · "), `✕ ${why}`)),
      ...fine.map((each) => line("fine", this.#nameOf(each), `✓ ${each.facts.crew ?? ""}`)),
    );
  }

  /** @param {Outcome} each */
  #nameOf(each) {
    return this.list.find(each.thing)?.title || each.thing;
  }
}

/** @param {string} kind @param {string} name @param {string} outcome */
function line(kind, name, outcome) {
  const made = document.createElement("li");
  made.className = kind;
  const who = document.createElement("b");
  who.textContent = name;
  const what = document.createElement("span");
  what.textContent = outcome;
  made.append(who, what);
  return made;
}
