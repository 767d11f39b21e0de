"""The console's map under a storm's load, against the same load as folium's own objects.

One Chromium without a graphics card looks at five pages, one after the other: folium's plain
objects; its GeoJson layers; its FastMarkerCluster, which draws a number for many points; its
Realtime, whose crews move every second as ours do; ours. What stands still in folium's pages does
not move. The scripts of its plugins come with `npm`, for this comparison alone.
"""

import json
import math
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import folium
import uvicorn
from folium.plugins import FastMarkerCluster, Realtime
from playwright.sync_api import CDPSession, Page, sync_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from dispatch.store.reads.field import Box
from maps import style
from maps.assets import PREFIX, STATIC
from maps.shell import HandOver, ShellMap, shell
from tests.bench.rows import Row
from tests.browser.conftest import FLAGS, chromium

CREWS, REPORTS, SEGMENTS = 5_000, 20_000, 50_000
LON, LAT, HALF = 115.9, 28.68, 0.08
VIEW = Box(LON - HALF, LAT - HALF, LON + HALF, LAT + HALF)
SIZE = {"width": 1920, "height": 1080}
LOOK_S = 4.0
PATIENCE_MS = 300_000
STYLES = ("mv-lit", "lv-lit", "predicted", "out")

_COUNT = """
() => {
    window.bench = { frames: 0, longest: 0 };
    const frame = () => { window.bench.frames += 1; requestAnimationFrame(frame); };
    requestAnimationFrame(frame);
    new PerformanceObserver((list) => {
        for (const task of list.getEntries())
            window.bench.longest = Math.max(window.bench.longest, task.duration);
    }).observe({ entryTypes: ["longtask"] });
}
"""
_OURS = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>bench</title>
{header}<link rel="stylesheet" href="{prefix}/css/relight.css"></head>
<body class="console" data-zone="UTC"><section class="middle">{html}</section>
<script>{script}</script><div id="style-table" data-table='{table}'></div>
<script type="module">
import {{ Layers }} from "{prefix}/js/map.js";
const table = JSON.parse(document.getElementById("style-table").dataset.table);
const layers = new Layers(window.relightMap, table, () => {{}});
for (const none of ["roads", "closures", "transformers", "planned", "work"]) layers.off.add(none);
await Promise.all(["network", "reports", "crews"].map((name) => layers.readLayer(name)));
window.ready = performance.now();
setInterval(() => layers.readLayer("crews"), 1000);
</script></body></html>"""
PACKAGES, FETCHED = "/packages", Path(__file__).parents[2] / "node_modules"
_ELSEWHERE = re.compile(r"https://[^\"]+/(leaflet[.-]\w+)/[\d.]+/([\w.-]+)(?=\")")
"""Where folium's plugins would take their scripts from."""
_READY = "<script>addEventListener('load', () => { window.ready = performance.now(); });</script>"


