// @ts-check
// Sends what the phone has kept: in order, again until it is stored, one refusal holding up no other.

import { explain, inThisSession, send } from "./page.js";
import { sendPhotos } from "./photos.js";

const BATCH = 200;
const STORED_SHOWN = 8;

/**
 * How one attempt to send a batch went: the server took it, the batch is at fault, or later.
 * @typedef {"taken" | "refused" | "later"} Went
 */

/** @param {{ok: boolean, status: number}} answer @returns {Went} */
const went = (answer) => {
  if (answer.ok) return "taken";
  return [400, 404, 413, 422].includes(answer.status) ? "refused" : "later";
};

/** The queues of a crew and the way to the server. */
export class Sender {
  /**
   * @param {{actions: import("./outbox.js").Outbox, positions: import("./outbox.js").Outbox, photos: import("./outbox.js").Outbox}} queues
   * @param {(news: boolean) => unknown} changed after each attempt; `news`: the server took something
   */
  constructor(queues, changed) {
    this.queues = queues;
    this.changed = changed;
    this.sending = false;
  }

  /** Send what waits. Of several tabs of this phone only one sends at a time. */
  async flush() {
    if (this.sending) return;
    this.sending = true;
    try {
      await exclusively(async () => {
        // What was done goes before where it was done, and both before the large photographs.
        if ((await this.#sendActions()) && (await this.#sendPositions())) await sendPhotos(this.queues.photos, () => this.changed(false));
      });
    } finally {
      this.sending = false;
      await this.changed(false);
    }
  }

  /** @returns {Promise<boolean>} whether everything got through */
  async #sendActions() {
    for (;;) {
      const waiting = await this.queues.actions.list("waiting", BATCH);
      if (!waiting.length) return true;
      if (!(await this.#sendBatch(waiting))) return false;
      await this.queues.actions.trim("stored", STORED_SHOWN);
      await this.changed(true);
    }
  }

  /**
   * Send a batch; when it is refused as a whole, each entry alone, so that the bad one is found.
   * @param {[IDBValidKey, import("./outbox.js").Entry][]} batch @returns {Promise<boolean>}
   */
  async #sendBatch(batch) {
    const answer = await this.#post("/api/v1/crew/actions", { actions: batch.map(([, { thing }]) => thing) });
    const how = went(answer);
    if (how === "later") return false;
    if (how === "taken") {
      for (const [i, outcome] of answer.body.actions.entries()) await this.#settle(batch[i][0], outcome);
      return true;
    }
    if (batch.length === 1) {
      await this.queues.actions.settle(batch[0][0], "refused", explain(answer.body));
      return true;
    }
    for (const one of batch) if (!(await this.#sendBatch([one]))) return false;
    return true;
  }

  /** @param {IDBValidKey} key @param {{outcome: string, detail: string}} outcome */
  async #settle(key, { outcome, detail }) {
    const state = outcome === "refused" ? "refused" : outcome === "late" ? "late" : "stored";
    await this.queues.actions.settle(key, state, detail);
  }

  async #sendPositions() {
    const waiting = await this.queues.positions.list("waiting", BATCH);
    if (!waiting.length) return true;
    const answer = await this.#post("/api/v1/crew/positions", { positions: waiting.map(([, { thing }]) => thing) });
    const how = went(answer);
    if (how !== "later") await this.queues.positions.remove(waiting.map(([key]) => key));
    return how !== "later";
  }

  /** @param {string} url @param {unknown} body */
  #post(url, body) {
    return inThisSession(this.queues.actions.crew, () => send("POST", url, body));
  }
}

/** @param {() => Promise<void>} work */
async function exclusively(work) {
  if (!navigator.locks) return work();
  await navigator.locks.request("relight-sending", { ifAvailable: true }, async (lock) => {
    if (lock) await work();
  });
}
