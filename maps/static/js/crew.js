// @ts-check
// The crew's phone: buttons work without a network; what was pressed is sent when there is one.

import { listen } from "./live.js";
import { Outbox } from "./outbox.js";
import { explain, newId, read, say, send, serverNow, setClock, tick, toast } from "./page.js";

const htmx = /** @type {any} */ (window).htmx;
const BATCH = 200;
const POSITIONS_EVERY_MS = 10_000;
const TRY_EVERY_MS = 5000;
const SEQ = "relight.seq";

const orders = /** @type {HTMLElement} */ (document.getElementById("orders"));
const sync = /** @type {HTMLElement} */ (document.getElementById("sync"));
const actions = new Outbox("actions");
const positions = new Outbox("positions");
/** @type {Set<string>} what was pressed and not answered: `order action` */
const pressed = new Set();
let sending = false;

/** The phone's own count: it never goes back, not even when the storage was emptied. */
function nextSeq() {
  const seq = Math.max(Number(localStorage.getItem(SEQ) ?? 0) + 1, Date.now());
  localStorage.setItem(SEQ, String(seq));
  return seq;
}

// What the crew does -----------------------------------------------------------------------------

/** @param {string} kind @param {Element} from @param {Record<string, any>} [facts] */
async function act(kind, from, facts = {}) {
  const order = Number(/** @type {HTMLElement | null} */ (from.closest("[data-order]"))?.dataset.order);
  pressed.add(`${order} ${kind}`);
  paintPressed();
  await actions.add({ id: newId(), seq: nextSeq(), kind, order_id: order, occurred_at: new Date(serverNow()).toISOString(), ...facts });
  if (kind === "en_route" || kind === "accept") watch();
  flush();
}

orders.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button[data-action]");
  if (button instanceof HTMLElement) act(button.dataset.action ?? "", button);
});
orders.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.dataset.action) return;
  event.preventDefault();
  act(form.dataset.action, form, read(form));
  form.reset();
  const fold = form.closest("details");
  if (fold) fold.open = false;
});

/** A step that was pressed and is not sent yet shows it, and cannot be pressed twice. */
function paintPressed() {
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (orders.querySelectorAll("button[data-action]"))) {
    const order = /** @type {HTMLElement} */ (button.closest("[data-order]")).dataset.order;
    const waits = pressed.has(`${order} ${button.dataset.action}`);
    button.disabled = waits;
    button.classList.toggle("waits", waits);
  }
}

// Sending ----------------------------------------------------------------------------------------

async function flush() {
  if (sending) return;
  sending = true;
  try {
    await sendActions();
    await sendPositions();
  } finally {
    sending = false;
    await showCount();
  }
}

async function sendActions() {
  for (;;) {
    const waiting = await actions.first(BATCH);
    if (!waiting.length) return;
    const answer = await send("POST", "/api/v1/crew/actions", { actions: waiting.map(([, action]) => action) });
    if (!answer.ok) {
      if (answer.status >= 400 && answer.status < 500 && answer.status !== 401) toast(explain(answer.body), "problem");
      return;
    }
    for (const outcome of answer.body.actions) {
      if (outcome.outcome !== "applied") toast(say("script", outcome.outcome, { why: outcome.detail }), "problem");
    }
    await actions.remove(waiting.map(([key]) => key));
    for (const [, action] of waiting) pressed.delete(`${action.order_id} ${action.kind}`);
    htmx.trigger(orders, "refresh");
  }
}

async function sendPositions() {
  const waiting = await positions.first(BATCH);
  if (!waiting.length) return;
  const answer = await send("POST", "/api/v1/crew/positions", { positions: waiting.map(([, fix]) => fix) });
  if (answer.ok || answer.status === 422) await positions.remove(waiting.map(([key]) => key));
}

async function showCount() {
  const n = await actions.count();
  sync.dataset.state = n ? "late" : "live";
  sync.classList.toggle("amber", n > 0);
  const text = n ? say("script", "queued", { n }) : say("script", "sent");
  const b = sync.querySelector("b");
  if (b && b.textContent !== text) b.textContent = text;
}

window.addEventListener("online", flush);
document.addEventListener("visibilitychange", () => { if (!document.hidden) flush(); });
setInterval(flush, TRY_EVERY_MS);

// Where the crew is ------------------------------------------------------------------------------

/** @type {number | null} */
let watching = null;
let lastFix = 0;
function watch() {
  if (watching !== null || !navigator.geolocation) return;
  watching = navigator.geolocation.watchPosition(
    (fix) => {
      if (fix.timestamp - lastFix < POSITIONS_EVERY_MS) return;
      lastFix = fix.timestamp;
      const { longitude: lon, latitude: lat, accuracy, speed } = fix.coords;
      const fixed_at = new Date(fix.timestamp + serverNow() - Date.now()).toISOString();
      /** @type {Record<string, any>} */
      const thing = { id: newId(), lon, lat, fixed_at, accuracy_m: Math.min(accuracy, 100_000) };
      if (speed !== null && speed >= 0) thing.speed_mps = speed;
      positions.add(thing).then(flush);
    },
    () => { watching = null; toast(say("script", "no-gps")); },
    { enableHighAccuracy: true, maximumAge: 5000 },
  );
}
function watchWhileActive() {
  const active = orders.querySelector("[data-active=true]") !== null;
  if (active) watch();
  else if (watching !== null) {
    navigator.geolocation.clearWatch(watching);
    watching = null;
  }
}

document.addEventListener("htmx:afterSettle", () => {
  setClock(/** @type {HTMLElement | null} */ (orders.querySelector("[data-now]"))?.dataset.now);
  paintPressed();
  watchWhileActive();
  tick();
});
for (const [, action] of await actions.first(BATCH)) pressed.add(`${action.order_id} ${action.kind}`);
paintPressed();
listen(null, () => { htmx.trigger(orders, "refresh"); flush(); });
watchWhileActive();
flush();
