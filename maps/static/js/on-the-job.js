// @ts-check
// What the phone does while a job is active: says where it is, and keeps its screen awake.

import { newId, say, serverNow, toast } from "./page.js";

const POSITIONS_EVERY_MS = 10_000;

/** @type {number | null} */
let watching = null;
let lastFix = 0;
let told = false;
/** @type {any} */
let awake = null;
let active = false;
/** @type {{level: number} | null} not every browser tells */
let battery = null;

/** @param {boolean} now whether a job is active @param {(position: Record<string, any>) => void} take */
export function onTheJob(now, take) {
  active = now;
  if (active) watch(take);
  else stopWatching();
  stayAwake();
}

/** @param {(position: Record<string, any>) => void} take */
function watch(take) {
  if (watching !== null || !navigator.geolocation) return;
  /** @type {any} */ (navigator).getBattery?.().then((/** @type {{level: number}} */ found) => { battery = found; }, () => {});
  watching = navigator.geolocation.watchPosition(
    (fix) => {
      if (fix.timestamp - lastFix < POSITIONS_EVERY_MS) return;
      lastFix = fix.timestamp;
      take(position(fix));
    },
    () => {
      if (!told) toast(say("script", "no-gps")); // the watch goes on: the sky may open
      told = true;
    },
    { enableHighAccuracy: true, maximumAge: 5000 },
  );
}

/** @param {GeolocationPosition} fix */
function position(fix) {
  const { longitude: lon, latitude: lat, accuracy, speed } = fix.coords;
  const fixed_at = new Date(fix.timestamp + serverNow() - Date.now()).toISOString();
  /** @type {Record<string, any>} */
  const made = { id: newId(), lon, lat, fixed_at, accuracy_m: Math.min(accuracy, 100_000) };
  if (speed !== null && speed >= 0) made.speed_mps = speed;
  if (battery) made.battery = Math.round(battery.level * 100);
  return made;
}

function stopWatching() {
  if (watching === null) return;
  navigator.geolocation.clearWatch(watching);
  watching = null;
}

/** A phone lets go of the lock whenever its screen is hidden; it is asked for again when shown. */
async function stayAwake() {
  if (!active || document.hidden) {
    const held = awake;
    awake = null;
    await held?.release();
    return;
  }
  if (awake && !awake.released) return;
  try {
    awake = await /** @type {any} */ (navigator).wakeLock?.request("screen");
  } catch {
    awake = null; // a low battery says no; the screen then sleeps as it always does
  }
}
document.addEventListener("visibilitychange", stayAwake);
