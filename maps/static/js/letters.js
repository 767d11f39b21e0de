// @ts-check
// What a desk still has to send, kept in IndexedDB in the order in which it was said, and told apart
// by a client-made id. Sending twice is harmless, losing is not.

import { done, open, written } from "./disk.js";

const DATABASE = "relight-desk";
const STORE = "reports";

/**
 * A thing on its way. `kind` is what it is, `who` whom it is about, `late` what is added when it
 * comes late: when it happened. `refused` is why the server did not take it.
 * @typedef {"report" | "urge" | "callback" | "given"} Kind
 * @typedef {{kind: Kind, url: string, body: Record<string, any>, late: Record<string, string>, pressed: number, ticket: string, who: string, refused?: string}} Letter
 */

/** The queue of a desk. */
export class Letters {
  #database = open(DATABASE, 1, (made) => made.createObjectStore(STORE, { autoIncrement: true }));

  /** @param {IDBTransactionMode} mode */
  async #open(mode) {
    return (await this.#database).transaction(STORE, mode, { durability: "strict" }).objectStore(STORE);
  }

  /** Keep a letter until it was sent. @param {Letter} letter */
  async add(letter) {
    const store = await this.#open("readwrite");
    store.add(letter);
    await written(store.transaction);
  }

  /**
   * The oldest that wait, or that were refused, with their keys; those of the other kind are passed over.
   * @param {"waiting" | "refused"} state @param {number} most @returns {Promise<[IDBValidKey, Letter][]>}
   */
  async list(state, most) {
    const store = await this.#open("readonly");
    /** @type {[IDBValidKey, Letter][]} */
    const found = [];
    for (let key = await done(store.getKey(IDBKeyRange.lowerBound(0))); key !== undefined && found.length < most; ) {
      const letter = await done(store.get(key));
      if (Boolean(letter.refused) === (state === "refused")) found.push([key, letter]);
      key = await done(store.getKey(IDBKeyRange.lowerBound(key, true)));
    }
    return found;
  }

  /** The server could not take it; it stays until a person has seen why. @param {IDBValidKey} key @param {Letter} letter @param {string} why */
  async refuse(key, letter, why) {
    const store = await this.#open("readwrite");
    store.put({ ...letter, refused: why }, key);
    await written(store.transaction);
  }

  /** @param {IDBValidKey} key */
  async remove(key) {
    const store = await this.#open("readwrite");
    store.delete(key);
    await written(store.transaction);
  }
}
