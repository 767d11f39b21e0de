// @ts-check
// The dispatcher's console: the list by keyboard, the detail, and the live map.

import { chooseSuspect, find, leaving, openAct, preview, shapes, tickWeak } from "./correct.js";
import { listen } from "./live.js";
import { Layers, legend } from "./map.js";
import { askReason, commands, explain, say, send, setClock, tick, toast } from "./page.js";

const htmx = /** @type {any} */ (window).htmx;
const map = /** @type {any} */ (window).relightMap;
const table = JSON.parse(document.getElementById("style-table")?.dataset.table ?? "{}");
const CREWS_EVERY_MS = 4000;
const ALL_EVERY_MS = 30_000;
const MOVED_MS = 700;
const FOLDS = [["crews-fold", "crewlist"], ["planned-fold", "plannedlist"]];

const detail = /** @type {HTMLElement} */ (document.getElementById("detail"));
const worklist = /** @type {HTMLElement} */ (document.getElementById("worklist"));
const filter = /** @type {HTMLInputElement} */ (document.getElementById("filter"));
const picking = /** @type {HTMLElement} */ (document.getElementById("picking"));
const layers = new Layers(map, table, (key) => { select(rowOf(key)); open(key); });

let selected = ""; // the key of the chosen row
let wanted = ""; // the key of what the detail shows, or is about to
let changedSince = ""; // until when the dispatcher knew the story, after a 412
let crewOrder = "";
let crewsMovedAt = -Infinity;

// The list ---------------------------------------------------------------------------------------

/** @returns {HTMLElement[]} */
const rows = () => /** @type {HTMLElement[]} */ ([...worklist.querySelectorAll("[role=option]:not([hidden])")]);
/** @param {string} key @returns {HTMLElement | null} */
const rowOf = (key) => document.getElementById(`row-${key}`);
const shown = () => /** @type {HTMLElement | null} */ (document.getElementById("shown"));
const shownKey = () => shown()?.dataset.key ?? "";

/** @param {HTMLElement | null | undefined} row */
function select(row) {
  selected = row?.dataset.key ?? "";
  paintSelection();
  row?.scrollIntoView({ block: "nearest" });
}

function paintSelection() {
  const list = document.getElementById("list");
  for (const row of worklist.querySelectorAll("[role=option]")) {
    row.setAttribute("aria-selected", String(/** @type {HTMLElement} */ (row).dataset.key === selected));
    row.classList.toggle("opened", /** @type {HTMLElement} */ (row).dataset.key === wanted);
  }
  const row = selected && rowOf(selected);
  if (list && row) list.setAttribute("aria-activedescendant", row.id);
  else list?.removeAttribute("aria-activedescendant");
}

/** @param {number} by */
function move(by) {
  const all = rows();
  const at = all.findIndex((row) => row.dataset.key === selected);
  select(all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))]);
}

function applyFilter() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of /** @type {NodeListOf<HTMLElement>} */ (worklist.querySelectorAll("[role=option]"))) {
    const text = (row.textContent ?? "").toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
}

// The detail -------------------------------------------------------------------------------------

/** @param {string} key */
function open(key) {
  const row = rowOf(key);
  if (!row?.dataset.src) return;
  if (key !== shownKey()) detail.scrollTop = 0;
  wanted = key;
  changedSince = "";
  paintSelection();
  readDetail(row.dataset.src);
  layers.mark(key);
  readThought({ look: true });
  const { lon, lat } = row.dataset;
  if (lon && lat) map.setView([Number(lat), Number(lon)], Math.max(map.getZoom(), 15), { animate: false });
  history.replaceState(null, "", `#${key}`);
}

/** @param {string} source */
function readDetail(source) {
  const url = changedSince ? `${source}?after=${encodeURIComponent(changedSince)}` : source;
  // Another thing: nothing that was typed or opened for the last one may stay.
  const swap = shown()?.dataset.src === source ? "morph:innerHTML" : "innerHTML";
  return htmx.ajax("GET", url, { target: detail, source: detail, swap });
}

async function refreshDetail() {
  const now = shown();
  if (!now?.dataset.src || wanted !== now.dataset.key) return;
  await readDetail(now.dataset.src);
  readThought();
  readLazily();
}

