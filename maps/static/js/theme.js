// @ts-check
// Dark or light: which of the two the page is in, and the colours that canvases take from it.

const BY_SYSTEM = window.matchMedia("(prefers-color-scheme: light)");

/** Whether the page is light: chosen so, or left to a system that is. */
function isLight() {
  const chosen = document.documentElement.dataset.theme;
  return chosen === "light" || (chosen === "system" && BY_SYSTEM.matches);
}

/** What the style sheet calls its inks; canvases know no variables. */
export const ink = { ground: "", text: "", strong: "", act: "" };

function dip() {
  const style = getComputedStyle(document.documentElement);
  for (const name of /** @type {(keyof typeof ink)[]} */ (Object.keys(ink))) ink[name] = style.getPropertyValue(`--${name}`).trim();
}
dip();

/**
 * The style table of the page's theme. It is filled anew when the system changes its mind.
 * @param {() => void} again called then: draw once more
 * @returns {any}
 */
export function themed(again) {
  const themes = JSON.parse(document.getElementById("style-table")?.dataset.table ?? "{}");
  const table = structuredClone(themes[isLight() ? "light" : "dark"]);
  BY_SYSTEM.addEventListener("change", () => {
    dip();
    Object.assign(table, structuredClone(themes[isLight() ? "light" : "dark"]));
    again();
  });
  return table;
}
