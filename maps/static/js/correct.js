// @ts-check
// What a dispatcher does about the grouping: previews, and the last touch to each command.

import { listed, say, toast } from "./page.js";

/** @typedef {import("./page.js").Shape} Shape */

const FIND_MS = 200;
const LEAST = 2;

/** @param {HTMLFormElement} form @returns {HTMLInputElement | null} */
const picked = (form) => form.querySelector("input[name=pick]:checked");

/** @param {HTMLFormElement} form @returns {HTMLInputElement[]} */
const callers = (form) => /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input[name=tickets]")]);

/** @type {Record<string, Shape>} */
export const shapes = {
  confirm(form, command) {
    const choice = picked(form);
    const name = choice?.dataset.name ?? "";
    if (choice && choice.value !== "*") {
      const { asItIs, kind = "" } = choice.dataset;
      if (asItIs === undefined) command.body.device = choice.value ? { id: choice.value, kind, name } : { kind, name };
      return { ...command, sure: command.sure?.replace("{name}", name) };
    }
    const box = /** @type {HTMLInputElement} */ (form.querySelector("input[name=another]"));
    const found = known(box);
    if (!found) {
      toast(say("script", "choose-device"), "problem");
      box.focus();
      return null;
    }
    command.body.device = { id: found.value, kind: found.dataset.kind, name: found.label };
    return { ...command, sure: command.sure?.replace("{name}", found.label) };
  },
  split(form, command) {
    const all = callers(form);
    const leaving = all.filter((each) => each.checked);
    if (leaving.length > 0) return command;
    toast(say("script", "tick-some"), "problem");
    all[0]?.focus();
    return null;
  },
  merge(form, command) {
    const choice = picked(form);
    if (!choice) {
      toast(say("script", "choose-outage"), "problem");
      /** @type {HTMLElement | null} */ (form.querySelector("input[name=pick]"))?.focus();
      return null;
    }
    const { whole = "", wholeVersion = "", part = "" } = choice.dataset;
    const body = { outage_id: Number(part), reason: command.body.reason };
    return { ...command, url: `/api/v1/outages/${whole}/merge`, version: wholeVersion, body };
  },
  move(_, command) {
    if (command.body.outage_id) return command;
    return { ...command, url: command.url.replace(/attach$/, "detach") };
  },
  plan(form, command) {
    const box = /** @type {HTMLInputElement} */ (form.querySelector("[data-find]"));
    const found = known(box);
    if (!found) {
      toast(say("script", "choose-device"), "problem");
      box.focus();
      return null;
    }
    if (found.dataset.kind === "transformer-only") command.body.transformers = [found.value];
    else command.body.device_id = found.value;
    return command;
  },
};

/** Say what would happen, before it does. @param {HTMLElement} detail */
export function preview(detail) {
  const split = /** @type {HTMLFormElement | null} */ (detail.querySelector("#split-form"));
  if (split) tell(split.querySelector("output"), splitting(callers(split)));
  const merge = /** @type {HTMLFormElement | null} */ (detail.querySelector("#merge-form"));
  if (merge) tell(merge.querySelector("output"), [picked(merge)?.dataset.says ?? ""]);
  const confirm = /** @type {HTMLFormElement | null} */ (detail.querySelector("#confirm-form"));
  const another = /** @type {HTMLElement | null | undefined} */ (confirm?.querySelector(".another"));
  if (confirm && another) {
    another.hidden = picked(confirm)?.value !== "*";
    another.classList.toggle("asked", !another.hidden);
  }
}

/** @param {HTMLElement} detail @returns {Set<string>} the reports ticked to leave */
export function leaving(detail) {
  const split = /** @type {HTMLFormElement | null} */ (detail.querySelector("#act-split[open] form"));
  return new Set(split ? callers(split).filter((each) => each.checked).map((each) => each.value) : []);
}

