// @ts-check
// Plays a film from what its own page holds: no server, no network, no clock but the viewer's.
(() => {
  "use strict";
  /** @typedef {{id: number, name: string, x: number, y: number, from: number, states: [number, string][], out: [number, number][]}} Outage */
  /** @typedef {{name: string, t: number[], x: number[], y: number[]}} Crew */
  const L = /** @type {any} */ (window).L;
  const map = /** @type {any} */ (window).filmMap;
  /** @param {string} id @returns {any} */
  const at = (id) => document.getElementById(id);
  /** @type {{seconds: number, quiet: [number, number][], since: string, zone: string, lang: string, words: Record<string, string>, outages: Outage[], crews: Crew[], roads: any, network: any}} */
  const film = JSON.parse(at("film").textContent);
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const FINEST = 1e5, GONE_S = 900, LATELY_S = 1800, MINUTE = 60, HOUR = 3600, HASTE = 10;
  const begin = Date.parse(film.since);
  const says = new Intl.DateTimeFormat(film.lang, { timeZone: film.zone, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const count = new Intl.NumberFormat(film.lang);
  const canvas = at("scene"), slider = at("at"), play = at("play"), speed = at("speed");
  let now = 0, playing = false, before = 0;

  for (const [drawn, color, weight] of /** @type {[any, string, number][]} */ ([[film.roads, "#3d444c", 1.6], [film.network, "#6b7480", 1]])) {
    if (drawn) L.geoJSON(drawn, { interactive: false, style: { color, weight } }).addTo(map);
  }

  /** The value that holds at a moment; null before the first. @template T @param {[number, T][]} steps @param {number} t @returns {T | null} */
  function holding(steps, t) {
    let low = 0, high = steps.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (steps[middle][0] <= t) low = middle + 1; else high = middle;
    }
    return low ? steps[low - 1][1] : null;
  }

  /** How an outage stands at a moment; null while there is none. @param {Outage} outage @param {number} t */
  function standing(outage, t) {
    if (t < outage.from) return null;
    const state = holding(outage.states, t) ?? "predicted";
    const out = holding(outage.out, t) ?? 0;
    if (state !== "restored" && state !== "closed") return { state, out, fading: 0 };
    const ended = outage.states.find(([, each]) => each === "restored" || each === "closed");
    const age = t - (ended ? ended[0] : t);
    return age < GONE_S ? { state: "restored", out: 0, fading: age / GONE_S } : null;
  }

  /** Where a crew was last seen before a moment; null if not lately. @param {Crew} crew @param {number} t */
  function seen(crew, t) {
    let low = 0, high = crew.t.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (crew.t[middle] <= t) low = middle + 1; else high = middle;
    }
    const n = low - 1;
    return n < 0 || t - crew.t[n] > LATELY_S ? null : [crew.x[n], crew.y[n]];
  }

  /** @param {number} x @param {number} y */
  const placed = (x, y) => map.latLngToContainerPoint([y / FINEST, x / FINEST]);

  /** @param {CanvasRenderingContext2D} ink @param {{state: string, out: number, fading: number}} how @param {number} x @param {number} y */
  function mark(ink, how, x, y) {
    const r = 5 + Math.min(26, Math.sqrt(how.out) * 0.9);
    ink.globalAlpha = 1 - how.fading;
    ink.beginPath();
    if (how.state === "restored") {
      ink.strokeStyle = "#7fc8a9";
      ink.lineWidth = 2.4;
      ink.moveTo(x - 5, y);
      ink.lineTo(x - 1, y + 4);
      ink.lineTo(x + 6, y - 5);
      ink.stroke();
    } else {
      ink.arc(x, y, r, 0, 2 * Math.PI);
      ink.lineWidth = 2.4;
      ink.strokeStyle = how.state === "predicted" ? "#ffb454" : "#ff6b5e";
      if (how.state === "confirmed") {
        ink.fillStyle = "#ff6b5ecc";
        ink.fill();
      }
      ink.stroke();
      if (how.state === "partially_restored") {
        ink.beginPath();
        ink.arc(x, y, r, -Math.PI / 2, Math.PI / 2);
        ink.fillStyle = "#ff6b5ecc";
        ink.fill();
      }
    }
    ink.globalAlpha = 1;
  }

  function draw() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: wide, clientHeight: high } = canvas;
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(high * ratio);
    }
    const ink = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    ink.setTransform(ratio, 0, 0, ratio, 0, 0);
    ink.clearRect(0, 0, wide, high);
    let out = 0, open = 0, about = 0;
    /** @type {{outage: Outage, how: {state: string, out: number, fading: number}}[]} */
    const standingNow = [];
    for (const outage of film.outages) {
      const how = standing(outage, now);
      if (!how) continue;
      const p = placed(outage.x, outage.y);
      mark(ink, how, p.x, p.y);
      if (how.state === "restored") continue;
      open += 1;
      out += how.out;
      standingNow.push({ outage, how });
    }
    for (const crew of film.crews) {
      const where = seen(crew, now);
      if (!where) continue;
      about += 1;
      const p = placed(where[0], where[1]);
      ink.fillStyle = "#6cb6ff";
      ink.strokeStyle = "#15181c";
      ink.lineWidth = 1;
      ink.fillRect(p.x - 4, p.y - 4, 8, 8);
      ink.strokeRect(p.x - 4, p.y - 4, 8, 8);
    }
    tell(out, open, about, standingNow);
  }

  /** @param {number} out @param {number} open @param {number} about @param {{outage: Outage, how: {state: string, out: number}}[]} list */
  function tell(out, open, about, list) {
    const written = says.format(begin + now * 1000);
    at("time").textContent = written;
    at("out").textContent = count.format(out);
    at("open").textContent = count.format(open);
    if (at("crews")) at("crews").textContent = count.format(about);
    at("pace").firstElementChild.hidden = !lull(now);
    slider.value = String(Math.round(now));
    slider.setAttribute("aria-valuetext", written);
    document.body.dataset.at = String(Math.round(now));
    list.sort((a, b) => b.how.out - a.how.out || a.outage.id - b.outage.id);
    at("largest").replaceChildren(...list.slice(0, 8).map(({ outage, how }) => {
      const row = document.createElement("tr");
      for (const words of [outage.name, film.words[how.state] ?? how.state, count.format(how.out)]) {
        row.appendChild(document.createElement("td")).textContent = words;
      }
      return row;
    }));
    const plot = /** @type {any} */ (document.querySelector("svg.plot"));
    const axis = plot.querySelector(".axis");
    let line = plot.querySelector(".now");
    if (!line) {
      line = plot.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "line"));
      line.setAttribute("class", "now");
      line.setAttribute("y1", "6");
      line.setAttribute("y2", axis.getAttribute("y1"));
    }
    const [left, right] = [Number(axis.getAttribute("x1")), Number(axis.getAttribute("x2"))];
    const x = String(left + (right - left) * (now / film.seconds));
    line.setAttribute("x1", x);
    line.setAttribute("x2", x);
  }

  /** The stretch around a moment in which nothing happens; undefined where something does. @param {number} t */
  const lull = (t) => film.quiet.find(([from, until]) => from <= t && t < until);

  /** @param {number} seconds of the viewer's @returns {number} where the film stands after them */
  function after(seconds) {
    const empty = lull(now);
    const ahead = seconds * Number(speed.value);
    return empty ? Math.min(now + ahead * HASTE, empty[1]) : now + ahead;
  }

  /** @param {number} t */
  function go(t) {
    now = Math.min(Math.max(t, 0), film.seconds);
    draw();
  }

  /** @param {boolean} on */
  function run(on) {
    if (on && now >= film.seconds) now = 0;
    playing = on;
    play.textContent = on ? play.dataset.pause : play.dataset.play;
    play.setAttribute("aria-pressed", String(on));
    before = performance.now();
    if (on) requestAnimationFrame(step);
  }

  /** @param {number} moment */
  function step(moment) {
    if (!playing) return;
    const passed = moment - before;
    if (!calm.matches || passed >= 1000) { // who wants no motion gets one picture a second
      before = moment;
      go(after(passed / 1000));
      if (now >= film.seconds) return run(false);
    }
    requestAnimationFrame(step);
  }

  slider.max = String(film.seconds);
  slider.addEventListener("input", () => go(Number(slider.value)));
  play.addEventListener("click", () => run(!playing));
  at("controls").addEventListener("submit", (/** @type {Event} */ event) => event.preventDefault());
  /** @type {Record<string, () => void>} */
  const keys = {
    " ": () => run(!playing),
    ArrowLeft: () => go(now - MINUTE),
    ArrowRight: () => go(now + MINUTE),
    PageUp: () => go(now - HOUR),
    PageDown: () => go(now + HOUR),
    Home: () => go(0),
    End: () => go(film.seconds),
  };
  document.addEventListener("keydown", (event) => {
    const target = /** @type {HTMLElement} */ (event.target);
    if (event.ctrlKey || event.altKey || event.metaKey || target.closest("select, .leaflet-container")) return;
    if (event.key === " " && target === play) return; // the button itself does it
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  map.on("move zoom resize viewreset", draw);
  window.addEventListener("resize", draw);
  go(0);
})();
