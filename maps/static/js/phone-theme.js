// @ts-check
// The phone's colours, before anything is drawn: for the sun, for the night, or as the phone is set.
//
// The choice lies on the phone, so it can be made and holds without a network. The stylesheet of the
// day follows it; this script is no module, because those wait until the page has been drawn.

(() => {
  const KEPT = "relight.theme";
  const CHOICES = ["auto", "light", "dark"];
  const darkByPhone = window.matchMedia("(prefers-color-scheme: dark)");
  const EDGE = { light: "#ffffff", dark: "#15191d" }; // what the phone draws around the page
  const edge = /** @type {HTMLMetaElement} */ (document.getElementById("edge"));
  const byDay = /** @type {HTMLLinkElement} */ (document.getElementById("by-day"));

  function chosen() {
    const kept = localStorage.getItem(KEPT) ?? "";
    return CHOICES.includes(kept) ? kept : "auto";
  }

  function paint() {
    const choice = chosen();
    const isDark = choice === "dark" || (choice === "auto" && darkByPhone.matches);
    const theme = isDark ? "dark" : "light";
    document.documentElement.dataset.theme = theme;
    byDay.media = isDark ? "not all" : "all";
    edge.content = EDGE[theme];
  }

  paint();
  darkByPhone.addEventListener("change", paint);
  document.addEventListener("DOMContentLoaded", () => {
    const pick = /** @type {HTMLSelectElement} */ (document.getElementById("theme"));
    pick.value = chosen();
    pick.addEventListener("change", () => {
      localStorage.setItem(KEPT, pick.value);
      paint();
    });
  });
})();
