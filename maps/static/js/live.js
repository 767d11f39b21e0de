// @ts-check
// The one stream of this tab. It says that something changed, never what: parts are read again.

import { say } from "./page.js";

const LATE_MS = 5000;
const AGAIN_MS = 3000;

/**
 * Open the stream and keep it open; `changed` is called soon after something changed.
 * @param {HTMLElement | null} indicator
 * @param {(things: {kind: string, thing: string, key: string}[] | null) => void} changed null: read everything
 * @param {(order: string) => void} [expected] called when a crew's arrival is expected at another time, and of nothing else
 */
export function listen(indicator, changed, expected = () => {}) {
  let last = 0;
  let deaf = false;
  /** @type {EventSource} */
  let source;
  /** @type {{kind: string, thing: string, key: string}[] | null} */
  let waiting = [];
  /** @type {number | undefined} */
  let timer;

  const soon = () => {
    if (timer !== undefined) return;
    timer = window.setTimeout(() => {
      const things = waiting;
      waiting = [];
      timer = undefined;
      changed(things);
    }, 250);
  };
  const alive = () => { last = Date.now(); show(); };

  const open = () => {
    source = new EventSource("/api/v1/live");
    source.addEventListener("hello", () => { alive(); waiting = null; soon(); });
    source.addEventListener("reread", () => { alive(); waiting = null; soon(); });
    source.addEventListener("heartbeat", (event) => { deaf = JSON.parse(event.data).state === "deaf"; alive(); });
    source.addEventListener("changed", (event) => {
      alive();
      const news = JSON.parse(event.data);
      if (news.thing === "eta") return expected(news.key);
      if (news.thing === "presence") return document.dispatchEvent(new CustomEvent("relight:presence"));
      waiting?.push(news);
      soon();
    });
    source.onerror = () => {
      show();
      if (source.readyState === EventSource.CLOSED) setTimeout(open, AGAIN_MS);
    };
  };

  const show = () => {
    if (!indicator) return;
    const age = last ? Date.now() - last : Infinity;
    const down = source.readyState !== EventSource.OPEN;
    const state = down ? "down" : deaf ? "deaf" : age > LATE_MS ? "late" : "live";
    if (indicator.dataset.state !== state) indicator.dataset.state = state;
    const { past } = indicator.dataset;
    write(indicator.querySelector("b"), past ? say("live", "past", { t: past }) : say("live", state));
    write(indicator.querySelector(".age"), past || !Number.isFinite(age) ? "" : say("live", "ago", { n: Math.floor(age / 1000) }));
    indicator.classList.toggle("amber", state !== "live" || age > LATE_MS);
  };
  document.addEventListener("relight:past", show);
  open();
  show();
  setInterval(show, 500);
  window.addEventListener("pagehide", () => source.close());
  window.addEventListener("pageshow", (event) => { if (event.persisted) open(); });
}

/** @param {Element | null} part @param {string} text */
function write(part, text) {
  if (part && part.textContent !== text) part.textContent = text;
}
