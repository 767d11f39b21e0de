"""What makes the crew's screen work without a network: its worker, its frame, its manifest.

All of it is the same for everybody and holds nothing of anybody, so that nobody has to log in.
"""

import hashlib
import json
from collections.abc import Iterable
from functools import cache

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from api.routers.frame import language_of, page
from maps.assets import PREFIX, STATIC, asset
from maps.languages import LOCALES, marked
from maps.pages import TEMPLATES, Pages

router = APIRouter(include_in_schema=False)

WORKER = "js/crew-worker.js"
SCRIPTS = (
    *("check-in", "crew", "disk", "entries", "kept-orders", "live", "morphing"),
    *("on-the-job", "outbox", "page", "phone-theme", "photos", "sending", "steady"),
)
SHELL_FILES = (
    *(asset(name) for name in ("htmx.js", "idiomorph.js", "relight.css", "light.css", "crew.css")),
    *(asset(name) for name in ("icon.svg", "icon-192.png")),
    *(f"{PREFIX}/js/{name}.js" for name in SCRIPTS),
)
"""Everything that the empty frame loads; what is missing here is missing without a network."""


@router.get("/crew-worker.js")
def get_worker() -> Response:
    """The service worker, with the version and the files it keeps written above it."""
    source = (STATIC / WORKER).read_text("utf-8")
    files = json.dumps(SHELL_FILES)
    body = f'const VERSION = "{_version()}";\nconst FILES = {files};\n{source}'
    return Response(body, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@cache
def _version() -> str:
    """Of the files as they lie there: any change to one is another version."""
    named = [STATIC / name.removeprefix(f"{PREFIX}/") for name in SHELL_FILES]
    frame = [TEMPLATES / "base.html", TEMPLATES / "crew.html", *sorted(LOCALES.glob("*.po"))]
    return _digest(path.read_bytes() for path in (*named, *frame, STATIC / WORKER))


def _digest(parts: Iterable[bytes]) -> str:
    made = hashlib.sha256()
    for part in parts:
        made.update(hashlib.sha256(part).digest())
    return made.hexdigest()[:16]


@router.get("/crew/shell")
def get_shell(request: Request) -> HTMLResponse:
    """The frame of the crew's screen without any order; the phone fills it from what it keeps."""
    return page(request, "crew.html", caller=None, crew=None, path="/crew")


@router.get("/crew.webmanifest")
def get_manifest(request: Request) -> Response:
    """What a phone needs to know to put the screen beside its other programs."""
    pages: Pages = request.app.state.pages
    language = language_of(request)
    return JSONResponse(
        {
            "id": "/crew",
            "name": pages.say(language, marked("Relight orders")),
            "short_name": pages.say(language, marked("Orders")),
            "lang": language,
            "start_url": "/crew",
            "scope": "/crew",
            "display": "standalone",
            "orientation": "portrait",
            "background_color": "#ffffff",
            "theme_color": "#ffffff",
            "icons": [
                {"src": asset("icon.svg"), "sizes": "any", "type": "image/svg+xml"},
                {"src": asset("icon-192.png"), "sizes": "192x192", "type": "image/png"},
                {"src": asset("icon-512.png"), "sizes": "512x512", "type": "image/png"},
            ],
        },
        media_type="application/manifest+json",
        headers={"Cache-Control": "no-cache", "Vary": "Cookie, Accept-Language"},
    )
