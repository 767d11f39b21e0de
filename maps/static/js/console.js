// @ts-check
// The dispatcher's console: the list by keyboard, the detail, and the live map.

import { Alarms } from "./alarms.js";
import { Bulk } from "./bulk.js";
import { chooseSuspect, find, leaving, offerMerge, openAct, preview, shapes, tickWeak } from "./correct.js";
import { Drawing } from "./closing.js";
import { collide } from "./collide.js";
import { metAnother, readLoans } from "./lending.js";
import { listen } from "./live.js";
import { legend } from "./legend.js";
import { Layers } from "./map.js";
import { mapside } from "./mapside.js";
import { themed } from "./theme.js";
import { askReason, commands, explain, say, send, setClock, tick, toast } from "./page.js";
import { Presence } from "./presence.js";
import "./steady.js";
import { Storm } from "./storm.js";
import { Worklist } from "./worklist.js";
import { readZones, ZoneDrawing } from "./zones.js";

const htmx = /** @type {any} */ (window).htmx;
const map = /** @type {any} */ (window).relightMap;
const table = themed(() => {
  legend(table);
  layers.still.redraw();
  layers.moving.redraw();
});
const CREWS_EVERY_MS = 4000;
const ALL_EVERY_MS = 30_000;
const MOVED_MS = 700;
const FOLDS = [["crews-fold", "crewlist"], ["planned-fold", "plannedlist"], ["closures-fold", "closurelist"], ["zones-fold", "zonelist"]];
const COVERAGE_EVERY_MS = 15_000;
const NEW_TIMES_MS = 1000;

const detail = /** @type {HTMLElement} */ (document.getElementById("detail"));
const worklist = /** @type {HTMLElement} */ (document.getElementById("worklist"));
const presence = new Presence(detail);
const list = new Worklist({ changed: () => { paintSelection(); presence.paint(); openFirst(); storm.draw(); } });
const storm = new Storm(list);
const bulk = document.getElementById("bulk") && new Bulk(list, () => readAgain(null));
const alarms = new Alarms(openFromAlarm);
const filter = /** @type {HTMLInputElement} */ (document.getElementById("filter"));
const picking = /** @type {HTMLElement} */ (document.getElementById("picking"));
const layers = new Layers(map, table, (key) => { select(key); open(key); });

const closureForm = /** @type {HTMLFormElement | null} */ (document.getElementById("closure-form"));
const drawing = closureForm && new Drawing(map, layers, closureForm);
const zoneForm = /** @type {HTMLFormElement | null} */ (document.getElementById("zone-form"));
const zoning = zoneForm && new ZoneDrawing(map, layers, zoneForm);

let selected = ""; // the key of the chosen row
let wanted = ""; // the key of what the detail shows, or is about to
let changedSince = ""; // until when the dispatcher knew the story, after a 412
let crewOrder = "";
let crewsMovedAt = -Infinity;
let coverageReadAt = -Infinity;
let first = decodeURIComponent(location.hash.slice(1)); // what the page's address says is open

// The list ---------------------------------------------------------------------------------------

/** @param {string} key @returns {HTMLElement | null} */
const rowOf = (key) => document.getElementById(`row-${key}`);
const shown = () => /** @type {HTMLElement | null} */ (document.getElementById("shown"));
const shownKey = () => shown()?.dataset.key ?? "";

/** @param {HTMLElement | string | null | undefined} row a row or its key; a filter may hide what is selected */
function select(row) {
  const key = typeof row === "string" ? row : (row?.dataset.key ?? "");
  selected = list.find(key) ? key : "";
  paintSelection();
  rowOf(key)?.scrollIntoView({ block: "nearest" });
}

function paintSelection() {
  for (const row of worklist.querySelectorAll("[aria-selected=true], .opened")) {
    row.setAttribute("aria-selected", String(/** @type {HTMLElement} */ (row).dataset.key === selected));
    row.classList.toggle("opened", /** @type {HTMLElement} */ (row).dataset.key === wanted);
  }
  const row = selected && rowOf(selected);
  if (row) row.setAttribute("aria-selected", "true");
  rowOf(wanted)?.classList.add("opened");
  if (row) list.list.setAttribute("aria-activedescendant", row.id);
  else list.list.removeAttribute("aria-activedescendant");
}

/** @param {number} by */
function move(by) {
  const all = list.shown;
  const at = all.findIndex((row) => row.key === selected);
  select(all[at < 0 ? 0 : Math.max(0, Math.min(all.length - 1, at + by))]?.key);
}