@dataclass
class Load:
    """So many crews, reports and pieces of line; `share` of a whole storm's."""

    share: float
    moves: int = 0
    places: list[tuple[float, float]] = field(default_factory=list)
    lines: list[list[tuple[float, float]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = random.Random(7)

        def somewhere() -> tuple[float, float]:
            return LON + chance.uniform(-HALF, HALF), LAT + chance.uniform(-HALF, HALF)

        self.places = [somewhere() for _ in range(round((CREWS + REPORTS) * self.share))]
        for _ in range(round(SEGMENTS * self.share)):
            lon, lat = somewhere()
            self.lines.append([(lon, lat), (lon + chance.uniform(-0.002, 0.002), lat + 0.001)])

    @property
    def crews(self) -> list[tuple[float, float]]:
        return self.places[: round(CREWS * self.share)]

    @property
    def reports(self) -> list[tuple[float, float]]:
        return self.places[round(CREWS * self.share) :]

    def layer(self, name: str) -> dict[str, Any]:
        """What the console's own endpoint would answer."""
        if name == "network":
            parts = [self.lines[n :: len(STYLES)] for n in range(len(STYLES))]
            features = [
                _feature("MultiLineString", part, style=kind)
                for kind, part in zip(STYLES, parts, strict=True)
            ]
        elif name == "crews":
            self.moves += 1
            turn = 0.0005 * math.sin(self.moves)
            features = [
                _feature(
                    "Point", (lon + turn, lat), style="crew-busy", key=f"crew-{n}", title="crew"
                )
                for n, (lon, lat) in enumerate(self.crews)
            ]
        else:
            features = [_feature("Point", at, style="report") for at in self.reports]
        return {"type": "FeatureCollection", "features": features}


def _feature(kind: str, coordinates: object, **properties: object) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def ours(_load: Load) -> str:
    made = shell(VIEW)
    table = json.dumps(style.table()).replace("'", "&#39;")
    return _OURS.format(
        header=made.header, html=made.html, script=made.script, table=table, prefix=PREFIX
    )


def plain_objects(load: Load) -> str:
    drawn = _bare_map()
    for line in load.lines:
        folium.PolyLine([(lat, lon) for lon, lat in line], weight=1).add_to(drawn)
    for lon, lat in load.places:
        folium.CircleMarker((lat, lon), radius=3).add_to(drawn)
    return _page_of(drawn)


def geojson_layers(load: Load) -> str:
    drawn = _bare_map()
    for name in ("network", "reports", "crews"):
        folium.GeoJson(load.layer(name), marker=folium.CircleMarker(radius=3)).add_to(drawn)
    return _page_of(drawn)


def clustered(load: Load) -> str:
    drawn = _bare_map()
    folium.GeoJson(load.layer("network")).add_to(drawn)
    FastMarkerCluster([(lat, lon) for lon, lat in load.places]).add_to(drawn)
    return _page_of(drawn)


def realtime(load: Load) -> str:
    drawn = _bare_map()
    for name in ("network", "reports"):
        folium.GeoJson(load.layer(name), marker=folium.CircleMarker(radius=3)).add_to(drawn)
    Realtime(
        "/console/layers/crews",
        interval=1000,
        get_feature_id=folium.JsCode("feature => feature.properties.key"),
        point_to_layer=folium.JsCode("(feature, at) => L.circleMarker(at, { radius: 3 })"),
    ).add_to(drawn)
    return _page_of(drawn)


def _bare_map() -> folium.Map:
    drawn = ShellMap(location=(LAT, LON), zoom_start=13, tiles=None, prefer_canvas=True)
    drawn.add_child(HandOver())
    return drawn


def _page_of(drawn: folium.Map) -> str:
    page: str = drawn.get_root().render()
    for name in ("leaflet.js", "leaflet.css"):
        page = page.replace(f'"{name}"', f'"{PREFIX}/vendor/{name}"')
    page = _ELSEWHERE.sub(rf"{PACKAGES}/\1/dist/\2", page)
    return page.replace("</body>", f"{_READY}</body>")


PAGES: Mapping[str, Callable[[Load], str]] = {
    "plain folium objects": plain_objects,
    "folium GeoJson": geojson_layers,
    "folium FastMarkerCluster": clustered,
    "folium Realtime": realtime,
    "ours, crews moving": ours,
}


def rows(share: float = 1.0) -> list[Row]:
    """Frames a second (still, drag, zoom), longest task, heap, time to interactive, bytes."""
    load = Load(share)
    found = []
    with _served(load) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        for what in PAGES:
            page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
            found += _measured(page, f"{url}/page/{what}", what)
            page.close()
        browser.close()
    first = {row.what: row.value for row in reversed(found)}
    return [
        Row(r.group, r.what, r.value, r.unit, r.value / first[r.what] if first[r.what] else None)
        for r in found
    ]


def _measured(page: Page, url: str, what: str) -> list[Row]:
    devtools = page.context.new_cdp_session(page)
    taken = {"bytes": 0.0}
    devtools.on("Network.loadingFinished", lambda done: _add(taken, done["encodedDataLength"]))
    devtools.send("Network.enable")
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    page.wait_for_function("() => window.ready !== undefined")
    ready_ms, taken_then = float(page.evaluate("window.ready")), taken["bytes"]
    page.evaluate(_COUNT)
    looks = {"still": _still, "drag": _drag, "zoom": _zoom}
    found = [
        Row(what, f"frames a second, {name}", _fps(page, act), "1/s") for name, act in looks.items()
    ]
    longest = float(page.evaluate("window.bench.longest"))
    return [
        *found,
        Row(what, "longest task", longest, "ms"),
        Row(what, "heap", _heap_mb(devtools), "MB"),
        Row(what, "time to interactive", ready_ms, "ms"),
        Row(what, "bytes until then", taken_then / 1e6, "MB"),
    ]


def _add(taken: dict[str, float], length: float) -> None:
    taken["bytes"] += length


def _fps(page: Page, act: Callable[[Page, float], None]) -> float:
    before, began = page.evaluate("window.bench.frames"), time.monotonic()
    act(page, began + LOOK_S)
    return (page.evaluate("window.bench.frames") - before) / (time.monotonic() - began)


def _still(page: Page, until: float) -> None:
    page.wait_for_timeout(max(0.0, until - time.monotonic()) * 1000)


def _drag(page: Page, until: float) -> None:
    page.mouse.move(960, 540)
    page.mouse.down()
    step = 0
    while time.monotonic() < until:
        step += 1
        page.mouse.move(960 + 300 * math.sin(step / 20), 540 + 200 * math.cos(step / 20))
    page.mouse.up()


def _zoom(page: Page, until: float) -> None:
    step = 0
    while time.monotonic() < until:
        step += 1
        page.mouse.wheel(0, -240 if step % 2 else 240)
        page.wait_for_timeout(250)


def _heap_mb(devtools: CDPSession) -> float:
    devtools.send("HeapProfiler.collectGarbage")
    devtools.send("Performance.enable")
    told = {
        each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]
    }
    return float(told["JSHeapUsedSize"]) / 1e6


@contextmanager
def _served(load: Load) -> Iterator[str]:
    def layer(request: Request) -> Response:
        return JSONResponse(load.layer(request.path_params["name"]))

    def page(request: Request) -> Response:
        return HTMLResponse(PAGES[request.path_params["what"]](load))

    app = Starlette(
        routes=[
            Route("/console/layers/{name}", layer),
            Route("/page/{what}", page),
            Mount(PREFIX, StaticFiles(directory=STATIC)),
            Mount(PACKAGES, StaticFiles(directory=FETCHED)),
        ]
    )
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    running = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    running.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        running.join(timeout=20)
