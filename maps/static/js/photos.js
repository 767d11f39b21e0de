// @ts-check
// Photographs: made small on the phone, kept until they are sent, sent in pieces that go on where
// a bad network broke them off. Drawn anew, a picture holds nothing that the camera wrote beside it.

import { CSRF, inThisSession, newId, serverNow } from "./page.js";

const LONGEST_PX = 1600;
const QUALITIES = [0.8, 0.6, 0.4];
const MOST_BYTES = 1_500_000;
const PIECE_BYTES = 96_000;
const STORED_SHOWN = 4;
const ANSWERED_WITHIN_MS = 60_000;

/** The picture of a file, small and upright, as JPEG. @param {File} file @returns {Promise<Blob>} */
async function small(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  const scale = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  for (const quality of QUALITIES) {
    /** @type {Blob | null} */
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
    if (blob && blob.size <= MOST_BYTES) return blob;
  }
  throw new Error("too large");
}

/** Keep a photograph of an order until it is sent; throws when it is no picture. @param {import("./outbox.js").Outbox} queue @param {File} file @param {number} order */
export async function keepPhoto(queue, file, order) {
  const blob = await small(file);
  const occurred_at = new Date(serverNow()).toISOString();
  await queue.add({ id: newId(), kind: "photo", order_id: order, occurred_at, blob, received: 0 });
}

/** Send what waits, one after the other. @param {import("./outbox.js").Outbox} queue @param {() => unknown} changed */
export async function sendPhotos(queue, changed) {
  for (const [key, { thing }] of await queue.list("waiting")) {
    let received = thing.received;
    for (;;) {
      const answer = await inThisSession(queue.crew, () => sendPiece(thing, received));
      if (!answer.ok && ![400, 404, 409, 413, 422].includes(answer.status)) return;
      if (!answer.ok) {
        await queue.settle(key, "refused", answer.body?.detail ?? "");
        break;
      }
      received = answer.body.received;
      if (answer.body.whole) {
        await queue.settle(key, "stored", "", { ...thing, blob: null, received });
        await queue.trim("stored", STORED_SHOWN);
        break;
      }
      await queue.settle(key, "waiting", "", { ...thing, received });
      changed();
    }
    await changed();
  }
}

/** @param {{id: string, order_id: number, occurred_at: string, blob: Blob}} thing @param {number} offset */
async function sendPiece({ id, order_id, occurred_at, blob }, offset) {
  const about = new URLSearchParams({ order_id: String(order_id), taken_at: occurred_at, size: String(blob.size), offset: String(offset) });
  const headers = { "Content-Type": "application/octet-stream", "X-CSRF-Token": CSRF };
  try {
    const body = blob.slice(offset, offset + PIECE_BYTES);
    const answer = await fetch(`/api/v1/crew/photos/${id}?${about}`, { method: "PUT", headers, body, signal: AbortSignal.timeout(ANSWERED_WITHIN_MS) });
    return { ok: answer.ok, status: answer.status, body: await answer.json() };
  } catch {
    return { ok: false, status: 0, body: null };
  }
}
