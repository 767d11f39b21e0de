// @ts-check
// What every screen shares: words, the server's time, messages, and forms that send commands.

/** @type {Record<string, Record<string, string | [string, string]>>} */
const WORDS = JSON.parse(document.body.dataset.words ?? "{}");
export let CSRF = document.body.dataset.csrf ?? "";
const ANSWERED_WITHIN_MS = 60_000;
const CHINESE = document.body.dataset.lang === "zh-CN";

/**
 * A sentence in the page's language; the code itself where there is none.
 * @param {string} group @param {string} code @param {Record<string, string | number>} [facts]
 */
export function say(group, code, facts = {}) {
  return filled(WORDS[group]?.[code] ?? code, facts);
}

/** Names as a language lists them. @param {string[]} names */
export const listed = (names) => names.join(CHINESE ? "、" : ", ");

/** Something said further of a thing, in the language's brackets. @param {string} inside */
const bracketed = (inside) => (CHINESE ? `（${inside}）` : ` (${inside})`);

/** Sentences after each other; those that say nothing are left out. @param {string[]} said */
export const sentences = (said) => said.filter(Boolean).join(CHINESE ? "" : " ");

const PLURALS = new Intl.PluralRules(document.documentElement.lang || "en");
/**
 * A sentence with its facts; of one with two forms that for one of `n`, or for many.
 * @param {string | [string, string]} words @param {Record<string, string | number>} facts
 */
export function filled(words, facts) {
  const one = () => PLURALS.select(Number(String(facts.n).replace(/\D/g, ""))) === "one";
  const template = typeof words === "string" ? words : words[one() ? 0 : 1];
  return template.replace(/\{(\w+)\}/g, (_, name) => String(facts[name] ?? ""));
}

/** More words, of one page. @param {string | undefined} json */
export const learnWords = (json) => Object.assign(WORDS, JSON.parse(json ?? "{}"));

let ahead = 0;
/**
 * The server's time in milliseconds: a demonstration's clock, or a phone that runs wrong.
 */
export const serverNow = () => Date.now() + ahead;
/** @param {string | undefined} iso what the server said the time was, just now */
export function setClock(iso) {
  if (iso) ahead = Date.parse(iso) - Date.now();
}
setClock(document.body.dataset.now);

/** A length of time in one or two units, as the server writes it. @param {number} seconds */
export function span(seconds) {
  const whole = Math.abs(Math.round(seconds));
  const two = (/** @type {number} */ n) => String(n).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  if (whole < 86400) {
    const [h, m] = [Math.floor(whole / 3600), two(Math.floor((whole % 3600) / 60))];
    return CHINESE ? `${h}小时${m}分` : `${h} h ${m}`;
  }
  const [d, h] = [Math.floor(whole / 86400), Math.floor((whole % 86400) / 3600)];
  return CHINESE ? `${d}天${h}小时` : `${d} d ${h} h`;
}

/** Write what is left of a clock, or how long it is over. @param {HTMLElement} clock @param {number} [now] */
export function writeClock(clock, now = serverNow()) {
  const left = (Date.parse(clock.dataset.due ?? "") - now) / 1000;
  const text = say("clock", left < 0 ? "over" : "left", { t: span(left) });
  if (clock.textContent !== text) clock.textContent = text;
  clock.classList.toggle("over", left < 0);
  clock.classList.toggle("soon", left >= 0 && left < 600);
}

/** Write every running clock anew. */
export function tick() {
  const now = serverNow();
  for (const clock of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-due]"))) writeClock(clock, now);
}
setInterval(tick, 1000);
tick();

/** Say something in the corner for a while. @param {string} text @param {string} [kind] */
export function toast(text, kind = "note") {
  const box = document.getElementById("toasts");
  if (!box) return;
  const line = document.createElement("p");
  line.className = kind;
  line.textContent = text;
  box.replaceChildren(line);
  setTimeout(() => line.remove(), 8000);
}

/** A new identifier, also where the page has no secure context. */
export function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const hex = [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
}

/**
 * Send a command as JSON with the session's word; never throws for a refusal. Who looks back at the
 * past sends nothing.
 * @param {string} method @param {string} url @param {unknown} body @param {string} [version]
 * @returns {Promise<{ok: boolean, status: number, body: any}>}
 */
