// @ts-check
// The list of what was pressed: each entry with how it stands, and what to do about a refused one.

import { explain, say } from "./page.js";

/** @typedef {import("./outbox.js").Entry} Entry */

/** A new element with a text. @param {string} tag @param {string} text @param {string} [kind] */
function element(tag, text, kind) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

/** @param {string} iso */
const clock = (iso) =>
  new Intl.DateTimeFormat("en-GB", { timeZone: document.body.dataset.zone, hour: "2-digit", minute: "2-digit" }).format(Date.parse(iso));

/**
 * Draw the entries, the newest first, unless they are drawn already.
 * @param {HTMLElement} list
 * @param {{store: string, key: IDBValidKey, entry: Entry, sending: boolean}[]} all
 */
export function drawEntries(list, all) {
  const drawn = JSON.stringify(all.map(({ store, key, entry, sending }) => [store, key, entry.state, entry.why, sending]));
  if (list.dataset.drawn === drawn) return;
  list.dataset.drawn = drawn;
  list.replaceChildren(...all.map(row));
}

/** @param {{store: string, key: IDBValidKey, entry: Entry, sending: boolean}} one */
function row({ store, key, entry, sending }) {
  const line = document.createElement("li");
  const state = sending && entry.state === "waiting" ? "sending" : entry.state;
  line.dataset.state = state;
  line.append(
    element("b", say("action", entry.thing.kind)),
    element("small", say("phone", "of-order", { n: entry.thing.order_id, t: clock(entry.thing.occurred_at) })),
    element("span", say("phone", state), "state"),
  );
  const why = entry.why && explain({ detail: entry.why });
  if (why) line.append(element("p", why, "why"));
  if (entry.state === "refused") {
    line.append(element("p", say("phone", "what-to-do")));
    const buttons = element("p", "", "buttons");
    for (const answer of ["again", "noted"]) {
      const button = element("button", say("phone", answer));
      Object.assign(button.dataset, { entry: answer, store, key: String(key) });
      buttons.append(button);
    }
    line.append(buttons);
  }
  return line;
}
