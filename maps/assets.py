"""Every script, style and picture that a screen may load; all of them are files of ours."""

from collections.abc import Mapping
from pathlib import Path

STATIC = Path(__file__).with_name("static")
PREFIX = "/static"

SHIPPED: Mapping[str, str] = {
    "leaflet.js": "vendor/leaflet.js",
    "leaflet.css": "vendor/leaflet.css",
    "protomaps-leaflet.js": "vendor/protomaps-leaflet.js",
    "htmx.js": "vendor/htmx.min.js",
    "idiomorph.js": "vendor/idiomorph-ext.min.js",
    "relight.css": "css/relight.css",
    "icon.svg": "icon.svg",
    "morphing.js": "js/morphing.js",
    "page.js": "js/page.js",
    "console.js": "js/console.js",
    "desk.js": "js/desk.js",
    "crew.js": "js/crew.js",
    "learning.js": "js/learning.js",
}
"""Name to file; a name that is not here is a KeyError, never a call to another host."""


def asset(name: str) -> str:
    """The address of a shipped file on this server; KeyError for one that nobody ships."""
    return f"{PREFIX}/{SHIPPED[name]}"
