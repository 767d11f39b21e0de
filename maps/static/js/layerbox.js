// @ts-check
// What the map shows: a box of switches, kept in this browser, with the legend of what is on.

const KEPT = "relight-layers";
const OFF_AT_FIRST = ["coverage"];

/** @typedef {{ground: string, off: string[], on: string[]}} Chosen */

/** @returns {Chosen} */
function kept() {
  const plain = { ground: "dark", off: [], on: [] };
  try {
    const said = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    const words = (/** @type {unknown} */ list) => (Array.isArray(list) ? list.filter((each) => typeof each === "string") : []);
    return { ground: ["dark", "light", "none"].includes(said.ground) ? said.ground : "dark", off: words(said.off), on: words(said.on) };
  } catch {
    return plain; // another program's words, or no storage allowed
  }
}

/** @param {Chosen} chosen */
function keep(chosen) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(chosen));
  } catch {
    // Not allowed to keep anything: the box works until the page is left.
  }
}

/**
 * Bring the box to life: every switch shows or hides its layer now and whenever it is pressed.
 * @param {HTMLElement} box
 * @param {(layer: string, on: boolean) => void} show @param {(theme: string) => void} ground
 */
export function layerbox(box, show, ground) {
  const chosen = kept();
  const switches = /** @type {NodeListOf<HTMLInputElement>} */ (box.querySelectorAll("input[data-layer]"));
  const themes = /** @type {HTMLSelectElement | null} */ (box.querySelector("select[name=ground]"));
  for (const each of switches) {
    const layer = each.dataset.layer ?? "";
    each.checked = OFF_AT_FIRST.includes(layer) ? chosen.on.includes(layer) : !chosen.off.includes(layer);
    if (each.checked !== !OFF_AT_FIRST.includes(layer)) show(layer, each.checked);
  }
  if (themes) themes.value = chosen.ground;
  ground(themes?.value ?? "none");
  explain(switches);
  box.addEventListener("change", (event) => {
    const pressed = event.target;
    if (pressed === themes && themes) ground(themes.value);
    else if (pressed instanceof HTMLInputElement && pressed.dataset.layer) show(pressed.dataset.layer, pressed.checked);
    explain(switches);
    const named = (/** @type {boolean} */ on) => [...switches].filter((each) => each.checked === on).map((each) => each.dataset.layer ?? "");
    keep({ ground: themes?.value ?? chosen.ground, off: named(false), on: named(true) });
  });
}

/** The legend explains what is on, and nothing else. @param {Iterable<HTMLInputElement>} switches */
function explain(switches) {
  for (const each of switches) {
    for (const line of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(`[data-legend="${each.dataset.layer}"]`))) line.hidden = !each.checked;
  }
}
