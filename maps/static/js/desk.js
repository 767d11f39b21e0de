// @ts-check
// The agent's desk: one box, one answer, one call at a time. This module ties the parts together:
// the answer (deskanswer), the call and those set aside (deskcall), what has to be sent (desksend),
// danger (deskdanger), call-backs (deskback) and the keys (deskkeys).

import { Answer } from "./deskanswer.js";
import { callBacks } from "./deskback.js";
import { Call } from "./deskcall.js";
import { danger } from "./deskdanger.js";
import { keys } from "./deskkeys.js";
import { Sender } from "./desksend.js";
import { listen } from "./live.js";
import { learnWords, newId, say, sure, toast } from "./page.js";

const main = /** @type {HTMLElement} */ (document.querySelector("main"));
learnWords(main.dataset.words);
const box = /** @type {HTMLInputElement} */ (document.getElementById("q"));
const form = /** @type {HTMLFormElement} */ (document.getElementById("register"));
const description = /** @type {HTMLTextAreaElement} */ (document.getElementById("description"));

const call = new Call(main.dataset.agent ?? "");
const answer = new Answer(call, { shown: answerShown });
const sender = new Sender({ sent: wasSent, refused: wasRefused });
const hazards = danger({ place: () => answer.placeSaid() || box.value.trim(), report });
const back = callBacks({ left: toBox, sender });

// Where the keyboard is ---------------------------------------------------------------------------

function toBox() {
  box.focus();
  box.select();
}

/** Enter in the box: on to the choices, else to what the caller sees. */
async function onwards() {
  await answer.now();
  if (document.activeElement !== box) return; // the caller went on meanwhile
  const choice = answer.choices()[0];
  if (choice) choice.focus();
  else if (box.value.trim()) description.focus();
}

/** A digit picks one of several; true if there was something to pick. @param {number} n */
function pick(n) {
  const choice = answer.choices()[n - 1];
  choice?.click();
  return choice !== undefined;
}

// The box and the answer --------------------------------------------------------------------------

box.addEventListener("input", (event) => {
  call.retyped();
  if (!(/** @type {InputEvent} */ (event).isComposing)) answer.soon();
});
box.addEventListener("compositionend", () => answer.soon());
/** @type {HTMLElement} */ (document.getElementById("ask")).addEventListener("submit", (event) => { event.preventDefault(); onwards(); });

for (const chip of call.chips()) {
  chip.addEventListener("change", () => {
    call.tick(chip, chip.checked);
    answer.now();
  });
}

function answerShown() {
  const found = answer.found();
  document.body.dataset.urgable = String(Boolean(found?.dataset.repeats));
  call.speak(call.tongue ?? found?.dataset.tongue);
}

answer.element.addEventListener("click", (event) => {
  const button = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("button"));
  if (!button) return;
  if (button.dataset.choose) {
    call.choose(button.dataset.choose, button.dataset.value ?? "");
    answer.now().then(toBox);
  } else if (button.dataset.tick) {
    reply(button.dataset.tick);
  } else if ("next" in button.dataset) next();
  else if ("urge" in button.dataset) urge();
});
answer.element.addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const choices = answer.choices();
  const at = choices.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  if (step === undefined || at < 0) return;
  event.preventDefault();
  choices[(at + step + choices.length) % choices.length].focus();
});

/** What the caller replies to the question on the screen is what the caller says. @param {string} code */
function reply(code) {
  const chip = call.chips().find((each) => each.value === code);
  if (!chip) return;
  call.tick(chip, true);
  answer.now();
  box.focus();
}

/** Reply to the open question by key. @param {"yes" | "no"} which */
const replied = (which) => /** @type {HTMLElement | null} */ (answer.element.querySelector(`.ask [data-reply=${which}]`))?.click();

// A report ----------------------------------------------------------------------------------------

/**
 * Take a report: it is kept on this computer first, then sent; nothing that was said is lost.
 * @param {Record<string, any>} [more] what is said beside the form: danger, another place
 */
