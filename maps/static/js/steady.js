// @ts-check
// What is being pressed stays under the pointer: a part that is read again while a button is held
// down in it takes its new look once the button is released, and the click is where it was meant.

const htmx = /** @type {any} */ (window).htmx;
const CLICK_MS = 50; // after the release, the click

/** Where the button is held down. @type {Element | null} */
let pressed = null;
/** @type {number | undefined} */
let releasing;
/** What waits for the release, one for each part. @type {Map<Element, () => void>} */
const late = new Map();

/**
 * Put off what would move `part` until nothing is pressed in it; false: nothing is, do it now.
 * @param {Element} part @param {() => void} work
 */
export function putOff(part, work) {
  if (!pressed || !part.contains(pressed)) return false;
  late.set(part, work);
  return true;
}

function release() {
  if (releasing !== undefined) return; // a mouse that goes on moving does not put it off
  releasing = window.setTimeout(() => {
    releasing = undefined;
    pressed = null;
    const due = [...late.values()];
    late.clear();
    for (const work of due) work();
  }, CLICK_MS);
}

document.addEventListener("pointerdown", (event) => {
  clearTimeout(releasing);
  releasing = undefined;
  pressed = /** @type {Element} */ (event.target);
}, { capture: true });
for (const name of ["pointerup", "pointercancel", "dragend"]) document.addEventListener(name, release, { capture: true });
document.addEventListener("pointermove", (event) => { if (pressed && event.buttons === 0) release(); }, { capture: true });
window.addEventListener("blur", release);

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, detail: swap } = /** @type {CustomEvent} */ (event);
  const part = /** @type {Element} */ (target);
  const how = swap.swapOverride ?? part.getAttribute("hx-swap") ?? "";
  if (!swap.shouldSwap || !how.startsWith("morph")) return;
  if (putOff(part, () => htmx.trigger(part, "refresh"))) swap.shouldSwap = false;
});
