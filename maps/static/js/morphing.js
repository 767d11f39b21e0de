// @ts-check
"use strict";
// What a person typed, opened or focused stays when a part of the page is read again.
(() => {
  const idiomorph = /** @type {any} */ (window).Idiomorph;
  const typed = new WeakSet();
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!(field instanceof Element)) return;
    typed.add(field);
    if (!(field instanceof HTMLInputElement) || field.type !== "radio") return;
    for (const other of field.form?.elements ?? []) {
      if (other instanceof HTMLInputElement && other.name === field.name) typed.add(other);
    }
  });
  document.addEventListener("reset", (event) => {
    for (const field of /** @type {HTMLFormElement} */ (event.target).elements) typed.delete(field);
  });
  /** What is read by itself is not emptied by a new frame around it. @param {Element} before @param {Element} after */
  const keepsItself = (before, after) =>
    before instanceof HTMLElement && after instanceof HTMLElement &&
    before.dataset.lazy !== undefined && before.dataset.lazy === after.dataset.lazy;
  /** A button that has the focus is left out by what keeps values; it says what it does all the same. @param {Element} before @param {Element} after */
  const sayAnew = (before, after) => {
    if (before !== document.activeElement || !(before instanceof HTMLButtonElement)) return;
    if (before.innerHTML !== after.innerHTML) before.replaceChildren(...[...after.childNodes].map((node) => node.cloneNode(true)));
  };
  Object.assign(idiomorph.defaults, { ignoreActiveValue: true });
  Object.assign(idiomorph.defaults.callbacks, {
    /** @param {Element} before @param {Element} after */
    beforeNodeMorphed: (before, after) => {
      sayAnew(before, after);
      return !typed.has(before) && !keepsItself(before, after);
    },
    /** @param {string} name @param {Element} node */
    beforeAttributeUpdated: (name, node) =>
      !(name === "open" && node.tagName === "DETAILS") &&
      !(["class", "hidden"].includes(name) && node.classList.contains("asked")),
  });
})();