/** Open what the address names, once the list is there. */
function openFirst() {
  if (!first || !list.find(first)) return;
  const key = first;
  first = "";
  select(key);
  open(key);
}

// The detail -------------------------------------------------------------------------------------

/** @param {string} key */
function open(key) {
  const row = list.find(key);
  if (!row) return;
  if (key !== shownKey()) detail.scrollTop = 0;
  wanted = key;
  changedSince = "";
  paintSelection();
  presence.open(key);
  readDetail(row.src);
  layers.mark(key);
  readThought({ look: true });
  const { lon, lat } = row;
  if (lon !== null && lat !== null) map.setView([lat, lon], Math.max(map.getZoom(), 15), { animate: false });
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
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (detail.querySelectorAll("details[open] > [data-lazy]"))) readPart(part);
}

/** Parts that are being read, and whether something has changed meanwhile. @type {Map<HTMLElement, boolean>} */
const partsRead = new Map();

/** Read a part that is dear to work out, once at a time, so that each question says what was seen. @param {HTMLElement} part */
async function readPart(part) {
  if (partsRead.has(part)) return void partsRead.set(part, true);
  do {
    partsRead.set(part, false);
    const mark = /** @type {HTMLElement | null} */ (part.querySelector("[data-mark]"))?.dataset.mark ?? "";
    part.setAttribute("aria-busy", String(!mark));
    const url = `${part.dataset.lazy}?seen=${encodeURIComponent(mark)}`;
    await htmx.ajax("GET", url, { target: part, source: part, swap: "morph:innerHTML" }).catch(() => undefined);
    part.setAttribute("aria-busy", "false");
  } while (partsRead.get(part) && part.isConnected);
  partsRead.delete(part);
}

/** A 412: show what changed, and let the dispatcher decide again. @param {HTMLFormElement} form */
async function showChange(form) {
  const now = shown();
  if (!now?.dataset.src) return;
  changedSince ||= now.dataset.seen ?? "";
  const source = now.dataset.src;
  await collide(detail, form, () => readDetail(source));
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
  if (metAnother(form, answer)) return;
  if (answer.status === 412) return void showChange(form);
  if (answer.body?.merge_with) return offerMerge(detail, answer.body.merge_with);
  if (!answer.ok) return;
  toast(say("script", "done"));
  changedSince = "";
  form.reset();
  const fold = /** @type {HTMLDetailsElement | null} */ (form.closest("details.act"));
  if (fold) fold.open = false;
  coverageReadAt = -Infinity;
  if (form.dataset.shape === "merge") follow(`outage-${answer.body.id}`);
  readAgain(null);
}, { ...shapes, closure: (_, command) => drawing?.finish(command) ?? null, zone: (_, command) => zoning?.finish(command) ?? null });

