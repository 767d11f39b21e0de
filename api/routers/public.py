"""What the public is handed: the picture as bytes out of memory. Nothing here reads live tables."""

from datetime import UTC, datetime
from gzip import decompress

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from api.publishing import SHOWN, Held, Shelf, old
from api.settings import PublicSettings
from dispatch.errors import NotFound
from dispatch.picture import DEFAULT_POLICY
from maps.languages import preferred

router = APIRouter(include_in_schema=False)

KEPT = "public, max-age=30, stale-while-revalidate=30, stale-if-error=86400"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


def settings_of(request: Request) -> PublicSettings:
    """The settings of the public pages; `NotFound` for everything while the map is off."""
    settings: PublicSettings = request.app.state.public
    if not settings.public_map:
        raise NotFound("page", path=request.url.path)
    return settings


def held_of(request: Request) -> Held:
    """The set of files in memory; `NotFound` before a worker has made the first."""
    shelf: Shelf = request.app.state.shelf
    held = shelf.held()
    if held is None:
        raise NotFound("picture", path=request.url.path)
    return held


@router.get("/map")
def get_map(request: Request) -> RedirectResponse:
    """Lead to the page in the reader's language."""
    settings_of(request)
    language = preferred(None, request.headers.get("Accept-Language", ""))
    headers = {"Cache-Control": "public, max-age=300", "Vary": "Accept-Language"}
    return RedirectResponse(f"/map/{language}.html", status_code=302, headers=headers)


@router.get("/map/{name}")
def get_file(name: str, request: Request) -> Response:
    """A file of the picture, packed where the reader can unpack it; 304 where it is had."""
    settings_of(request)
    if name not in SHOWN:
        raise NotFound("page", path=request.url.path)
    held = held_of(request)
    age = datetime.now(UTC) - held.files.written_at
    found = held.files.files[
        old(name) if age > DEFAULT_POLICY.old_after and name.endswith(".html") else name
    ]
    tag = f'W/"{found.digest}"'
    headers = {
        "Cache-Control": KEPT,
        "ETag": tag,
        "Vary": "Accept-Encoding",
        "Content-Security-Policy": POLICY,
        "Last-Modified": f"{held.files.written_at:%a, %d %b %Y %H:%M:%S} GMT",
    }
    if tag in request.headers.get("If-None-Match", ""):
        return Response(status_code=304, headers=headers)
    packed = "gzip" in request.headers.get("Accept-Encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    body = found.body if packed else decompress(found.body)
    return Response(body, media_type=SHOWN[name], headers=headers)
