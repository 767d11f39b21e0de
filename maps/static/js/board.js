// @ts-check
// The wall: reads its figures again by itself for weeks, says so when it cannot, and spares the screen.

import { listen } from "./live.js";
import { serverNow, setClock, span } from "./page.js";
import { themed } from "./theme.js";
import { WallMap } from "./wallmap.js";

const PARTS_MS = 5_000;
const AFTER_NEWS_MS = 1_500;
const PROMISES_MS = 60_000;
const OLD_MS = 15_000;
const ORBIT_U = 0.9;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const wall = /** @type {HTMLElement} */ (document.getElementById("wall"));
const away = /** @type {HTMLElement} */ (document.getElementById("away"));
const zone = document.body.dataset.zone;
const table = themed(() => map.redraw());
const map = new WallMap(/** @type {any} */ (window).relightMap, table);

/** What this machine's clock said when figures last came. */
let fresh = Date.now();
let shut = false; // the login has ended
/** @type {number | undefined} */
let news;

const head = () => /** @type {HTMLElement} */ (document.getElementById("wall-head"));

// Figures ----------------------------------------------------------------------------------------

/** Put each section of an answer in the place of the one with its id. @param {string} html */
function take(html) {
  const parts = new DOMParser().parseFromString(html, "text/html").querySelectorAll("section");
  for (const part of parts) document.getElementById(part.id)?.replaceWith(document.adoptNode(part));
}

/** @param {string} url @returns {Promise<boolean>} whether the answer came and was taken */
async function read(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(20_000) });
    shut = answer.status === 401 || answer.status === 403;
    if (!answer.ok) return false;
    take(await answer.text());
    return true;
  } catch {
    return false; // away: the picture ages and says so, the next turn tries again
  }
}

async function readParts() {
  const edition = head().dataset.edition;
  if (await read("/board/parts")) {
    fresh = Date.now();
    setClock(head().dataset.now);
    // A new version of the program: the scripts of the old one do not go on for weeks.
    if (head().dataset.edition !== edition) return location.reload();
    map.read();
  }
  show();
}

async function partsForEver() {
  await readParts();
  setTimeout(partsForEver, PARTS_MS);
}

async function promisesForEver() {
  const came = await read("/board/promises");
  setTimeout(promisesForEver, came ? PROMISES_MS : PARTS_MS);
}

/** Something happened: look, and once more for what happened while we looked. */
function soon() {
  if (news !== undefined) return;
  readParts();
  news = window.setTimeout(() => { news = undefined; readParts(); }, AFTER_NEWS_MS);
}

// What is said over the figures ------------------------------------------------------------------

/** @param {number} at */
const clockOf = (at) => new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit" }).format(at);
/** @param {number} at */
const dayOf = (at) => new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: zone, month: "short", day: "numeric", weekday: "short" }).format(at);

/** @param {string} said @param {Record<string, string>} facts */
const filled = (said, facts) => said.replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");

function show() {
  const { away: old = "", again = "", out = "", in: in_ = "", ends = "" } = wall.dataset;
  const age = Date.now() - fresh;
  const { loginEnds, saidBefore } = head().dataset;
  const left = loginEnds ? Date.parse(loginEnds) - Date.now() : Infinity;
  if (shut) tell(out, in_);
  else if (age > OLD_MS) tell(filled(old, { at: clockOf(serverNow() - age), t: span(age / 1000) }), again);
  else if (left < 1000 * Number(saidBefore)) tell(filled(ends, { at: `${dayOf(Date.parse(loginEnds ?? ""))} ${clockOf(Date.parse(loginEnds ?? ""))}` }), "", "soon");
  else away.hidden = true;
}

/** @param {string} what @param {string} then @param {string} [kind] */
function tell(what, then, kind = "") {
  const [first, second] = away.querySelectorAll("p");
  if (first.textContent !== what) first.textContent = what;
  if (second.textContent !== then) second.textContent = then;
  away.className = kind;
  away.hidden = false;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && shut) location.assign("/login?goto=/board");
});

// The screen -------------------------------------------------------------------------------------

/** Where the picture stands in a minute: a slow way round a small circle of 24 steps. @param {number} minute */
function orbit(minute) {
  const turn = (2 * Math.PI * (minute % 24)) / 24;
  return { x: ORBIT_U * Math.cos(turn), y: ORBIT_U * Math.sin(turn) };
}

function second() {
  const now = serverNow();
  const clock = document.querySelector("#wall-clock time");
  const day = document.querySelector("#wall-clock span");
  if (clock) clock.textContent = clockOf(now);
  if (day) day.textContent = dayOf(now);
  const { x, y } = orbit(Math.floor(now / MINUTE_MS));
  wall.style.transform = `translate(calc(${x.toFixed(2)} * var(--u)), calc(${y.toFixed(2)} * var(--u)))`;
  wall.classList.toggle("mirrored", Math.floor(now / HOUR_MS) % 2 === 1);
  show();
}

/** The controls come when a hand does, and go after it. */
let leaves = 0;
for (const kind of ["pointermove", "keydown"]) document.addEventListener(kind, () => {
  document.body.classList.add("handled");
  clearTimeout(leaves);
  leaves = window.setTimeout(() => document.body.classList.remove("handled"), 5000);
});

/** Keep the screen from sleeping, where the browser lets us. */
async function stayAwake() {
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // Not allowed here (no HTTPS, or the tab is hidden): the machine's own settings decide.
  }
}
document.addEventListener("visibilitychange", stayAwake);

stayAwake();
setInterval(second, 1000);
second();
map.read();
listen(null, soon);
setTimeout(partsForEver, PARTS_MS);
promisesForEver();
