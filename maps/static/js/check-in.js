// @ts-check
// Whoever works alone says every so often that all is well. When it is time the phone itself asks,
// with a network or without: it shakes, it sounds, and the button grows red. The office is told by
// the server, which misses the word; a phone that is broken or drowned cannot ring.

import { say, serverNow, span } from "./page.js";

const SOON_MS = 120_000;
const RING_EVERY_MS = 4000;

/** @type {AudioContext | undefined} */
let sound;
let rangAt = 0;

// A browser lets a page sound only after somebody has touched it.
document.addEventListener("pointerdown", () => {
  sound ??= "AudioContext" in window ? new AudioContext() : undefined;
}, { once: true });

/**
 * When a crew's next word is due, in the server's milliseconds; null where nobody asks.
 * @param {HTMLElement} job @param {number} acted when the crew last pressed anything for this order
 */
function dueAt(job, acted) {
  const every = Number(job.dataset.checkInS ?? 0) * 1000;
  if (!every || job.dataset.now !== "arrived") return null;
  const told = Date.parse(job.dataset.checkInDue ?? "");
  return Math.max(Number.isNaN(told) ? 0 : told, acted ? acted + every : 0) || null;
}

/**
 * Write how long there is left, and ring where it is over.
 * @param {HTMLElement} orders @param {Map<number, number>} acted by order, when something was last pressed
 */
export function watchOver(orders, acted) {
  const now = serverNow();
  for (const box of /** @type {NodeListOf<HTMLElement>} */ (orders.querySelectorAll(".checkin"))) {
    const job = /** @type {HTMLElement} */ (box.closest("[data-order]"));
    const due = dueAt(job, acted.get(Number(job.dataset.order)) ?? 0);
    box.hidden = due === null;
    if (due === null) continue;
    const left = due - now;
    box.dataset.state = left <= 0 ? "over" : left < SOON_MS ? "soon" : "well";
    const text = left <= 0 ? say("phone", "check-in-now", { t: span(-left / 1000) }) : say("phone", "check-in-left", { t: span(left / 1000) });
    const line = box.querySelector("span");
    if (line && line.textContent !== text) line.textContent = text;
    if (left <= 0) ring();
  }
}

function ring() {
  if (Date.now() - rangAt < RING_EVERY_MS) return;
  rangAt = Date.now();
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([600, 200, 600]);
  if (sound) beep(sound);
}

/** @param {AudioContext} sound */
function beep(sound) {
  sound.resume();
  const [tone, volume] = [sound.createOscillator(), sound.createGain()];
  tone.frequency.value = 880;
  volume.gain.value = 0.3;
  tone.connect(volume).connect(sound.destination);
  tone.start();
  tone.stop(sound.currentTime + 0.7);
}
