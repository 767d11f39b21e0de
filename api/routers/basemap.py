"""The base map's one file, read in pieces."""

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from api.basemap import Basemap
from dispatch.errors import NotFound

router = APIRouter(include_in_schema=False)

YEAR_S = 365 * 86_400


@router.get("/basemap/{stamp}.pmtiles")
def get_basemap(stamp: str, request: Request) -> FileResponse:
    """Answer with a range of the file; the address names its version, so a browser may keep it."""
    drawn: Basemap = request.app.state.basemap
    if drawn.file is None or not drawn.file.is_file():
        raise NotFound("basemap", stamp=stamp)
    current = f"{drawn.file.stat().st_mtime_ns:x}" == stamp
    keep = f"private, max-age={YEAR_S}, immutable" if current else "no-store"
    return FileResponse(
        drawn.file, media_type="application/vnd.pmtiles", headers={"Cache-Control": keep}
    )