export async function send(method, url, body, version) {
  if (document.body.dataset.past) return { ok: false, status: 0, body: { detail: say("script", "back-only") } };
  /** @type {Record<string, string>} */
  const headers = { "Content-Type": "application/json", "X-CSRF-Token": CSRF };
  if (version) headers["If-Match"] = `"${version}"`;
  try {
    const answer = await fetch(url, { method, headers, body: JSON.stringify(body), signal: AbortSignal.timeout(ANSWERED_WITHIN_MS) });
    if (answer.status === 401) location.assign("/login");
    const text = await answer.text();
    return { ok: answer.ok, status: answer.status, body: text ? JSON.parse(text) : null };
  } catch {
    return { ok: false, status: 0, body: { type: "/problems/offline" } };
  }
}

/**
 * Send for a crew, and once more at once when only the page was older than the session.
 * @template {{status: number}} Answer
 * @param {string} crew @param {() => Promise<Answer>} attempt @returns {Promise<Answer>}
 */
export async function inThisSession(crew, attempt) {
  const answer = await attempt();
  return answer.status === 403 && (await renewCsrf(crew)) ? attempt() : answer;
}

/** Read the session's word anew, unless another crew has logged in since. @param {string} crew @returns {Promise<boolean>} whether it is another word */
async function renewCsrf(crew) {
  const before = CSRF;
  try {
    const answer = await fetch("/api/v1/me");
    const me = answer.ok ? await answer.json() : null;
    if (me?.crew_id === crew) CSRF = me.csrf ?? CSRF;
  } catch {
    // Not reached; what needed the word is sent again later.
  }
  return CSRF !== before;
}

/** What a problem says to a person. @param {any} problem */
export function explain(problem) {
  const code = String(problem?.type ?? "").replace("/problems/", "");
  const known = WORDS.problem?.[code];
  const detail = problem?.detail ? retold(problem.detail) : "";
  if (known && detail && DETAILED.has(code)) return known + bracketed(detail);
  return known ?? (detail || code);
}

/** Why one of several things was refused: the reason alone, where one is known. @param {any} problem */
export function explainBriefly(problem) {
  const code = String(problem?.type ?? "").replace("/problems/", "");
  return problem?.detail && DETAILED.has(code) ? retold(problem.detail) : explain(problem);
}

const DETAILED = new Set(["invalid-input", "illegal-step", "no-go-zone"]);

/** A state in words. @param {string} code */
const coded = (code) => WORDS.status?.[code] ?? WORDS.order?.[code] ?? code;

/** What the server said in English, in the page's language where it is a sentence we know. @param {string} said */
function retold(said) {
  for (const [sentence, words] of Object.entries(WORDS.refusal ?? {})) {
    const escaped = sentence.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{(\w+)\}/g, "(?<$1>.+)");
    const found = new RegExp(`^${escaped}$`).exec(said);
    if (found) return words.replace(/\{(\w+)\}/g, (_, name) => coded(found.groups?.[name] ?? ""));
  }
  return said;
}

/**
 * What a form says, as the server wants it; empty fields are left out.
 * @param {HTMLFormElement} form @returns {Record<string, any>}
 */
export function read(form) {
  /** @type {Record<string, any>} */
  const body = {};
  for (const field of /** @type {Iterable<HTMLInputElement>} */ (form.elements)) {
    if (!field.name || field.disabled || "local" in field.dataset) continue;
    if (["checkbox", "radio"].includes(field.type) && !field.checked) continue;
    const text = field.value.trim();
    if (text === "") continue;
    put(body, field.name, text, field.dataset.type ?? "text");
  }
  return body;
}

/** @param {Record<string, any>} body @param {string} name @param {string} text @param {string} type */
function put(body, name, text, type) {
  const [first, ...rest] = name.split(".");
  if (rest.length) put((body[first] ??= {}), rest.join("."), text, type);
  else if (type === "list") (body[name] ??= []).push(text);
  else if (type === "number") body[name] = Number(text);
  else if (type === "bool") body[name] = text === "null" ? null : text === "true";
  else if (type === "zoned") body[name] = zoned(text);
  else if (type === "minutes-ahead") body[name] = new Date(serverNow() + Number(text) * 60_000).toISOString();
  else body[name] = text;
}

