// @ts-check
// The desk writes down how to get to a customer's place; the crew that is sent there reads it.

import { explain, read, say, send, toast } from "./page.js";

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (!form.dataset.access) return;
  event.preventDefault();
  const answer = await send("PUT", form.dataset.access, read(form));
  toast(answer.ok ? say("script", "done") : explain(answer.body), answer.ok ? "note" : "problem");
  const fold = form.closest("details");
  if (answer.ok && fold) fold.open = false;
});