/** What inference thinks of the open outage, on the map. @param {{look?: boolean}} [how] look: so that all of it is seen */
function readThought({ look = false } = {}) {
  const [kind, id] = wanted.split(/-(.*)/);
  return layers.think(kind === "outage" ? `/console/outages/${id}/thought` : null, look);
}

/** What would settle the open outage, or whom to call back: asked for only where its fold is open. */
function readLazily() {
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (detail.querySelectorAll("details[open] > [data-lazy]"))) {
    const mark = /** @type {HTMLElement | null} */ (part.querySelector("[data-mark]"))?.dataset.mark ?? "";
    part.setAttribute("aria-busy", String(!mark));
    const url = `${part.dataset.lazy}?seen=${encodeURIComponent(mark)}`;
    htmx.ajax("GET", url, { target: part, source: part, swap: "morph:innerHTML" })
      .finally(() => part.setAttribute("aria-busy", "false"));
  }
}

/** A 412: show what changed, and let the dispatcher decide again. */
async function showChange() {
  const now = shown();
  if (!now?.dataset.src) return;
  changedSince ||= now.dataset.seen ?? "";
  toast(say("problem", "stale-version"), "problem");
  await readDetail(now.dataset.src);
  detail.querySelector(".changed")?.scrollIntoView({ block: "nearest" });
}

/** @param {number} n */
function assign(n) {
  if (!isSure()) return toast(say("script", "open-first"));
  if (performance.now() - crewsMovedAt < MOVED_MS) return toast(say("script", "list-moved"));
  const form = /** @type {HTMLFormElement | null} */ (detail.querySelector(`#ranking li[data-n="${n}"] form`));
  if (!form) return toast(say("script", "no-crew"));
  const reason = /** @type {HTMLInputElement} */ (form.querySelector("input[name=reason]"));
  if ("needsReason" in form.dataset && !reason.value.trim()) {
    toast(say("script", "say-why"));
    return askReason(form);
  }
  form.requestSubmit();
}

/** Whether the selected row is the one shown: nothing is commanded otherwise. */
const isSure = () => selected !== "" && selected === shownKey() && wanted === selected;

document.addEventListener("submit", (event) => {
  if (isSure() || !detail.contains(/** @type {Node} */ (event.target))) return;
  event.preventDefault();
  event.stopPropagation();
  toast(say("script", "open-first"));
}, { capture: true });

commands((form, answer) => {
  if (answer.status === 412) return void showChange();
  if (!answer.ok) return;
  toast(say("script", "done"));
  changedSince = "";
  form.reset();
  const fold = /** @type {HTMLDetailsElement | null} */ (form.closest("details.act"));
  if (fold) fold.open = false;
  if (form.dataset.shape === "merge") follow(`outage-${answer.body.id}`);
  readAgain(null);
}, shapes);

/** Of two outages one lives on: look at that. @param {string} key */
function follow(key) {
  const row = rowOf(key);
  if (!row || key === shownKey()) return;
  select(row);
  open(key);
}

detail.addEventListener("input", () => {
  preview(detail);
  layers.ring(leaving(detail));
});
document.addEventListener("input", (event) => {
  const field = /** @type {HTMLElement} */ (event.target);
  if (field instanceof HTMLInputElement && field.dataset.find) find(field);
});
detail.addEventListener("toggle", (event) => {
  layers.ring(leaving(detail));
  if (/** @type {HTMLElement} */ (event.target).querySelector(":scope > [data-lazy]")) readLazily();
}, { capture: true });
detail.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  if (!button) return;
  if (button.dataset.chooseSuspect !== undefined) chooseSuspect(detail, button.dataset.chooseSuspect);
  if (button.dataset.tickWeak !== undefined && button.form) tickWeak(button.form);
});

// Keys -------------------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  if (event.key === "Escape") {
    stopPicking();
    if (target.matches("input, textarea, select")) target.blur();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (target === filter && event.key === "Enter") {
    filter.blur();
    select(rows()[0]);
    return event.preventDefault();
  }
  if (target.closest("dialog") || target.matches("input, textarea, select")) return;
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act && act(event) !== false) event.preventDefault();
});

