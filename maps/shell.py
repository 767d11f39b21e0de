"""The map's shell: a real folium map, taken apart into what a page of ours puts together.

Folium owns the container, the view and the controls. What lives on the map (network, reports,
crews) is drawn by our own modules; `HandOver` gives them the Leaflet map.
"""

import re
from dataclasses import dataclass
from typing import Any

import folium
from branca.element import Link, MacroElement
from folium.template import Template
from markupsafe import Markup

from dispatch.store.reads.field import Box
from maps.assets import asset

NONCE = "nonce-goes-here"
_VIEWPORT = re.compile(r'<meta name="viewport".*?/>', re.DOTALL)  # folium's forbids zooming
_BARE_TAG = re.compile(r"<(script|style)>")


class ShellMap(folium.Map):
    """A folium map that needs Leaflet and nothing else."""

    default_js = [("leaflet", "leaflet.js")]  # noqa: RUF012 (declared so by folium)
    default_css = [("leaflet_css", "leaflet.css")]  # noqa: RUF012


class HandOver(MacroElement):
    """Leaves the Leaflet map where our modules find it: in `window.relightMap`."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            window.relightMap = {{ this._parent.get_name() }};
            L.control.scale({imperial: false}).addTo(window.relightMap);
        {% endmacro %}
        """
    )

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Fragments:
    """The three parts of a rendered map, ready for a page with a CSP nonce."""

    header: str
    html: str
    script: str

    def with_nonce(self, nonce: str) -> "Fragments":
        """The same for one answer; only scripts and styles with its nonce are run."""
        return Fragments(
            Markup(self.header.replace(NONCE, nonce)),  # noqa: S704 (folium's own markup)
            Markup(self.html),  # noqa: S704
            Markup(self.script),  # noqa: S704
        )


def shell(view: Box | None) -> Fragments:
    """Render the map without tiles, looking at `view` (EPSG:4326; the whole world for None).

    Raises
    ------
    KeyError
        Folium asks for a script or a style that is not among our assets.
    """
    drawn = ShellMap(
        location=(0, 0) if view is None else _middle(view),
        zoom_start=2 if view is None else 13,
        min_zoom=3,
        max_zoom=19,
        tiles=None,
        prefer_canvas=True,
        zoom_control="bottomright",
        attributionControl=False,
    )
    if view is not None:
        drawn.fit_bounds([(view.south, view.west), (view.north, view.east)], max_zoom=16)
    drawn.add_child(HandOver())
    figure: Any = drawn.get_root()
    figure.render()
    for child in figure.header._children.values():  # noqa: SLF001 (folium offers no other way)
        if isinstance(child, Link):
            child.url = asset(child.url)
    header = _VIEWPORT.sub("", figure.header.render())
    return Fragments(
        _BARE_TAG.sub(rf'<\1 nonce="{NONCE}">', header),
        figure.html.render(),
        figure.script.render(),
    )


def _middle(view: Box) -> tuple[float, float]:
    return (view.south + view.north) / 2, (view.west + view.east) / 2
