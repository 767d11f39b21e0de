// @ts-check
// Somebody was faster (412): who did what, what is different now, and one key to go on or to give up.
// What was typed stays in its form until the dispatcher gives it up.

import { say } from "./page.js";

/** @param {HTMLElement} detail @returns {Map<string, string>} what the panel states, by its own labels */
export function stated(detail) {
  const facts = new Map();
  for (const term of detail.querySelectorAll("#shown dl.facts > dt")) {
    facts.set(plain(term), plain(term.nextElementSibling));
  }
  const state = detail.querySelector("#shown header .state");
  if (state) facts.set(say("script", "collide-state"), plain(state));
  return facts;
}

/** @param {Element | null} node */
const plain = (node) => (node?.textContent ?? "").replace(/\s+/g, " ").trim();

/** @param {Map<string, string>} before @param {Map<string, string>} after @returns {string[]} */
export function differences(before, after) {
  const names = [...new Set([...before.keys(), ...after.keys()])];
  return names
    .filter((name) => before.get(name) !== after.get(name))
    .map((name) => say("script", "collide-fact", { name, was: before.get(name) || "–", is: after.get(name) || "–" }));
}

/** The step that was to be sent, as its form says it. @param {HTMLFormElement} form */
function step(form) {
  const button = plain(form.querySelector("button.primary, button:not([type=button])"));
  const crew = plain(form.closest("#ranking li")?.querySelector("b") ?? null);
  const typed = [.../** @type {NodeListOf<HTMLInputElement>} */ (form.querySelectorAll("input:not([type=hidden]), select, textarea"))]
    .filter((field) => (["checkbox", "radio"].includes(field.type) ? field.checked : field.value.trim()) && !field.closest("[hidden]"))
    .map((field) => (["checkbox", "radio"].includes(field.type) ? plain(field.closest("label")?.querySelector("span") ?? null) : field.value.trim()));
  return [button, crew, ...typed].filter(Boolean).join(" · ");
}

/** Finds the same form in a panel that was read again. @param {HTMLElement} detail @param {HTMLFormElement} form */
function again(detail, form) {
  if (form.isConnected) return form;
  const home = form.closest("[id]")?.id;
  const forms = /** @type {HTMLFormElement[]} */ ([...detail.querySelectorAll("form")]);
  return forms.find((each) => each.dataset.url === form.dataset.url && each.closest("[id]")?.id === home);
}

/**
 * Ask what becomes of a step that came too late.
 * @param {HTMLElement} detail @param {HTMLFormElement} form
 * @param {() => Promise<unknown>} reread reads the panel again, with what changed marked
 */
export async function collide(detail, form, reread) {
  const box = /** @type {HTMLDialogElement} */ (document.getElementById("collision"));
  const [mine, before] = [step(form), stated(detail)];
  await reread();
  const same = again(detail, form);
  const changes = [...detail.querySelectorAll(".changed li")].map((each) => plain(each));
  fill(box, "changes", changes);
  fill(box, "differences", differences(before, stated(detail)));
  fill(box, "mine", [mine]);
  const goOn = /** @type {HTMLButtonElement} */ (box.querySelector("[value=go]"));
  goOn.disabled = !same;
  const gone = box.querySelector(".gone");
  if (gone instanceof HTMLElement) gone.hidden = Boolean(same);
  if (!box.open) box.showModal();
  box.onclose = () => {
    if (box.returnValue === "go") same?.requestSubmit();
    if (box.returnValue === "give-up") same?.reset();
    const fold = box.returnValue === "give-up" ? same?.closest("details.act") : null;
    if (fold instanceof HTMLDetailsElement) fold.open = false;
    if (box.returnValue === "") /** @type {HTMLElement | null | undefined} */ (same?.querySelector("input:not([type=hidden]), select, button"))?.focus();
  };
  box.returnValue = "";
  /** @type {HTMLElement | null} */ (box.querySelector("[value='']"))?.focus();
}

/** @param {HTMLElement} box @param {string} name @param {string[]} lines */
function fill(box, name, lines) {
  const list = /** @type {HTMLElement} */ (box.querySelector(`[data-list=${name}]`));
  list.replaceChildren(...lines.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  const part = /** @type {HTMLElement} */ (list.closest("section"));
  part.hidden = lines.length === 0;
}

document.getElementById("collision")?.addEventListener("keydown", (event) => {
  if (event.repeat) return event.preventDefault(); // a key that is held down decides nothing
  const key = event.key.toLowerCase();
  const box = /** @type {HTMLDialogElement} */ (event.currentTarget);
  if (key === "g") /** @type {HTMLButtonElement} */ (box.querySelector("[value=go]")).click();
  if (key === "x") /** @type {HTMLButtonElement} */ (box.querySelector("[value=give-up]")).click();
});
