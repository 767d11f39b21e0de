// @ts-check
// What closed outages teach: a version is adopted, a suspected link decided on, and the page read again.

import { commands, say, tick, toast } from "./page.js";

const htmx = /** @type {any} */ (window).htmx;
const lessons = /** @type {HTMLElement} */ (document.getElementById("lessons"));
let after = "";

/** @param {"innerHTML" | "morph:innerHTML"} swap morph: what is typed and opened stays */
async function readAgain(swap) {
  const district = /** @type {HTMLSelectElement | null} */ (document.getElementById("district"))?.value ?? "";
  const query = new URLSearchParams({ district });
  if (after) query.set("after", after);
  lessons.setAttribute("aria-busy", "true");
  await htmx.ajax("GET", `/learning/parts?${query}`, { target: lessons, source: lessons, swap });
  lessons.setAttribute("aria-busy", "false");
  tick();
}

commands((form, answer) => {
  if (answer.status === 412) toast(say("problem", "stale-version"), "problem");
  if (answer.ok) {
    toast(say("script", "done"));
    form.reset();
  }
  if (answer.ok || [404, 412].includes(answer.status)) readAgain("morph:innerHTML");
});

lessons.addEventListener("change", (event) => {
  if (/** @type {HTMLElement} */ (event.target).id !== "district") return;
  after = "";
  readAgain("innerHTML");
});
lessons.addEventListener("click", (event) => {
  const more = /** @type {HTMLElement} */ (event.target).closest("#more");
  if (!(more instanceof HTMLElement)) return;
  after = more.dataset.after ?? "";
  readAgain("innerHTML").then(() => document.getElementById("links-title")?.scrollIntoView());
});
tick();
