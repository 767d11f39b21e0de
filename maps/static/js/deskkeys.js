// @ts-check
// The keys of the desk. F-keys and Alt work while one types; single characters only where nobody does.

/** @typedef {{box: () => void, next: () => void, report: () => void, urge: () => void, pick: (n: number) => boolean, yes: () => void, no: () => void, danger: (n?: number) => void, tongue: () => void, back: () => void, bringBack: () => void}} Desk */

const help = /** @type {HTMLDialogElement} */ (document.getElementById("help"));

/** @param {Desk} desk */
export function keys(desk) {
  const everywhere = {
    F1: () => help.showModal(),
    F2: desk.next,
    F3: desk.bringBack,
    F4: () => desk.danger(),
    F6: desk.back,
    F7: desk.tongue,
    F8: desk.report,
    F9: desk.urge,
  };
  document.addEventListener("keydown", (event) => {
    if (event.repeat || event.isComposing || document.querySelector("dialog[open]")) return;
    const plain = !event.altKey && !event.ctrlKey && !event.metaKey;
    const act = plain ? Reflect.get(everywhere, event.key) ?? single(event, desk) : event.altKey && !event.ctrlKey ? withAlt(event, desk) : undefined;
    if (!act) return;
    event.preventDefault();
    act();
  });
  document.getElementById("do-help")?.addEventListener("click", () => help.showModal());
}

/** @param {KeyboardEvent} event @param {Desk} desk */
function withAlt(event, desk) {
  const digit = /^Digit([1-8])$/.exec(event.code);
  if (digit) return () => desk.danger(Number(digit[1]));
  return { KeyY: desk.yes, KeyN: desk.no }[event.code];
}

/** @param {KeyboardEvent} event @param {Desk} desk */
function single(event, desk) {
  if (event.key === "Escape") return desk.box;
  const typing = event.target instanceof HTMLElement && event.target.matches("input:not([type=checkbox]), textarea, select");
  if (typing) return undefined;
  if (event.key === "/") return desk.box;
  if (event.key === "?") return () => help.showModal();
  const chosen = event.target instanceof HTMLElement && event.target.closest(".choose");
  if (chosen && /^[1-9]$/.test(event.key)) return () => { desk.pick(Number(event.key)); };
  return undefined;
}