/** @type {Record<string, (event: KeyboardEvent) => void | false>} */
const keys = {
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: (event) => (inList(event) ? move(1) : false),
  ArrowUp: (event) => (inList(event) ? move(-1) : false),
  Enter: (event) => {
    const onControl = /** @type {HTMLElement} */ (event.target).closest("button, summary, a, input");
    if (onControl || !selected) return false;
    open(selected);
  },
  "/": () => { filter.focus(); filter.select(); },
  "?": () => /** @type {HTMLDialogElement} */ (document.getElementById("help")).showModal(),
  c: () => begin("confirm"),
  s: () => begin("split"),
  m: () => begin("merge"),
  u: () => begin("undo"),
  ...Object.fromEntries(["1", "2", "3", "4", "5"].map((n) => [n, () => assign(Number(n))])),
};
/** Open a form for the open row. @param {string} name */
function begin(name) {
  if (!isSure()) return toast(say("script", "open-first"));
  if (!openAct(detail, name)) toast(say("script", "not-here"));
}
/** @param {KeyboardEvent} event */
const inList = (event) => /** @type {HTMLElement} */ (event.target).id === "list";

document.getElementById("help-open")?.addEventListener("click", () => keys["?"](new KeyboardEvent("keydown")));
filter.addEventListener("input", applyFilter);
worklist.addEventListener("click", (event) => {
  const clicked = /** @type {HTMLElement} */ (event.target);
  const alarm = /** @type {HTMLElement | null} */ (clicked.closest("[data-opens]"));
  const row = alarm ? rowOf(alarm.dataset.opens ?? "") : clicked.closest("[role=option]");
  if (!(row instanceof HTMLElement)) return;
  select(row);
  open(row.dataset.key ?? "");
});

// A place for a report by a click on the map ------------------------------------------------------

/** @type {HTMLFormElement | null} */
let placing = null;
detail.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("[data-pick]");
  if (!button) return;
  placing = button.closest("form");
  picking.textContent = say("script", "pick");
  picking.hidden = false;
});
map.on("click", async (/** @type {any} */ event) => {
  if (!placing) return;
  const form = placing;
  stopPicking();
  const location = { lon: event.latlng.lng, lat: event.latlng.lat };
  const answer = await send("PUT", form.dataset.url ?? "", { location });
  toast(answer.ok ? say("script", "done") : explain(answer.body), answer.ok ? "note" : "problem");
  if (answer.ok) readAgain(null);
});
function stopPicking() {
  placing = null;
  picking.hidden = true;
}

// Live -------------------------------------------------------------------------------------------

/** @param {{kind: string, thing: string, key: string}[] | null} things null: everything */
function readAgain(things) {
  htmx.trigger(worklist, "refresh");
  for (const [fold, list] of FOLDS) {
    if (/** @type {HTMLDetailsElement} */ (document.getElementById(fold)).open) htmx.trigger(document.getElementById(list), "refresh");
  }
  for (const name of ["work", "transformers", "reports", "network", "crews"]) layers.readLayer(name);
  if (things === null || things.some((each) => each.thing !== "crew")) refreshDetail();
}

for (const [fold, list] of FOLDS) {
  document.getElementById(fold)?.addEventListener("toggle", () => htmx.trigger(document.getElementById(list), "refresh"));
}
document.addEventListener("htmx:afterSettle", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const fresh = /** @type {HTMLElement | null} */ (target.querySelector("[data-now]"));
  setClock(fresh?.dataset.now);
  if (target === worklist) {
    applyFilter();
    paintSelection();
  }
  if (target === detail) {
    const order = [...detail.querySelectorAll("#ranking li")].map((li) => li.id).join(" ");
    if (order !== crewOrder && shownKey() === wanted) crewsMovedAt = crewOrder && order ? performance.now() : -Infinity;
    crewOrder = order;
    preview(detail);
    layers.ring(leaving(detail));
  }
  tick();
});
document.addEventListener("htmx:beforeSwap", (event) => {
  const { detail: swap } = /** @type {CustomEvent} */ (event);
  if (swap.xhr.status === 404 && swap.target === detail) swap.shouldSwap = true;
});

listen(document.getElementById("live"), readAgain);
setInterval(() => { if (!document.hidden) layers.readLayer("crews"); }, CREWS_EVERY_MS);
setInterval(() => { if (!document.hidden) readAgain(null); }, ALL_EVERY_MS);
legend(table);
layers.readAll();
const first = decodeURIComponent(location.hash.slice(1));
if (first) {
  select(rowOf(first));
  open(first);
}
