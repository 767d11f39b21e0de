// @ts-check
// The public pages: everything here is a comfort. Without it the table and the forms say the same.

const EVERY_MS = 60_000;
/** Whoever points hits what was meant within this; a place that is vaguer has to be pointed at from nearer. */
const POINTED_PX = 20;
const VAGUEST_M = 300;

/** @type {any} */
const L = /** @type {any} */ (window).L;

/** What was told when, and when that is old. @returns {{age: number, oldAfter: number}} seconds */
function age() {
  const now = document.getElementById("now");
  return {
    age: (Date.now() - Date.parse(now?.dataset.written ?? "")) / 1000,
    oldAfter: Number(now?.dataset.oldAfter ?? 300),
  };
}

/** Say in large letters that the picture is old, as soon as it is. */
function judgeAge() {
  const { age: seconds, oldAfter } = age();
  const said = document.getElementById("old");
  if (said) said.hidden = seconds < oldAfter;
}

/** @type {{map: any, areas: any} | null} */
let drawn = null;

/** A map without tiles: main roads and borders under it. @param {HTMLElement} box */
async function mapOn(box) {
  const map = L.map(box, { attributionControl: false, minZoom: 5, maxZoom: 16, zoomControl: false });
  L.control.zoom({ position: "bottomright" }).addTo(map);
  map.createPane("ground").style.zIndex = "300";
  const answer = await fetch("/map/ground.geojson", { credentials: "omit" });
  const ground = answer.ok ? await answer.json() : { type: "FeatureCollection", features: [] };
  const layer = L.geoJSON(ground, {
    pane: "ground",
    interactive: false,
    style: (/** @type {any} */ each) => ({ className: each.properties.kind, weight: each.properties.kind === "road" ? 2 : 1.5 }),
  });
  const roads = ground.features.some((/** @type {any} */ each) => each.properties.kind === "road");
  const credit = box.parentElement?.querySelector(".credit");
  if (credit instanceof HTMLElement) credit.hidden = !roads;
  return { map, ground: layer.addTo(map) };
}

/** Draw the told areas; the first time the map is made around them. @param {any} told GeoJSON */
async function draw(told) {
  const box = document.getElementById("map");
  if (!box || !L || !told.features.length) {
    if (box) box.hidden = true;
    return;
  }
  box.hidden = false;
  const { map } = await mapOn(box);
  const largest = Math.max(...told.features.map((/** @type {any} */ each) => each.properties.customers ?? 0));
  const areas = L.geoJSON(told, {
    style: (/** @type {any} */ each) => ({
      className: each.properties.customers ? "area" : "area few",
      weight: 1.5,
      fillOpacity: 0.2 + 0.6 * Math.sqrt((each.properties.customers ?? 0) / (largest || 1)),
    }),
    onEachFeature: (/** @type {any} */ each, /** @type {any} */ layer) => layer.bindTooltip(words(box, each.properties)),
  }).addTo(map);
  if (told.zones) L.geoJSON(told.zones, { interactive: false, style: () => ({ className: "told-zone", weight: 2, dashArray: "10 5", fillOpacity: 0.06 }) }).addTo(map);
  map.fitBounds(areas.getBounds(), { maxZoom: 12, padding: [12, 12] });
  drawn = { map, areas };
}

/** Name and number as text nodes. @param {HTMLElement} box @param {any} told */
function words(box, told) {
  const text = document.createElement("span");
  const name = document.createElement("b");
  name.textContent = told.name;
  const number = told.customers
    ? (box.dataset.about ?? "{n}").replace("{n}", told.customers.toLocaleString("en"))
    : box.dataset.few ?? "";
  text.append(name, document.createElement("br"), number);
  return text;
}

/** Names in the table become buttons that show the area on the map. */
function linkRows() {
  if (!drawn) return;
  for (const row of document.querySelectorAll("tbody tr")) {
    const place = row.querySelector(".place");
    if (!place || place.tagName === "BUTTON") continue;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "place";
    button.textContent = place.textContent;
    button.addEventListener("click", () => showArea(row.id.replace("area-", "")));
    place.replaceWith(button);
  }
}

/** @param {string} id */
function showArea(id) {
  drawn?.areas.eachLayer((/** @type {any} */ layer) => {
    if (layer.feature.id !== id) return;
    drawn?.map.fitBounds(layer.getBounds(), { maxZoom: 13 });
    layer.openTooltip();
    document.getElementById("map")?.scrollIntoView({ block: "nearest" });
  });
}

