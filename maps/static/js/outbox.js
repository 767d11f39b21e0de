// @ts-check
// What the phone keeps in IndexedDB: what was pressed, where the crew was, photographs, and the last
// orders seen. Ordered by an auto-increment key, told apart by an id made here. Sending twice is
// harmless, losing is not: a thing leaves the store only when the server has it, or a person says so.

import { done, open, written } from "./disk.js";

const NAME = "relight-crew";
const QUEUES = /** @type {const} */ (["actions", "positions", "photos"]);
const KEPT = "kept";

/**
 * A thing on its way: whose it is, how it stands, and why if it was refused.
 * @typedef {"waiting" | "stored" | "late" | "refused"} State
 * @typedef {{crew: string, state: State, why: string, thing: any}} Entry
 */

/** @type {Promise<IDBDatabase> | undefined} */
let opened;

function database() {
  opened ??= open(NAME, 1, (made) => {
    for (const name of QUEUES) made.createObjectStore(name, { autoIncrement: true }).createIndex("stand", ["crew", "state"]);
    made.createObjectStore(KEPT);
  });
  return opened;
}

/** The queue of one kind of thing of one crew; what another crew left waits untouched. */
export class Outbox {
  /** @param {typeof QUEUES[number]} store @param {string} crew */
  constructor(store, crew) {
    this.store = store;
    this.crew = crew;
  }

  /** @param {IDBTransactionMode} mode */
  async #open(mode) {
    return (await database()).transaction(this.store, mode).objectStore(this.store);
  }

  /** Keep a thing until it was sent. @param {Record<string, any>} thing */
  async add(thing) {
    const store = await this.#open("readwrite");
    store.add({ crew: this.crew, state: "waiting", why: "", thing });
    await written(store.transaction);
  }

  /**
   * The oldest entries of a state with their keys, in the order in which they were added.
   * @param {State} state @param {number} [most] @returns {Promise<[IDBValidKey, Entry][]>}
   */
  async list(state, most) {
    const index = (await this.#open("readonly")).index("stand");
    const only = IDBKeyRange.only([this.crew, state]);
    const [keys, entries] = await Promise.all([done(index.getAllKeys(only, most)), done(index.getAll(only, most))]);
    return keys.map((key, i) => [key, entries[i]]);
  }

  /** @param {State} state */
  async count(state) {
    return done((await this.#open("readonly")).index("stand").count(IDBKeyRange.only([this.crew, state])));
  }

  /** Write down how a thing stands now. @param {IDBValidKey} key @param {State} state @param {string} [why] @param {any} [thing] */
  async settle(key, state, why = "", thing) {
    const store = await this.#open("readwrite");
    const entry = await done(store.get(key));
    if (entry) store.put({ ...entry, state, why, ...(thing === undefined ? {} : { thing }) }, key);
    await written(store.transaction);
  }

  /** @param {IDBValidKey[]} keys */
  async remove(keys) {
    const store = await this.#open("readwrite");
    for (const key of keys) store.delete(key);
    await written(store.transaction);
  }

  /** Forget all but the newest of what the server has. @param {State} state @param {number} left */
  async trim(state, left) {
    const keys = (await this.list(state)).map(([key]) => key);
    if (keys.length > left) await this.remove(keys.slice(0, keys.length - left));
  }
}

/** Keep something under a name; what is undefined is forgotten. @param {string} name @param {any} thing */
export async function keep(name, thing) {
  const transaction = (await database()).transaction(KEPT, "readwrite");
  if (thing === undefined) transaction.objectStore(KEPT).delete(name);
  else transaction.objectStore(KEPT).put(thing, name);
  await written(transaction);
}

/** What was kept under a name. @param {string} name @returns {Promise<any>} */
export async function kept(name) {
  return done((await database()).transaction(KEPT).objectStore(KEPT).get(name));
}