/** Of two outages one lives on: look at that. @param {string} key */
function follow(key) {
  if (!list.find(key) || key === shownKey()) return;
  select(key);
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
    select(list.shown[0]?.key);
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
  " ": (event) => (inList(event) || event.target === document.body) && selected ? list.choose(selected) : false,
  v: (event) => (event.shiftKey ? list.chooseNone() : list.chooseAll()),
  b: () => bulk?.open(),
  t: () => storm.toggle(),
  "?": () => /** @type {HTMLDialogElement} */ (document.getElementById("help")).showModal(),
  a: () => alarms.goToFirst(),
  c: () => begin("confirm"),
  e: () => begin("estimate"),
  n: () => begin("note"),
  p: () => begin("notice"),
  r: () => begin("restore"),
  x: () => begin("close"),
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

for (const list of ["closurelist", "coveragelist", "zonelist"]) document.getElementById(list)?.addEventListener("click", (event) => {
  const bounds = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.look?.split(",").map(Number);
  if (bounds) map.fitBounds([[bounds[1], bounds[0]], [bounds[3], bounds[2]]], { maxZoom: 17, animate: false });
});
document.getElementById("bulk-open")?.addEventListener("click", () => bulk?.open());
document.getElementById("help-open")?.addEventListener("click", () => keys["?"](new KeyboardEvent("keydown")));
worklist.addEventListener("click", (event) => {
  const row = /** @type {HTMLElement} */ (event.target).closest("[role=option]");
  if (!(row instanceof HTMLElement)) return;
  const onMark = /** @type {HTMLElement} */ (event.target).closest(".mark");
  if (onMark || event.ctrlKey || event.metaKey) return list.choose(row.dataset.key ?? "");
  select(row);
  open(row.dataset.key ?? "");
});

/** What an alarm is about: a row, or planned work in its own fold. @param {string} key */
function openFromAlarm(key) {
  if (key.startsWith("planned-")) {
    const fold = /** @type {HTMLDetailsElement} */ (document.getElementById("planned-fold"));
    fold.open = true;
    return fold.scrollIntoView({ block: "nearest" });
  }
  select(key);
  open(key);
}

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
  if (!placing) {
    [zoning?.outline, drawing?.outline].find((outline) => outline?.isOpen())?.add(event.latlng);
    return;
  }
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

// Coverage ---------------------------------------------------------------------------------------

const showCoverage = /** @type {HTMLInputElement} */ (document.getElementById("show-coverage"));
const coverageFold = /** @type {HTMLDetailsElement} */ (document.getElementById("coverage-fold"));
coverageFold.addEventListener("toggle", () => htmx.trigger(document.getElementById("coveragelist"), "refresh"));

/** Read the coverage again where it is seen; seldom, for all of a district is reckoned anew. */
function readCoverage() {
  if (performance.now() - coverageReadAt < COVERAGE_EVERY_MS) return;
  coverageReadAt = performance.now();
  if (showCoverage.checked) layers.readLayer("coverage");
  if (coverageFold.open) htmx.trigger(document.getElementById("coveragelist"), "refresh");
}

// Live -------------------------------------------------------------------------------------------

/** @param {{kind: string, thing: string, key: string}[] | null} things null: everything */
function readAgain(things) {
  list.read();
  alarms.read();
  for (const [fold, list] of FOLDS) {
    if (/** @type {HTMLDetailsElement} */ (document.getElementById(fold)).open) htmx.trigger(document.getElementById(list), "refresh");
  }
  for (const name of ["work", "transformers", "planned", "reports", "network", "crews"]) layers.readLayer(name);
  readCoverage();
  readLoans(things);
  if (things === null || things.some((each) => each.thing === "closure")) {
    layers.readLayer("closures");
    setTimeout(refreshDetail, NEW_TIMES_MS); // the drive times of every process follow within a second
  }
  if (things === null || things.some((each) => each.thing === "zone")) {
    layers.readLayer("zones");
    readZones(storm);
  }
  if (things === null || things.some((each) => each.thing !== "crew")) refreshDetail();
}

for (const [fold, list] of FOLDS) {
  document.getElementById(fold)?.addEventListener("toggle", () => htmx.trigger(document.getElementById(list), "refresh"));
}
document.addEventListener("htmx:afterSettle", (event) => {
  const target = /** @type {HTMLElement} */ (event.target);
  const fresh = /** @type {HTMLElement | null} */ (target.querySelector("[data-now]"));
  setClock(fresh?.dataset.now);
  if (target === detail) {
    const order = [...detail.querySelectorAll("#ranking li")].map((li) => li.id).join(" ");
    if (order !== crewOrder && shownKey() === wanted) crewsMovedAt = crewOrder && order ? performance.now() : -Infinity;
    crewOrder = order;
    preview(detail);
    layers.ring(leaving(detail));
    presence.paint();
  }
  tick();
});
detail.addEventListener("refresh", () => void refreshDetail());
document.addEventListener("htmx:beforeSwap", (event) => {
  const { detail: swap } = /** @type {CustomEvent} */ (event);
  if (swap.xhr.status === 404 && swap.target === detail) swap.shouldSwap = true;
});

listen(document.getElementById("live"), readAgain, (order) => {
  const shows = detail.querySelector(`[data-eta="${CSS.escape(order)}"]`);
  if (shows) htmx.ajax("GET", `/console/orders/${order}/eta`, { target: shows, source: shows, swap: "morph:innerHTML" });
});
setInterval(() => { if (!document.hidden) layers.readLayer("crews"); }, CREWS_EVERY_MS);
setInterval(() => { if (!document.hidden) readCoverage(); }, COVERAGE_EVERY_MS);
setInterval(() => { if (!document.hidden) readAgain(null); }, ALL_EVERY_MS);
legend(table);
mapside(map, layers, (key) => { select(rowOf(key)); open(key); });
layers.readAll();
readZones(storm);
list.start();
