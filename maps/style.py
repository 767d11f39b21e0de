"""How things look on the map: one table, read by the drawing module and by the legend.

Grey is normal. Colour says that something is not, and never says it alone: a dash, a shape or a
letter says the same.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A stroke: colour, width in pixels, dash in pixels, from which zoom on it is drawn."""

    color: str
    width: float
    dash: tuple[int, ...] = ()
    zoom: int = 0


@dataclass(frozen=True, slots=True)
class Mark:
    """A symbol: its shape, colours, radius in pixels."""

    shape: str
    fill: str
    edge: str
    radius: float


ROADS: Mapping[str, Line] = {
    "motorway": Line("#4a525c", 3.0),
    "trunk": Line("#474f59", 2.6),
    "primary": Line("#434a53", 2.2),
    "secondary": Line("#3d444c", 1.8),
    "tertiary": Line("#373d45", 1.4),
    "other": Line("#31373e", 1.0, zoom=13),
}
NETWORK: Mapping[str, Line] = {
    "mv-lit": Line("#8a94a0", 1.4),
    "lv-lit": Line("#6b7480", 0.8, zoom=14),
    "service-lit": Line("#5a626c", 0.6, zoom=16),
    "predicted": Line("#ffb454", 2.6, (7, 4)),
    "out": Line("#ff6b5e", 3.0),
}
MARKS: Mapping[str, Mark] = {
    "hazard": Mark("triangle", "#ff6b5e", "#ffffff", 10),
    "outage-predicted": Mark("ring", "#ffb454", "#15181c", 8),
    "outage-confirmed": Mark("disc", "#ff6b5e", "#15181c", 8),
    "outage-restored": Mark("ring", "#7fc8a9", "#15181c", 7),
    "incident": Mark("diamond", "#ffb454", "#15181c", 8),
    "report": Mark("dot", "#c9d1d9", "#15181c", 3),
    "transformer-out": Mark("square", "#ff6b5e", "#15181c", 4),
    "suspect": Mark("share", "#ffb454", "#ffffff", 11),
    "thought-out": Mark("frame", "#ffb454", "#15181c", 7),
    "caller": Mark("dot", "#ffffff", "#15181c", 5),
    "caller-weak": Mark("dot-open", "#ffffff", "#15181c", 5),
    "crew-free": Mark("crew", "#d5dbe2", "#15181c", 8),
    "crew-busy": Mark("crew", "#6cb6ff", "#15181c", 8),
    "crew-stale": Mark("crew-hollow", "#8a94a0", "#15181c", 8),
}

MAIN_ROADS = ("motorway", "trunk", "primary", "secondary", "tertiary")


def table() -> dict[str, dict[str, object]]:
    """The whole table as the drawing module reads it."""
    return {
        "roads": {name: asdict(line) for name, line in ROADS.items()},
        "network": {name: asdict(line) for name, line in NETWORK.items()},
        "marks": {name: asdict(mark) for name, mark in MARKS.items()},
    }
