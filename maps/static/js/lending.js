// @ts-check
// Crews that districts lend each other: the panel, and a mark that shows while one is asked for.

import { say, toast } from "./page.js";

const htmx = /** @type {any} */ (window).htmx;
const CONCERNED = new Set(["loan", "lending", "crew"]);

const list = /** @type {HTMLElement} */ (document.getElementById("loanlist"));
const badge = /** @type {HTMLElement} */ (document.getElementById("loans-waiting"));
/** @type {number | null} how many asks waited for us when they were last counted */
let waiting = null;

/**
 * Read the panel again if it is concerned; also while it is folded, for an ask must not be missed.
 * @param {{thing: string}[] | null} things null: everything
 */
export function readLoans(things) {
  if (things === null || things.some((each) => CONCERNED.has(each.thing))) htmx.trigger(list, "refresh");
}

list.addEventListener("htmx:afterSettle", () => {
  const now = Number(/** @type {HTMLElement | null} */ (list.querySelector("[data-waiting]"))?.dataset.waiting ?? 0);
  badge.textContent = now ? String(now) : "";
  badge.hidden = now === 0;
  if (waiting !== null && now > waiting) toast(say("script", "crew-asked"));
  waiting = now;
});

/**
 * Whether a command of this panel met somebody else's: then it is said, and shown as it stands by now.
 * @param {HTMLFormElement} form @param {{status: number}} answer
 */
export function metAnother(form, answer) {
  if (answer.status !== 412 || !("loans" in form.dataset)) return false;
  toast(say("problem", "stale-version"), "problem");
  readLoans(null);
  return true;
}

readLoans(null);