async function report(more = {}) {
  if (!more.hazards && !call.isAboutSomebody()) {
    toast(say("desk", "who-first"), "problem");
    return toBox();
  }
  if (form.dataset.busy) return undefined; // a key that is held down is one report
  form.dataset.busy = "true";
  try {
    const body = { id: newId(), channel: "phone", ...answer.who(), ...call.said(), ...more };
    const given = answer.given();
    call.registered(body.id);
    answer.keeping();
    await sender.report(body);
    if (given) await sender.given({ ...given, ticket_id: body.id });
    await sender.flush();
  } finally {
    delete form.dataset.busy;
  }
  return undefined;
}
form.addEventListener("submit", (event) => { event.preventDefault(); report(); });

/** The caller of the report on the screen asks to hurry; kept on this computer first, as a report is. */
async function urge() {
  const ticket = call.ticket || answer.found()?.dataset.repeats;
  if (!ticket) return toast(say("desk", "nothing-to-urge"), "problem");
  if (form.dataset.busy) return undefined;
  form.dataset.busy = "true";
  try {
    const given = answer.given();
    await sender.urge(ticket, call.title(), description.value.trim());
    if (given) await sender.given({ ...given, ticket_id: ticket });
    call.served();
    await sender.flush();
  } finally {
    delete form.dataset.busy;
  }
  return undefined;
}

/** The server has it now. @param {import("./letters.js").Letter} letter */
function wasSent(letter) {
  if (letter.kind === "callback") back.settled(letter.ticket);
  else if (letter.kind === "urge") {
    toast(say("script", "done"));
    answer.urged(letter.ticket);
  }
  if (letter.kind === "report" && call.ticket === letter.ticket) answer.taken(letter.ticket).then(() => toBox());
}

/** The server does not take it. @param {import("./letters.js").Letter} letter */
function wasRefused(letter) {
  if (letter.kind === "callback") back.settled(letter.ticket);
}

// One call after the other ------------------------------------------------------------------------

/** The next caller: what was told is kept, what was typed and not sent is set aside. */
async function next() {
  const given = answer.given();
  if (given && !call.isTold()) sender.given(given).then(() => sender.flush());
  call.setAside(Boolean(given));
  begin();
}

/** @param {string} [q] */
function begin(q = "") {
  call.begin(q);
  answer.empty();
  if (q) answer.now();
  toBox();
}

/** Take a call up again. @param {number} [n] of those set aside, the latest first */
function bringBack(n = 0) {
  const kept = call.shelf()[n];
  if (!kept) return;
  call.setAside(false);
  call.takeUp(kept);
  answer.now(true);
  toBox();
}
/** @type {HTMLElement} */ (document.getElementById("shelf")).addEventListener("click", (event) => {
  const button = /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.target).closest("button[data-nth]"));
  if (button) bringBack(Number(button.dataset.nth));
});

/** The telephone system opened the page for a caller; another call may be on the screen. @param {string} caller */
async function popped(caller) {
  const busy = call.wasKept && call.isOpen();
  if (busy && call.q === caller) return resume();
  if (busy && !(await sure(say("desk", "pop", { new: caller, open: call.title() })))) return resume();
  if (busy) call.setAside(false);
  call.begin(caller);
  answer.adopt();
  toBox();
  answer.choices()[0]?.focus();
  return undefined;
}

function resume() {
  call.show();
  if (call.ticket) answer.taken(call.ticket);
  else if (call.q) answer.now(true);
  toBox();
}

// Keys --------------------------------------------------------------------------------------------

keys({
  box: toBox,
  next,
  report: () => report(),
  urge,
  pick,
  yes: () => replied("yes"),
  no: () => replied("no"),
  danger: hazards.open,
  tongue: () => call.speak(call.tongue === "en" ? "zh-CN" : "en", true),
  back: back.toggle,
  bringBack: () => bringBack(),
});
/** @type {Record<string, () => void>} */
const buttons = { next, danger: () => hazards.open(), callbacks: back.toggle, tongue: () => call.speak(call.tongue === "en" ? "zh-CN" : "en", true), urge };
for (const [name, act] of Object.entries(buttons)) document.getElementById(`do-${name}`)?.addEventListener("click", act);

listen(document.getElementById("live"), (things) => {
  sender.flush();
  if (things === null || things.some(({ thing, key }) => answer.isAbout(thing, key))) answer.again();
  back.refresh(things);
});

const asked = new URLSearchParams(location.search);
const incoming = [asked.get("q"), asked.get("phone")].filter(Boolean).join(" ").trim();
history.replaceState(null, "", location.pathname); // a telephone number does not stay in the address
sender.flush();
if (incoming) popped(incoming);
else resume();
