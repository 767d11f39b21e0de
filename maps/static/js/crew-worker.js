// @ts-check
/// <reference lib="webworker" />
// The service worker of the crew's phone. It keeps the empty frame of the screen and its scripts,
// nothing else: no order, no name, no number of anybody ever enters its cache.
//
// The server writes `VERSION` and `FILES` above this line; another version is another cache.

/* global VERSION, FILES */
const worker = /** @type {any} */ (self);
const CACHES = "relight-crew-";
const CACHE = CACHES + VERSION;
const PAGE = "/crew";
const SHELL = "/crew/shell";
const PATIENCE_MS = 6000;

/** Read from the server, past every cache. @param {string} path */
const fresh = (path) => new Request(path, { cache: "reload", credentials: "same-origin" });

worker.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(
    caches.open(CACHE).then((cache) => cache.addAll([...FILES, SHELL].map(fresh))).then(() => worker.skipWaiting()),
  );
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(
    caches.keys()
      .then((names) => Promise.all(names.filter((name) => name.startsWith(CACHES) && name !== CACHE).map((name) => caches.delete(name))))
      .then(() => worker.clients.claim()),
  );
});

// The frame is read anew when somebody reads another language.
worker.addEventListener("message", (/** @type {any} */ event) => {
  if (event.data === "renew-shell") event.waitUntil(caches.open(CACHE).then((cache) => cache.add(fresh(SHELL))));
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (request.mode === "navigate" && url.pathname === PAGE) event.respondWith(page(request));
  else if (FILES.includes(url.pathname)) event.respondWith(file(request));
});

/** The page from the server; the empty frame where there is none, or none in time. @param {Request} request */
async function page(request) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (answer.status < 500) return answer;
  } catch {
    // No network, or a server that does not answer: the frame shows what the phone has kept.
  }
  return (await (await caches.open(CACHE)).match(SHELL)) ?? Response.error();
}

/** A script or a style of this version. @param {Request} request */
async function file(request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(request, { ignoreVary: true })) ?? fetch(request);
}
