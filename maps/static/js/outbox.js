// @ts-check
// What the phone still has to send, kept in IndexedDB: ordered by an auto-increment key, told
// apart by a client-made id. Sending twice is harmless, losing is not.

const NAME = "relight";
const STORES = /** @type {const} */ (["actions", "positions"]);

/** @returns {Promise<IDBDatabase>} */
function openDatabase() {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      for (const name of STORES) asked.result.createObjectStore(name, { autoIncrement: true });
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** The queue of one kind of thing. */
export class Outbox {
  /** @param {"actions" | "positions"} store */
  constructor(store) {
    this.store = store;
    this.database = openDatabase();
  }

  /** @param {IDBTransactionMode} mode */
  async #open(mode) {
    return (await this.database).transaction(this.store, mode).objectStore(this.store);
  }

  /** Keep a thing until it was sent. @param {Record<string, any>} thing */
  async add(thing) {
    await done((await this.#open("readwrite")).add(thing));
  }

  /** The oldest things with their keys. @param {number} most @returns {Promise<[IDBValidKey, any][]>} */
  async first(most) {
    const store = await this.#open("readonly");
    const [keys, things] = await Promise.all([done(store.getAllKeys(null, most)), done(store.getAll(null, most))]);
    return keys.map((key, i) => [key, things[i]]);
  }

  /** @param {IDBValidKey[]} keys */
  async remove(keys) {
    const store = await this.#open("readwrite");
    await Promise.all(keys.map((key) => done(store.delete(key))));
  }

  async count() {
    return done((await this.#open("readonly")).count());
  }
}
