// @ts-check
// Devices that say where crews are: looked for by name, bound and revoked, and read again by itself.

import { commands, say, tick, toast } from "./page.js";

const htmx = /** @type {any} */ (window).htmx;
const AGAIN_EVERY_MS = 15_000;
const TYPED_MS = 250;

const devices = /** @type {HTMLElement} */ (document.getElementById("devices"));
const wanted = /** @type {HTMLInputElement} */ (document.getElementById("wanted"));
let typing = 0;

/** Read the list again; what is opened and chosen stays. */
async function readAgain() {
  const query = new URLSearchParams({ q: wanted.value });
  devices.setAttribute("aria-busy", "true");
  await htmx.ajax("GET", `/trackers/parts?${query}`, { target: devices, source: devices, swap: "morph:innerHTML" });
  devices.setAttribute("aria-busy", "false");
  tick();
}

commands((form, answer) => {
  if (answer.ok) {
    toast(say("script", "done"));
    const fold = form.closest("details");
    if (fold) fold.open = false;
  }
  readAgain();
});

wanted.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(readAgain, TYPED_MS);
});
setInterval(() => { if (!document.hidden && !devices.querySelector("details[open]")) readAgain(); }, AGAIN_EVERY_MS);