/** The box that filters the table by name. */
function findable() {
  const form = document.getElementById("find");
  const input = form?.querySelector("input");
  const said = form?.querySelector("p");
  if (!form || !input || !said) return;
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", () => {
    const sought = input.value.trim().toLowerCase();
    let left = 0;
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("tbody tr"))) {
      const name = row.querySelector("th")?.textContent?.toLowerCase() ?? "";
      row.hidden = !name.includes(sought);
      left += row.hidden ? 0 : 1;
    }
    said.textContent = left ? "" : said.dataset.none ?? "";
  });
}

/** Put the newest picture in the place of this one; what somebody typed and looks at stays. */
async function renew() {
  try {
    const answer = await fetch(location.pathname, { credentials: "omit" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("now");
    const now = document.getElementById("now");
    if (!fresh || !now || fresh.dataset.written === now.dataset.written) return;
    const typed = now.querySelector("#find input");
    const sought = typed instanceof HTMLInputElement ? typed.value : "";
    const hadFocus = typed === document.activeElement;
    drawn?.map.remove();
    drawn = null;
    now.replaceWith(document.adoptNode(fresh));
    await start(sought, hadFocus);
  } catch {
    // No network: the picture grows old, and says so.
  } finally {
    judgeAge();
  }
}

/** @param {string} [sought] @param {boolean} [hadFocus] */
async function start(sought = "", hadFocus = false) {
  judgeAge();
  findable();
  const input = document.querySelector("#find input");
  if (input instanceof HTMLInputElement && sought) {
    input.value = sought;
    input.dispatchEvent(new Event("input"));
  }
  if (hadFocus && input instanceof HTMLInputElement) input.focus();
  const answer = await fetch("/map/outages.geojson", { credentials: "omit" });
  if (!answer.ok) return;
  await draw(await answer.json());
  linkRows();
}

/** On the first step of a report: the phone's own position, or a place to point at. */
function locatable() {
  const box = document.getElementById("position");
  const said = box?.querySelector("[role=status]");
  if (!box || !said) return;
  box.hidden = false;
  const say = (/** @type {string} */ words) => {
    said.textContent = words;
  };
  const note = (/** @type {number} */ lon, /** @type {number} */ lat, /** @type {number} */ accuracy) => {
    for (const [name, value] of Object.entries({ lon, lat, accuracy_m: accuracy })) {
      const field = box.querySelector(`[name=${name}]`);
      if (field instanceof HTMLInputElement) field.value = String(value);
    }
  };
  offerPosition(box, note, say);
  offerMap(note, say);
}

/** @typedef {(lon: number, lat: number, accuracy: number) => void} Note */
/** @typedef {(words: string) => void} Say */

/** @param {HTMLElement} box @param {Note} note @param {Say} say */
function offerPosition(box, note, say) {
  const button = document.getElementById("locate");
  if (!button || !("geolocation" in navigator) || !window.isSecureContext) return;
  button.hidden = false;
  button.addEventListener("click", () =>
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        const accuracy = Math.round(coords.accuracy);
        note(coords.longitude, coords.latitude, accuracy);
        say((box.dataset.had ?? "").replace("{m}", String(accuracy)));
      },
      () => say(box.dataset.denied ?? ""),
      { enableHighAccuracy: true, timeout: 15_000 },
    ),
  );
}

/** @param {Note} note @param {Say} say */
function offerMap(note, say) {
  const fold = document.getElementById("pick");
  const box = fold?.querySelector(".pick");
  if (!(fold instanceof HTMLDetailsElement) || !(box instanceof HTMLElement) || !L) return;
  fold.addEventListener(
    "toggle",
    async () => {
      const { map, ground } = await mapOn(box);
      if (ground.getLayers().length) map.fitBounds(ground.getBounds());
      else map.setView([30, 110], 5);
      /** @type {any} */
      let pointed = null;
      map.on("click", (/** @type {any} */ { latlng, containerPoint }) => {
        const aside = map.containerPointToLatLng(containerPoint.add([POINTED_PX, 0]));
        const accuracy = Math.round(map.distance(latlng, aside));
        if (accuracy > VAGUEST_M) {
          map.setView(latlng, map.getZoom() + 3, { animate: false });
          say(box.dataset.closer ?? "");
          return;
        }
        pointed?.remove();
        pointed = L.circleMarker(latlng, { radius: 9, className: "pointed", fillOpacity: 1, weight: 3 }).addTo(map);
        note(latlng.wrap().lng, latlng.lat, accuracy);
        say(box.dataset.here ?? "");
      });
    },
    { once: true },
  );
}

if (document.getElementById("now")) {
  // Not everybody at the same second: the first look comes somewhere within the minute.
  setTimeout(() => {
    renew();
    setInterval(renew, EVERY_MS);
  }, EVERY_MS * (0.5 + Math.random() / 2));
  setInterval(judgeAge, 5_000);
  start();
}
locatable();
