// @ts-check
// The crew's phone: buttons work without a network; what was pressed is sent when there is one.

import { watchOver } from "./check-in.js";
import { drawEntries } from "./entries.js";
import { age, forgetOrders, keepOrders, keptOrders, showKept } from "./kept-orders.js";
import { listen } from "./live.js";
import { onTheJob } from "./on-the-job.js";
import { Outbox } from "./outbox.js";
import { learnWords, newId, read, say, serverNow, setClock, sure, tick, toast } from "./page.js";
import { keepPhoto } from "./photos.js";
import { Sender } from "./sending.js";
import "./steady.js";

const htmx = /** @type {any} */ (window).htmx;
const TRY_EVERY_MS = 5000;
const ANSWERED_WITHIN_MS = 20_000;
const SEQ = "relight.seq";
const STEPS = ["assigned", "accepted", "en_route", "arrived"];
/** @type {Record<string, string>} to which step a button takes an order */
const LEADS_TO = { accept: "accepted", en_route: "en_route", arrive: "arrived" };

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
const orders = /** @type {HTMLElement} */ (document.getElementById("orders"));
const sync = /** @type {HTMLElement} */ (document.getElementById("sync"));
const stream = /** @type {HTMLElement} */ (document.getElementById("stream"));
const sent = /** @type {HTMLDetailsElement} */ (document.getElementById("sent"));
const entries = /** @type {HTMLElement} */ (document.getElementById("entries"));
const unreached = /** @type {HTMLElement} */ (document.getElementById("unreached"));
learnWords(main.dataset.words);

// Whose phone this is ----------------------------------------------------------------------------

const isShell = "shell" in main.dataset;
const found = await keptOrders(main.dataset.crew);
const crew = main.dataset.crew || found?.crew || "";
/** when the server last showed these orders, by its own time; null: never on this phone */
let seenAt = isShell ? (found?.at ?? null) : serverNow();
let away = isShell;
if (isShell && found) showKept(found, orders);
if (!isShell) keepOrders(crew, orders.innerHTML);

const actions = new Outbox("actions", crew);
const positions = new Outbox("positions", crew);
const photos = new Outbox("photos", crew);
const queues = { actions, positions, photos };
const sender = new Sender(queues, async (news) => {
  await show();
  if (news) htmx.trigger(orders, "refresh");
});

/** The phone's own count: it never goes back, not even when the storage was emptied. */
function nextSeq() {
  const seq = Math.max(Number(localStorage.getItem(SEQ) ?? 0) + 1, Date.now());
  localStorage.setItem(SEQ, String(seq));
  return seq;
}

// What the crew does -----------------------------------------------------------------------------

/** Keep an action, then try to send it. @param {string} kind @param {Element} from @param {Record<string, any>} [facts] */
async function act(kind, from, facts = {}) {
  const order = Number(/** @type {HTMLElement | null} */ (from.closest("[data-order]"))?.dataset.order);
  const action = { id: newId(), seq: nextSeq(), kind, order_id: order, occurred_at: new Date(serverNow()).toISOString(), ...facts };
  try {
    await actions.add(action);
  } catch {
    return toast(say("phone", "not-kept"), "problem");
  }
  await show();
  sender.flush();
}

orders.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button[data-action]");
  if (!(button instanceof HTMLButtonElement)) return;
  button.disabled = true; // until the entry is drawn: a double press of a thick glove is one
  act(button.dataset.action ?? "", button, JSON.parse(button.dataset.facts ?? "{}"));
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

orders.addEventListener("change", async (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  if (field.type !== "file") return;
  const order = Number(/** @type {HTMLElement} */ (field.closest("[data-order]")).dataset.order);
  for (const file of field.files ?? []) {
    try {
      await keepPhoto(photos, file, order);
    } catch {
      toast(say("phone", "no-photo"), "problem");
    }
  }
  field.value = "";
  await show();
  sender.flush();
});

sync.addEventListener("click", () => {
  sent.open = true;
  sent.scrollIntoView();
});

// A refused entry stays until somebody has read it; it may be tried again.
entries.addEventListener("click", async (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button[data-entry]");
  if (!(button instanceof HTMLElement)) return;
  const queue = button.dataset.store === "photos" ? photos : actions;
  const key = Number(button.dataset.key);
  const one = (await queue.list("refused")).find(([each]) => each === key);
  if (!one) return;
  const { thing } = one[1];
  if (button.dataset.entry === "again") await queue.add({ ...thing, id: newId(), ...(queue === photos ? { received: 0 } : { seq: nextSeq() }) });
  await queue.remove([key]);
  await show();
  sender.flush();
});

// What is shown ----------------------------------------------------------------------------------

/** By order, when the crew last pressed anything for it. @type {Map<number, number>} */
const acted = new Map();

/** Draw how everything stands: buttons, the list of entries, the count, and how old the orders are. */
async function show() {
  const all = (await Promise.all([of("actions"), of("photos")])).flat();
  all.sort((a, b) => Date.parse(b.entry.thing.occurred_at) - Date.parse(a.entry.thing.occurred_at));
  drawEntries(entries, all);
  for (const { entry: { thing } } of all) acted.set(thing.order_id, Math.max(acted.get(thing.order_id) ?? 0, Date.parse(thing.occurred_at)));
  const waiting = all.filter(({ entry }) => entry.state === "waiting");
  paintButtons(waiting.map(({ entry }) => entry.thing));
  watchOver(orders, acted);
  showCount(waiting.length, all.filter(({ entry }) => entry.state === "refused").length);
  showAge();
}

