"""The public picture as files in a folder: one whole set after another, switched by one rename."""

import gzip
import os
import shutil
from datetime import datetime
from pathlib import Path

from api.publishing import SHOWN, old
from dispatch.picture import DEFAULT_POLICY
from dispatch.store.public import PublicSet
from maps.assets import SHIPPED, STATIC
from maps.languages import NAMES, Language

CURRENT = "current"
KEPT_SETS = 3
"""Readers of the last sets may still be at it."""
ASSETS = ("leaflet.js", "leaflet.css", "public.js", "public.css", "icon.svg")

_INDEX = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=/map/{first}.html">
<title>{names}</title></head><body>{links}</body></html>
"""


def lay_out(found: PublicSet, folder: Path, *, now: datetime) -> Path:
    """Write a set beside the others and make `current` lead to it; where it was written.

    Each file stands plain and as `.gz`, for servers that hand out packed files as they are. A set
    that is old is written as the one that says so.
    """
    is_old = now - found.written_at > DEFAULT_POLICY.old_after
    folder.mkdir(parents=True, exist_ok=True)
    made = f"{found.written_at:%Y%m%dT%H%M%S}-{found.number}"
    target = folder / f"set-{made}{'-old' if is_old else ''}"
    if not target.is_dir():
        growing = folder / f".{target.name}-{os.getpid()}"
        shutil.rmtree(growing, ignore_errors=True)
        _write(found, growing, is_old=is_old)
        growing.rename(target)
    _point(folder / CURRENT, target)
    for earlier in sorted(folder.glob("set-*"), key=lambda each: each.stat().st_mtime)[:-KEPT_SETS]:
        if earlier != target:
            shutil.rmtree(earlier, ignore_errors=True)
    return target


def _write(found: PublicSet, folder: Path, *, is_old: bool) -> None:
    (folder / "map").mkdir(parents=True)
    for name in SHOWN:
        kept = old(name) if is_old and name.endswith(".html") else name
        body = found.files[kept].body
        (folder / "map" / f"{name}.gz").write_bytes(body)
        (folder / "map" / name).write_bytes(gzip.decompress(body))
    for asset in ASSETS:
        path = folder / "static" / SHIPPED[asset]
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(STATIC / SHIPPED[asset], path)
    links = " ".join(f'<a href="/map/{code}.html">{name}</a>' for code, name in NAMES.items())
    index = _INDEX.format(first=Language.ZH, names=" · ".join(NAMES.values()), links=links)
    (folder / "index.html").write_text(index, "utf-8")


def _point(link: Path, target: Path) -> None:
    """Make a link lead somewhere else in one step."""
    fresh = link.with_name(f".{link.name}-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.name)
    fresh.replace(link)
