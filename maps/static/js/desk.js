// @ts-check
// The agent's box: the answer comes while one types; a report is registered beside it.

import { commands, say, toast, tick } from "./page.js";

const htmx = /** @type {any} */ (window).htmx;
const WAIT_MS = 220;
const LEAST = 3;
const form = /** @type {HTMLFormElement} */ (document.getElementById("ask"));
const box = /** @type {HTMLInputElement} */ (document.getElementById("q"));
const answer = /** @type {HTMLElement} */ (document.getElementById("answer"));

/** @type {Record<string, string>} */
let chosen = {};
let asked = "";
/** @type {number | undefined} */
let timer;

function question() {
  const query = new URLSearchParams({ q: box.value.trim(), ...chosen });
  for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input[type=checkbox]:checked"))) query.append(field.name, field.value);
  return query.toString();
}

/** Ask the server, unless just this was asked. @param {boolean} [again] */
async function ask(again = false) {
  window.clearTimeout(timer);
  const query = question();
  if (query === asked && !again) return;
  const other = new URLSearchParams(asked).get("q") !== box.value.trim();
  asked = query;
  answer.setAttribute("aria-busy", "true");
  // Another caller: nothing of the last one may stay in the form.
  const swap = other || again ? "innerHTML" : "morph:innerHTML";
  await htmx.ajax("GET", `/desk/answer?${query}`, { target: answer, source: answer, swap });
  answer.setAttribute("aria-busy", "false");
  tick();
}

box.addEventListener("input", () => {
  chosen = {};
  window.clearTimeout(timer);
  const text = box.value.trim();
  if (text.length === 0 || text.length >= LEAST) timer = window.setTimeout(ask, WAIT_MS);
});
form.addEventListener("change", (event) => { if (event.target !== box) ask(); });
form.addEventListener("submit", (event) => { event.preventDefault(); ask(true); });

answer.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("button"));
  if (button?.dataset.choose) {
    const value = button.dataset.value ?? "";
    const [lon, lat] = value.split(",");
    chosen = button.dataset.choose === "account" ? { account: value } : { lon, lat };
    ask();
  } else if (button?.dataset.tick) {
    // The answer to the question is what the caller says: the same chip as in the box above.
    const chip = /** @type {HTMLInputElement | null} */ (form.querySelector(`input[value="${button.dataset.tick}"]`));
    if (chip) chip.checked = true;
    ask();
    box.focus();
  } else if (button && "next" in button.dataset) {
    form.reset();
    box.value = "";
    chosen = {};
    ask();
    box.focus();
  }
});

/** @param {string} id */
const showTaken = (id) =>
  htmx.ajax("GET", `/desk/reports/${encodeURIComponent(id)}`, { target: answer, source: answer, swap: "innerHTML" }).then(tick);

commands((sent, got) => {
  if (!got.ok) return;
  const then = sent.dataset.then;
  if (then === "taken") showTaken(got.body.ticket.id);
  else if (then === "taken-again") showTaken(sent.dataset.ticket ?? "");
  else ask(true);
  toast(say("script", "done"));
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    box.focus();
    box.select();
  }
});
asked = question();
box.focus();
box.setSelectionRange(box.value.length, box.value.length);