/** A date and time of the company's zone, whatever zone this machine is set to. @param {string} text @returns {string} */
function zoned(text) {
  const asUtc = Date.parse(`${text}Z`);
  const zone = new Intl.DateTimeFormat("en-CA", {
    timeZone: document.body.dataset.zone, hourCycle: "h23",
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });
  const ahead = (/** @type {number} */ at) => {
    const parts = Object.fromEntries(zone.formatToParts(at).map(({ type, value }) => [type, value]));
    return Date.parse(`${parts.year}-${parts.month}-${parts.day}T${parts.hour}:${parts.minute}:${parts.second}Z`) - at;
  };
  const guess = asUtc - ahead(asUtc);
  return new Date(asUtc - ahead(guess)).toISOString(); // the second look is for the hour that clocks change
}

/**
 * A command on its way to the server; a shape may change it, or say null: not like this.
 * @typedef {{method: string, url: string, body: Record<string, any>, version?: string, sure?: string}} Command
 * @typedef {(form: HTMLFormElement, command: Command) => Command | null} Shape
 */

/**
 * Let every form with a `data-method` send its command; `after` hears how it went.
 * `data-sure` is asked before, `data-shape` names who finishes the command.
 * @param {(form: HTMLFormElement, answer: {ok: boolean, status: number, body: any}) => void} after
 * @param {Record<string, Shape>} [shapes]
 */
export function commands(after, shapes = {}) {
  document.addEventListener("submit", async (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (!form.dataset.method) return;
    event.preventDefault();
    if (form.dataset.busy) return; // a double click is one command
    /** @type {Command | null} */
    let command = { method: form.dataset.method, url: form.dataset.url ?? "", body: read(form), version: form.dataset.version, sure: form.dataset.sure };
    if (form.dataset.shape) command = shapes[form.dataset.shape](form, command);
    if (!command) return;
    form.dataset.busy = "true";
    try {
      // What was decided on is what was shown when the key was pressed, whatever came since.
      if (command.sure && !(await sure(command.sure))) return;
      if ("newId" in form.dataset) command.body.id = form.dataset.newId ||= newId();
      const answer = await send(command.method, command.url, command.body, command.version);
      if (!answer.ok && answer.status !== 412) {
        toast(explain(answer.body), "problem");
        if (answer.body?.type === "/problems/reason-required") askReason(form);
      }
      after(form, answer);
    } finally {
      delete form.dataset.busy;
    }
  });
}

/** Ask before what cannot be undone. @param {string} question @returns {Promise<boolean>} */
export function sure(question) {
  const box = document.createElement("dialog");
  box.className = "sure";
  const text = document.createElement("p");
  text.id = "sure-question";
  text.textContent = question;
  box.setAttribute("aria-labelledby", text.id);
  const answers = document.createElement("form");
  answers.method = "dialog";
  answers.className = "buttons";
  for (const [value, kind] of [["yes", "primary"], ["no", ""]]) {
    const button = document.createElement("button");
    button.value = value;
    button.className = kind;
    button.textContent = say("script", `sure-${value}`);
    answers.append(button);
  }
  box.append(text, answers);
  // A key that is held down answers nothing.
  box.addEventListener("keydown", (event) => { if (event.repeat) event.preventDefault(); });
  const before = document.activeElement;
  document.body.append(box);
  box.showModal();
  return new Promise((done) => {
    box.addEventListener("close", () => {
      box.remove();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
      done(box.returnValue === "yes");
    });
  });
}

/** Show the form's field for a reason and go there. @param {HTMLFormElement} form */
export function askReason(form) {
  const field = /** @type {HTMLInputElement | null} */ (form.querySelector("input[name=reason]"));
  if (!field) return;
  const fold = field.closest("details");
  if (fold) fold.open = true;
  const label = field.closest("label");
  if (label) {
    label.classList.add("asked");
    label.hidden = false;
  }
  field.focus();
}
