// @ts-check
// What lies under the network: the company's own PMTiles file, drawn in this page, or pictures of
// an internal tile server. Quiet on purpose: what is wrong with the network is to be seen first.

const L = /** @type {any} */ (window).L;
const FONT = "system-ui, 'Noto Sans CJK SC', 'Microsoft YaHei', sans-serif";
const DATA_ZOOM = 14;
const MAIN = ["motorway", "trunk", "primary", "secondary", "tertiary"];

/** @type {Record<string, Record<string, string>>} */
const COLOURS = {
  dark: {
    earth: "#15181c", water: "#1b2a38", stream: "#22394d", wood: "#182019", park: "#1a2420", built: "#1b1f24", industry: "#1f2126",
    building: "#242a31", rail: "#3a3f46", main: "#474f59", minor: "#31373e", name: "#9aa5b1", street: "#8a94a0", halo: "#15181c",
  },
  light: {
    earth: "#f3f1ec", water: "#bfd7e8", stream: "#9fc2da", wood: "#dbe6d3", park: "#e2ecd9", built: "#e9e6df", industry: "#e6e2e4",
    building: "#d8d3ca", rail: "#b3adb0", main: "#c9b98f", minor: "#cfcac0", name: "#3c4650", street: "#5d6670", halo: "#f3f1ec",
  },
};

/** What is drawn of the file, from below to above. @param {Record<string, string>} colour */
function paintRules(colour) {
  const { PolygonSymbolizer, LineSymbolizer, GeomType } = /** @type {any} */ (window).protomapsL;
  const fill = (/** @type {string} */ layer, /** @type {string} */ kind) => ({
    dataLayer: layer, symbolizer: new PolygonSymbolizer({ fill: colour[kind] }),
    filter: (/** @type {number} */ _, /** @type {any} */ f) => f.props.kind === kind && f.geomType === GeomType.Polygon,
  });
  const stroke = (/** @type {string} */ layer, /** @type {(f: any) => boolean} */ filter, /** @type {string} */ color, /** @type {(z: number, f: any) => number} */ width) => ({
    dataLayer: layer, symbolizer: new LineSymbolizer({ color, width, lineCap: "round", lineJoin: "round" }),
    filter: (/** @type {number} */ _, /** @type {any} */ f) => filter(f),
  });
  const isMain = (/** @type {any} */ f) => MAIN.includes(f.props.kind);
  return [
    ...["built", "industry", "wood", "park"].map((kind) => fill("land", kind)),
    fill("water", "water"),
    stroke("water", (f) => f.props.kind === "river" && f.geomType === GeomType.Line, colour.stream, (z) => Math.max(1, z - 11)),
    stroke("water", (f) => f.props.kind === "stream", colour.stream, () => 1),
    fill("buildings", "building"),
    stroke("rails", () => true, colour.rail, (z) => (z >= 14 ? 1.5 : 1)),
    stroke("roads", (f) => !isMain(f), colour.minor, (z) => wide(0.8, z)),
    stroke("roads", isMain, colour.main, (z, f) => wide(3 - 0.4 * MAIN.indexOf(f.props.kind), z)),
  ];
}

/** A stroke grows as one looks closer. @param {number} px at zoom 13 @param {number} zoom */
const wide = (px, zoom) => px * 1.35 ** Math.max(-3, Math.min(zoom - 13, 5));

/** What is named: settlements first, then streets where there is room. @param {Record<string, string>} colour */
function labelRules(colour) {
  const { CenteredTextSymbolizer, LineLabelSymbolizer } = /** @type {any} */ (window).protomapsL;
  const written = (/** @type {string} */ fill, /** @type {string} */ font) => ({ labelProps: ["name"], fill, stroke: colour.halo, width: 3, font });
  const place = (/** @type {string[]} */ kinds, /** @type {string} */ font) => ({
    dataLayer: "places", symbolizer: new CenteredTextSymbolizer(written(colour.name, font)),
    filter: (/** @type {number} */ _, /** @type {any} */ f) => kinds.includes(f.props.kind),
  });
  return [
    place(["city", "town"], `600 15px ${FONT}`),
    place(["suburb", "village", "quarter"], `13px ${FONT}`),
    { ...place(["hamlet", "neighbourhood", "locality"], `12px ${FONT}`), minzoom: 13 },
    {
      dataLayer: "roads", minzoom: 14, symbolizer: new LineLabelSymbolizer(written(colour.street, `12px ${FONT}`)),
      filter: (/** @type {number} */ z, /** @type {any} */ f) => Boolean(f.props.name) && (z >= 15 || MAIN.includes(f.props.kind)),
    },
  ];
}

/** The base map of one page. */
export class Basemap {
  /**
   * @param {any} map Leaflet's
   * @param {HTMLElement | null} said its data say what there is: kind, url
   */
  constructor(map, said) {
    this.map = map;
    this.kind = said?.dataset.kind ?? "none";
    this.url = said?.dataset.url ?? "";
    /** @type {any} */
    this.layer = null;
  }

  /** Whether there is one to show. */
  get there() {
    return this.kind === "pmtiles" || this.kind === "tiles";
  }

  /** @param {string} theme dark, light, or none */
  show(theme) {
    this.layer?.remove();
    this.layer = this.there && theme !== "none" ? this.#made(theme) : null;
    this.layer?.addTo(this.map);
    const container = this.map.getContainer();
    container.dataset.ground = this.layer ? theme : "none";
    container.style.background = this.layer ? COLOURS[theme].earth : "";
  }

  /** @param {string} theme */
  #made(theme) {
    if (this.kind === "tiles") return L.tileLayer(this.url, { maxZoom: 19, className: `ground-${theme}` });
    const colour = COLOURS[theme];
    return /** @type {any} */ (window).protomapsL.leafletLayer({
      url: this.url, maxDataZoom: DATA_ZOOM, maxZoom: 19, attribution: "",
      backgroundColor: colour.earth, paintRules: paintRules(colour), labelRules: labelRules(colour),
    });
  }
}
