// @ts-check
// Callers to be told that supply is back: the server hands out one at a time, to one agent at a
// time; one key a result. A result is kept on this computer first. Who is on the screen as mine
// stays mine while the list is open: the page prolongs it, in silence, also after the server was away.

import { CSRF, explain, say, send, serverNow, toast } from "./page.js";

const drawer = /** @type {HTMLElement} */ (document.getElementById("callbacks"));
const count = /** @type {HTMLElement} */ (document.getElementById("callbacks-count"));
const RESULTS = /** @type {Record<string, boolean | null>} */ ({ 1: true, 2: false, 3: null });
const KINDS = ["ticket.restored", "ticket.called_back", "ticket.closed", "callback.held"];
const REREAD_MS = 1500;
const EXPIRED_MS = 15_000;
const AWAY_MS = 30 * 60_000; // nobody touched the desk for so long: who left it open calls nobody

/**
 * @param {{left: () => void, sender: import("./desksend.js").Sender}} desk `left`: where the
 * keyboard goes when the list is closed
 */
export function callBacks({ left, sender }) {
  const rows = () => /** @type {HTMLElement[]} */ ([...drawer.querySelectorAll("li[data-ticket]")]);
  const mine = () => rows().findIndex((row) => row.dataset.held === "mine" && !kept.has(ticketOf(row)));
  /** Whose result is kept here and not yet with the server. @type {Set<string>} */
  const kept = new Set();

  /** @param {number} at */
  function stand(at) {
    const all = rows();
    const row = all[Math.max(0, Math.min(at, all.length - 1))];
    if (row) row.focus();
    else drawer.querySelector("h2")?.focus();
  }

  async function load() {
    const got = await fetch("/desk/callbacks", { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!got?.ok) return;
    const stood = ticketOf(/** @type {HTMLElement} */ (document.activeElement));
    const at = rows().findIndex((row) => ticketOf(row) === stood);
    drawer.innerHTML = await got.text();
    show();
    if (drawer.hidden || at < 0) return;
    const still = rows().findIndex((row) => ticketOf(row) === stood);
    stand(still < 0 ? at : still);
  }

  function show() {
    const n = Number(drawer.querySelector("[data-count]")?.getAttribute("data-count") ?? 0);
    count.textContent = String(n);
    count.hidden = n === 0;
    for (const row of rows()) if (kept.has(ticketOf(row))) shelve(row);
  }

  /** Of this caller nothing is left to do but to send it. @param {HTMLElement} row */
  function shelve(row) {
    row.dataset.held = "kept";
    row.querySelector(".buttons")?.replaceChildren(say("desk", "keeping"));
  }

  /** Take the caller who waits longest and whom nobody else calls; one who is mine already stays mine. */
  async function takeNext() {
    const got = await send("POST", "/api/v1/callbacks/next");
    await load();
    if (got.ok) stand(mine());
    else stand(rows().findIndex((row) => !kept.has(ticketOf(row))));
  }

  /** Take this caller rather than another. @param {HTMLElement} row */
  async function take(row) {
    const at = rows().indexOf(row);
    const got = await send("POST", `/api/v1/tickets/${encodeURIComponent(ticketOf(row))}/callback/hold`);
    if (!got.ok) toast(explain(got.body), "problem");
    await load();
    stand(at);
  }

  let touchedAt = Date.now();
  for (const kind of ["keydown", "pointerdown", "pointermove"]) {
    document.addEventListener(kind, () => { touchedAt = Date.now(); }, { capture: true, passive: true });
  }

  /** Keep the caller who is mine for longer once half of the time is gone. */
  async function prolong() {
    const row = rows()[mine()];
    const holds = Number(drawer.querySelector("[data-holds-s]")?.getAttribute("data-holds-s")) * 1000;
    if (drawer.hidden || !row || Date.now() - touchedAt > AWAY_MS) return;
    if (Date.parse(row.dataset.until ?? "") - serverNow() > holds / 2) return;
    const url = `/api/v1/tickets/${encodeURIComponent(ticketOf(row))}/callback/hold`;
    const got = await fetch(url, { method: "PUT", headers: { "X-CSRF-Token": CSRF } }).catch(() => null);
    if (got) await load(); // without an answer it is asked again at the next look
  }

  async function toggle() {
    drawer.hidden = !drawer.hidden;
    document.getElementById("do-callbacks")?.setAttribute("aria-expanded", String(!drawer.hidden));
    if (!drawer.hidden) return takeNext();
    left();
    return send("DELETE", "/api/v1/callbacks/held");
  }

  /** @param {HTMLElement} row @param {boolean | null} power_on */
  async function answered(row, power_on) {
    const [ticket, who] = [ticketOf(row), row.dataset.who ?? ""];
    if (row.dataset.held !== "mine") return toast(say("desk", "take-first"), "problem");
    if (kept.has(ticket)) return undefined;
    kept.add(ticket);
    await sender.calledBack(ticket, who, power_on);
    shelve(row);
    toast(say("desk", `called-${power_on}`, { who }));
    await sender.flush();
    return takeNext();
  }

  drawer.addEventListener("keydown", (event) => {
    const row = rowOf(event);
    if (event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
    const onButton = event.target instanceof HTMLButtonElement;
    if (row && event.key in RESULTS) answered(row, RESULTS[event.key]);
    else if (row && event.key === "Enter" && !onButton) take(row);
    else if (row && ["j", "ArrowDown"].includes(event.key)) stand(rows().indexOf(row) + 1);
    else if (row && ["k", "ArrowUp"].includes(event.key)) stand(rows().indexOf(row) - 1);
    else if (event.key === "Escape") toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  drawer.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("button"));
    const row = rowOf(event);
    if (button?.dataset.result && row) answered(row, RESULTS[button.dataset.result]);
    else if (button && "take" in button.dataset && row) take(row);
    else if (button && "close" in button.dataset) toggle();
  });

  /** @type {number | undefined} */
  let timer;
  /** @param {{kind: string}[] | null} things what changed; null: anything */
  function refresh(things) {
    const touched = things === null || things.some(({ kind }) => KINDS.includes(kind));
    if (!touched || timer !== undefined) return;
    timer = window.setTimeout(() => { timer = undefined; load(); }, REREAD_MS);
  }

  /** The server has answered to a result that was kept here. @param {string} ticket */
  function settled(ticket) {
    kept.delete(ticket);
    refresh(null);
  }

  window.setInterval(() => {
    if (drawer.hidden) return;
    prolong();
    refresh(null); // nobody tells of a hold that ran out
  }, EXPIRED_MS);
  load();
  return { toggle, refresh, settled };
}

/** @param {HTMLElement} row */
const ticketOf = (row) => row.dataset.ticket ?? "";

/** @param {Event} event */
const rowOf = (event) => /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("li[data-ticket]"));
