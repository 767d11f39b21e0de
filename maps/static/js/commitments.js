// @ts-check
// Promises of a month: warnings are acknowledged, a clock is judged again, and the page read again.

import { commands, say, tick, toast } from "./page.js";

const REFRESH_MS = 60_000;
const ledger = document.getElementById("ledger");

async function readAgain() {
  if (!ledger) return location.reload();
  const htmx = /** @type {any} */ (window).htmx;
  ledger.setAttribute("aria-busy", "true");
  await htmx.ajax("GET", `/commitments/parts${location.search}`, { target: ledger, source: ledger, swap: "morph:innerHTML" });
  ledger.setAttribute("aria-busy", "false");
  tick();
}

commands((form, answer) => {
  if (answer.ok) {
    toast(say("script", "done"));
    form.reset();
  }
  if (answer.ok || [404, 409].includes(answer.status)) readAgain();
});
if (ledger) readAgain(); // now with what the open orders will use
// Nobody who types is interrupted.
if (ledger) setInterval(() => { if (!document.hidden && !ledger.contains(document.activeElement)) readAgain(); }, REFRESH_MS);
tick();
