// @ts-check
// The browser's own store (IndexedDB) as promises, for what has to outlive a killed tab.

/** @param {string} name @param {number} version @param {(database: IDBDatabase) => void} furnish makes its stores @returns {Promise<IDBDatabase>} */
export const open = (name, version, furnish) =>
  new Promise((resolve, reject) => {
    const asked = indexedDB.open(name, version);
    asked.onupgradeneeded = () => furnish(asked.result);
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });

/** What a request found. @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
export const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** Until it is on the disk, not only asked for. @param {IDBTransaction} transaction @returns {Promise<void>} */
export const written = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
