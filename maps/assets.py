"""Every script, style and picture that a screen may load; all of them are files of ours."""

from collections.abc import Mapping
from functools import cache
from hashlib import sha256
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
    "light.css": "css/light.css",
    "board.css": "css/board.css",
    "paper.css": "css/paper.css",
    "reports.css": "css/reports.css",
    "film.css": "css/film.css",
    "film.js": "js/film.js",
    "crew.css": "css/crew.css",
    "photos.css": "css/photos.css",
    "lending.css": "css/lending.css",
    "trackers.css": "css/trackers.css",
    "trackers.js": "js/trackers.js",
    "icon.svg": "icon.svg",
    "icon-192.png": "icon-192.png",
    "icon-512.png": "icon-512.png",
    "morphing.js": "js/morphing.js",
    "page.js": "js/page.js",
    "map.css": "css/map.css",
    "console.js": "js/console.js",
    "room.css": "css/room.css",
    "access.js": "js/access.js",
    "desk.js": "js/desk.js",
    "desk.css": "css/desk.css",
    "crew.js": "js/crew.js",
    "phone-theme.js": "js/phone-theme.js",
    "board.js": "js/board.js",
    "learning.js": "js/learning.js",
    "commitments.js": "js/commitments.js",
    "public.js": "js/public.js",
    "public.css": "css/public.css",
}
"""Name to file; a name that is not here is a KeyError, never a call to another host."""


def asset(name: str) -> str:
    """The address of a shipped file on this server; KeyError for one that nobody ships."""
    return f"{PREFIX}/{SHIPPED[name]}"


@cache
def edition() -> str:
    """A word that changes with our scripts and styles: who shows an older one loads anew."""
    read = sha256()
    for folder in ("js", "css"):
        for path in sorted((STATIC / folder).iterdir()):
            read.update(path.read_bytes())
    return read.hexdigest()[:16]