/** Which reports, and which transformers with them, leave; what stays. @param {HTMLInputElement[]} all @returns {string[]} */
function splitting(all) {
  const go = all.filter((each) => each.checked);
  const stay = all.filter((each) => !each.checked);
  if (go.length === 0) return [say("script", "split-none")];
  if (stay.length === 0) return [say("script", "split-all")];
  const names = (/** @type {HTMLInputElement[]} */ some) => listed(some.map((each) => each.dataset.who ?? ""));
  const kept = new Set(stay.map((each) => each.dataset.transformer));
  const moved = new Map(go.filter((each) => each.dataset.transformer && !kept.has(each.dataset.transformer)).map((each) => [each.dataset.transformer, each.dataset.transformerName ?? ""]));
  return [
    say("script", "split-go", { n: go.length, who: names(go) }),
    moved.size ? say("script", "split-transformers", { names: listed([...moved.values()]) }) : say("script", "split-no-transformer"),
    say("script", "split-stay", { n: stay.length, who: names(stay) }),
  ];
}

/** @param {HTMLElement | null} box @param {string[]} lines */
function tell(box, lines) {
  if (!box || [...box.children].map((p) => p.textContent).join("\n") === lines.join("\n")) return;
  box.replaceChildren(...lines.filter(Boolean).map((line) => {
    const p = document.createElement("p");
    p.textContent = line;
    return p;
  }));
}

// Devices and transformers by name -----------------------------------------------------------------

/** @type {number | undefined} */
let timer;
/** @type {AbortController | undefined} */
let asking;

/** Offer what the network calls so. @param {HTMLInputElement} box */
export function find(box) {
  window.clearTimeout(timer);
  const words = box.value.trim();
  if (words.length < LEAST || known(box)) return;
  timer = window.setTimeout(async () => {
    asking?.abort();
    asking = new AbortController();
    const query = new URLSearchParams({ q: words, of: box.dataset.find ?? "device" });
    try {
      const answer = await fetch(`/console/network?${query}`, { signal: asking.signal });
      if (answer.ok) offer(box, await answer.json());
    } catch {
      // Away or overtaken by a newer question; the header says when the server is away.
    }
  }, FIND_MS);
}

/** @param {HTMLInputElement} box @param {{id: string, kind: string, name: string, says: string}[]} found */
function offer(box, found) {
  const list = box.list;
  if (!list) return;
  list.replaceChildren(...found.map(({ id, kind, name, says }) => {
    const option = document.createElement("option");
    option.value = id;
    option.label = name;
    option.textContent = says;
    option.dataset.kind = kind;
    return option;
  }));
}

/** The thing that the box names, if it was found. @param {HTMLInputElement | null} box @returns {HTMLOptionElement | undefined} */
function known(box) {
  const words = box?.value.trim();
  return [...(box?.list?.options ?? [])].find((each) => each.value === words || each.label === words);
}

// Opening by key or from the line-up --------------------------------------------------------------

/** Open one of the acts and go to its first field. @param {HTMLElement} detail @param {string} name @returns {boolean} */
export function openAct(detail, name) {
  const fold = /** @type {HTMLElement | null} */ (detail.querySelector(`#act-${name}`));
  if (!fold) return false;
  if (fold instanceof HTMLDetailsElement) fold.open = true;
  const field = /** @type {HTMLElement | null} */ (fold.querySelector("input:checked, input:not([type=hidden]):not([data-local]), input:not([type=hidden]), select, textarea, button"));
  field?.focus();
  fold.scrollIntoView({ block: "nearest" });
  return true;
}

/** The outage is confirmed there already: the merge with that one is what is meant. @param {HTMLElement} detail @param {number} other */
export function offerMerge(detail, other) {
  const choice = /** @type {HTMLInputElement | null} */ (detail.querySelector(`#merge-form input[name=pick][value="${other}"]`));
  if (choice) choice.checked = true;
  openAct(detail, "merge");
  preview(detail);
}

/** "It is this one": the confirmation with that device chosen. @param {HTMLElement} detail @param {string} id */
export function chooseSuspect(detail, id) {
  if (!openAct(detail, "confirm")) return;
  const radios = /** @type {HTMLInputElement[]} */ ([...detail.querySelectorAll("#confirm-form input[name=pick]")]);
  const radio = radios.find((each) => each.value === id);
  if (!radio) return;
  radio.checked = true;
  radio.dispatchEvent(new Event("input", { bubbles: true }));
  radio.focus();
}

/** Tick the reports that are weakly explained. @param {HTMLFormElement} form */
export function tickWeak(form) {
  for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll(".weak input"))) {
    box.checked = true;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
