"""How things look on the map: one table, read by the drawing module and by the legend.

Grey is normal. Colour says that something is not, and never says it alone: a dash, a shape or a
letter says the same.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from dispatch.domain.zone import ZoneKind


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


@dataclass(frozen=True, slots=True)
class Fill:
    """A square: its colour, how much of it is seen (0 to 1), and how many pixels between strokes.

    Strokes lean one way, or both ways where `crossed`; `hatch` 0 is none.
    """

    color: str
    alpha: float
    hatch: int = 0
    crossed: bool = False


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
    "partial": Line("#ff6b5e", 2.4, (12, 5)),
    "out": Line("#ff6b5e", 3.0),
    "planned-line": Line("#c7a6ff", 2.2, (2, 5)),
    "way": Line("#6cb6ff", 3.0, (1, 6)),
}
CLOSURES: Mapping[str, Line] = {
    # a wide stroke of short dashes: hatched across the road
    "road-closed": Line("#ff6b5e", 8.0, (2, 4)),
    "road-announced": Line("#ffb454", 6.0, (2, 8)),
    "road-drawn": Line("#6cb6ff", 8.0, (2, 4)),
}
ZONES: Mapping[str, Line] = {
    "zone-storm": Line("#ffb454", 2.2, (12, 5)),
    "zone-flood": Line("#ffb454", 2.2, (3, 4)),
    "zone-fire": Line("#ff6b5e", 2.2, (12, 4, 3, 4)),
    "zone-no-go": Line("#ff6b5e", 5.0, (3, 4)),
}
ZONE_SIGNS: Mapping[ZoneKind, str] = {
    ZoneKind.STORM: "↯",
    ZoneKind.FLOOD: "≈",
    ZoneKind.FIRE: "▲",
    ZoneKind.NO_GO: "⊘",
}
COVER: Mapping[str, Fill] = {
    "cover-near": Fill("#8a94a0", 0.22),
    "cover-far": Fill("#ffb454", 0.28, 9),
    "cover-over": Fill("#ff6b5e", 0.30, 5),
    "cover-nobody": Fill("#ff6b5e", 0.38, 6, crossed=True),
}
MARKS: Mapping[str, Mark] = {
    "hazard": Mark("triangle", "#ff6b5e", "#ffffff", 10),
    "outage-predicted": Mark("ring", "#ffb454", "#15181c", 8),
    "outage-confirmed": Mark("disc", "#ff6b5e", "#15181c", 8),
    "outage-partial": Mark("half", "#ff6b5e", "#15181c", 8),
    "outage-restored": Mark("ring", "#7fc8a9", "#15181c", 7),
    "incident": Mark("diamond", "#ffb454", "#15181c", 8),
    "report": Mark("dot", "#c9d1d9", "#15181c", 3),
    "transformer-out": Mark("square", "#ff6b5e", "#15181c", 4),
    "suspect": Mark("share", "#ffb454", "#ffffff", 11),
    "thought-out": Mark("frame", "#ffb454", "#15181c", 7),
    "caller": Mark("dot", "#ffffff", "#15181c", 5),
    "caller-weak": Mark("dot-open", "#ffffff", "#15181c", 5),
    "planned": Mark("frame", "#c7a6ff", "#15181c", 6),
    "planned-soon": Mark("dot-open", "#c7a6ff", "#15181c", 6),
    "crew-free": Mark("crew", "#d5dbe2", "#15181c", 8),
    "crew-busy": Mark("crew", "#6cb6ff", "#15181c", 8),
    "crew-stale": Mark("crew-hollow", "#8a94a0", "#15181c", 8),
}

MAIN_ROADS = ("motorway", "trunk", "primary", "secondary", "tertiary")
MAIN_AND_LINKS = (*MAIN_ROADS, *(f"{name}_link" for name in MAIN_ROADS))
SMALL_ROADS = ("unclassified", "residential", "living_street", "service", "road")


IN_LIGHT: Mapping[str, str] = {
    "#4a525c": "#b4bcc5",  # roads
    "#474f59": "#b8c0c9",
    "#434a53": "#bdc5cd",
    "#3d444c": "#c4cbd2",
    "#373d45": "#ccd2d9",
    "#31373e": "#d5dae0",
    "#8a94a0": "#66717d",  # supply is on, nobody is seen
    "#6b7480": "#87919c",
    "#5a626c": "#99a2ac",
    "#ffb454": "#9a5b00",  # it may be
    "#ff6b5e": "#c0271c",  # it is
    "#7fc8a9": "#1f7a54",  # it was
    "#6cb6ff": "#0b5cad",  # somebody is at it
    "#c7a6ff": "#6b3fb8",  # planned
    "#c9d1d9": "#39424c",
    "#d5dbe2": "#2b333c",
    "#ffffff": "#11161b",
    "#15181c": "#ffffff",
}
"""What each colour is on a light ground: as far from it as the dark one is from the dark."""


def table() -> dict[str, dict[str, object]]:
    """The whole table as the drawing module reads it, for a dark ground."""
    return {
        "roads": {name: asdict(line) for name, line in ROADS.items()},
        "network": {name: asdict(line) for name, line in NETWORK.items()},
        "closures": {name: asdict(line) for name, line in CLOSURES.items()},
        "zones": {name: asdict(line) for name, line in ZONES.items()},
        "cover": {name: asdict(fill) for name, fill in COVER.items()},
        "marks": {name: asdict(mark) for name, mark in MARKS.items()},
    }


def themes() -> dict[str, dict[str, dict[str, object]]]:
    """The table for a dark and for a light ground."""
    dark = table()
    light: dict[str, dict[str, object]] = {
        group: {name: _in_light(entry) for name, entry in entries.items()}
        for group, entries in dark.items()
    }
    return {"dark": dark, "light": light}


def _in_light(entry: object) -> dict[str, object]:
    assert isinstance(entry, dict)
    return {
        key: IN_LIGHT.get(str(value), value) if key in {"color", "fill", "edge"} else value
        for key, value in entry.items()
    }
