// @ts-check
// Danger: what kind, where, sent. It works without a place found and without an answer.

const box = /** @type {HTMLDialogElement} */ (document.getElementById("danger"));
const form = /** @type {HTMLFormElement} */ (box.querySelector("form"));
const where = /** @type {HTMLInputElement} */ (document.getElementById("where"));
const kinds = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input[name=hazards]")]);

/**
 * @param {{place: () => string, report: (more: Record<string, any>) => Promise<unknown>}} desk
 * @returns {{open: (n?: number) => void}}
 */
export function danger({ place, report }) {
  /** What the place field was given; as long as it stands, the report is from whom the answer found. */
  let given = "";

  /** Open, with a kind if one was said. @param {number} [n] */
  function open(n) {
    if (!box.open) {
      form.reset();
      given = where.value = place();
      box.showModal();
    }
    if (n === undefined) kinds[0].focus();
    else choose(n);
  }

  /** @param {number} n */
  function choose(n) {
    const kind = kinds[n - 1];
    if (!kind) return;
    kind.checked = !kind.checked;
    paint();
    where.focus();
    where.select();
  }

  function paint() {
    const said = new Set(kinds.filter((kind) => kind.checked).map((kind) => kind.value));
    for (const line of /** @type {NodeListOf<HTMLElement>} */ (box.querySelectorAll("[data-kind]"))) line.hidden = !said.has(line.dataset.kind ?? "");
    /** @type {HTMLElement} */ (box.querySelector("[data-any]")).hidden = said.size > 0;
  }

  form.addEventListener("change", paint);
  form.addEventListener("reset", () => setTimeout(paint));
  box.addEventListener("keydown", (event) => {
    const digit = /^Digit([1-8])$/.exec(event.code);
    if (!digit || event.repeat || event.ctrlKey || event.metaKey || (event.target === where && !event.altKey)) return;
    event.preventDefault();
    event.stopPropagation();
    choose(Number(digit[1]));
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const hazards = kinds.filter((kind) => kind.checked).map((kind) => kind.value);
    if (!hazards.length) return kinds[0].focus();
    const place = where.value.trim();
    const other = place && place !== given ? { address: place, account: undefined, meter: undefined, location: undefined } : {};
    box.close();
    return report({ hazards, ...other });
  });
  form.querySelector("[data-close]")?.addEventListener("click", () => box.close());
  return { open };
}