/** Everything of one queue, each with how it stands. @param {"actions" | "photos"} store */
async function of(store) {
  const states = /** @type {const} */ (["waiting", "refused", "late", "stored"]);
  const found = await Promise.all(states.map((state) => queues[store].list(state)));
  const sending = sender.sending && !away;
  return found.flat().map(([key, entry]) => ({ store, key, entry, sending }));
}

/** An order stands where its buttons have taken it, also before the server knows. @param {any[]} waiting */
function paintButtons(waiting) {
  for (const job of /** @type {NodeListOf<HTMLElement>} */ (orders.querySelectorAll("[data-order]"))) {
    const mine = waiting.filter((action) => action.order_id === Number(job.dataset.order));
    const reached = mine.map(({ kind }) => STEPS.indexOf(LEADS_TO[kind] ?? ""));
    job.dataset.now = STEPS[Math.max(STEPS.indexOf(job.dataset.step ?? ""), ...reached)];
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (job.querySelectorAll("button[data-action]"))) {
      const waits = !("again" in button.dataset) && mine.some(({ kind, ...facts }) => kind === button.dataset.action && isSame(facts, button.dataset.facts));
      button.disabled = waits;
      button.classList.toggle("waits", waits);
    }
  }
  onTheJob(orders.querySelector("[data-now=accepted], [data-now=en_route], [data-now=arrived]") !== null, (position) => {
    positions.add(position).then(() => sender.flush());
  });
}

/** Whether an entry is what this button would send. @param {Record<string, any>} action @param {string | undefined} facts */
const isSame = (action, facts) => Object.entries(JSON.parse(facts ?? "{}")).every(([name, value]) => action[name] === value);

let refusedBefore = 0;
/** @param {number} waiting @param {number} refused */
function showCount(waiting, refused) {
  if (refused > refusedBefore) sent.open = true; // what was refused is not to be looked for
  refusedBefore = refused;
  sync.dataset.state = waiting || refused ? "late" : "live";
  sync.classList.toggle("amber", waiting + refused > 0);
  const text = refused ? say("phone", "refused-count", { n: refused }) : waiting ? say("script", "queued", { n: waiting }) : say("script", "sent");
  const b = sync.querySelector("b");
  if (b && b.textContent !== text) b.textContent = text;
}

function showAge() {
  unreached.hidden = !away;
  const text = seenAt === null ? say("phone", "nothing-kept") : age(seenAt);
  const line = unreached.querySelector("span");
  if (line && line.textContent !== text) line.textContent = text;
}
setInterval(() => {
  showAge();
  watchOver(orders, acted);
}, 1000);

/** Whether somebody is in the middle of something. */
const isBusy = () => orders.querySelector("details.act[open]") !== null;

// The server's answers ---------------------------------------------------------------------------

document.addEventListener("htmx:afterRequest", (event) => {
  const { successful } = /** @type {CustomEvent} */ (event).detail;
  away = !successful;
  if (!successful) return showAge();
  if (isShell && !isBusy()) return location.replace("/crew");
});
document.addEventListener("htmx:afterSettle", (event) => {
  setClock(/** @type {HTMLElement | null} */ (orders.querySelector("[data-now]"))?.dataset.now);
  seenAt = serverNow();
  const { xhr } = /** @type {CustomEvent} */ (event).detail;
  if (xhr) keepOrders(crew, xhr.responseText);
  show();
  tick();
});

htmx.config.timeout = ANSWERED_WITHIN_MS; // half a network must not hold up the next attempt
const refresh = () => htmx.trigger(orders, "refresh");
function tryAgain() {
  // A stream that is silent may mean that orders are old; asking tells.
  if (away || !navigator.onLine || stream.dataset.state !== "live") refresh();
  sender.flush();
}
window.addEventListener("online", tryAgain);
document.addEventListener("visibilitychange", () => { if (!document.hidden) tryAgain(); });
setInterval(tryAgain, TRY_EVERY_MS);

// Leaving ----------------------------------------------------------------------------------------

document.querySelector("form.who")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = /** @type {HTMLFormElement} */ (event.target);
  const waiting = (await actions.count("waiting")) + (await photos.count("waiting"));
  if (waiting && !(await sure(say("phone", "leave", { n: waiting })))) return;
  await forgetOrders();
  form.submit();
});

// The worker -------------------------------------------------------------------------------------

if ("serviceWorker" in navigator) {
  const worker = navigator.serviceWorker;
  const had = worker.controller !== null;
  worker.addEventListener("controllerchange", () => {
    if (!had) return; // the first one on this phone changes nothing on the screen
    if (isBusy()) toast(say("phone", "new-version"));
    else location.reload();
  });
  worker.register("/crew-worker.js", { scope: "/crew", updateViaCache: "none" }).then(({ active }) => {
    const language = document.documentElement.lang;
    if (!isShell && active && localStorage.getItem("relight.shell") !== language) active.postMessage("renew-shell");
    if (!isShell) localStorage.setItem("relight.shell", language);
  }).catch(() => {}); // without HTTPS there is none: the screen works, but not from a reload without a network
  navigator.storage?.persist?.();
}

await show();
listen(stream, () => { refresh(); sender.flush(); });
sender.flush();
