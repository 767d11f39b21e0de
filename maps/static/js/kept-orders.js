// @ts-check
// The last orders that the server showed, kept for the hours without a network, with their age.

import { keep, kept } from "./outbox.js";
import { say, serverNow, setClock, span } from "./page.js";

const NAME = "orders";
const FORGET_AFTER_MS = 72 * 3_600_000;

/** @typedef {{crew: string, html: string, at: number, ahead: number}} Kept */

/** Keep what the server just showed. @param {string} crew @param {string} html */
export function keepOrders(crew, html) {
  const now = serverNow();
  return keep(NAME, { crew, html, at: now, ahead: now - Date.now() });
}

/** Forget the orders that were kept: somebody logged out, or another crew has this phone now. */
export const forgetOrders = () => keep(NAME, undefined);

/**
 * What was kept for a crew, or for whichever crew was last; null where there is nothing.
 * @param {string} [crew] @returns {Promise<Kept | null>}
 */
export async function keptOrders(crew) {
  /** @type {Kept | undefined} */
  const found = await kept(NAME);
  if (!found) return null;
  const stale = Date.now() + found.ahead - found.at > FORGET_AFTER_MS;
  if (!stale && (!crew || found.crew === crew)) return found;
  await forgetOrders();
  return null;
}

/** Put kept orders on the screen; the clock goes on as it stood beside the server's. @param {Kept} found @param {HTMLElement} orders */
export function showKept(found, orders) {
  setClock(new Date(Date.now() + found.ahead).toISOString());
  orders.innerHTML = found.html; // written, and escaped, by our own server
}

/** How old what is shown is, in words. @param {number} at the server's time in milliseconds */
export const age = (at) => say("phone", "kept", { t: span(Math.max(0, serverNow() - at) / 1000) });
