"""The public picture as it is kept: areas, what was told, and the files that web servers hand out.

A set of files is written in one transaction and read by one statement, so nobody gets half of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy.dialects import postgresql

from dispatch.domain.told import AreaMemory, PublicArea, ToldCount
from dispatch.store.tables.public import public_areas, public_file, public_picture

_NUMBER = text("SELECT number, written_at FROM public_picture")
_SET = text(
    """
    SELECT picture.number, picture.made_at, picture.written_at, file.name, file.body, file.digest
    FROM public_picture AS picture CROSS JOIN public_file AS file ORDER BY file.name
    """
)


@dataclass(frozen=True, slots=True)
class PublicFile:
    """A file of the set: gzip, and the digest of what is packed in it."""

    body: bytes
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAreas:
    """The areas of the map, what they were made from, and the ground under them as GeoJSON."""

    made_from: str
    areas: tuple[PublicArea, ...]
    ground: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSet:
    """Everything that is shown, made at one moment; `written_at` is by the machine's own clock."""

    number: int
    made_at: datetime
    written_at: datetime
    files: Mapping[str, PublicFile]


def find_areas(connection: Connection) -> KeptAreas | None:
    """The areas that stand; None before they were made."""
    t = public_areas.c
    row = connection.execute(select(t.made_from, t.areas, t.ground)).one_or_none()
    if row is None:
        return None
    return KeptAreas(
        made_from=row.made_from,
        areas=tuple(_area(each) for each in row.areas),
        ground=row.ground,
    )


def keep_areas(connection: Connection, kept: KeptAreas, now: datetime) -> None:
    """Put these areas in the place of those before."""
    connection.execute(delete(public_areas))
    written = [
        {
            "id": each.id,
            "name": each.name,
            "district": each.district,
            "cells": sorted(each.cells),
        }
        for each in kept.areas
    ]
    connection.execute(
        insert(public_areas).values(
            made_from=kept.made_from, areas=written, ground=kept.ground, made_at=now
        )
    )


def read_memory(connection: Connection) -> Mapping[str, AreaMemory]:
    """What the last picture told, by area; empty before the first."""
    kept = connection.scalar(select(public_picture.c.memory)) or {}
    return {
        area: AreaMemory(
            told=_told(each["told"]),
            causes=tuple((key, _told(told)) for key, told in each["causes"]),
        )
        for area, each in kept.items()
    }


def write_picture(
    connection: Connection,
    memory: Mapping[str, AreaMemory],
    files: Mapping[str, PublicFile],
    *,
    made_at: datetime,
    written_at: datetime,
) -> None:
    """Replace the picture and all of its files."""
    values = {
        "memory": {area: _written(each) for area, each in memory.items()},
        "made_at": made_at,
        "written_at": written_at,
    }
    connection.execute(
        postgresql.insert(public_picture)
        .values(number=1, **values)
        .on_conflict_do_update(
            index_elements=[public_picture.c.single],
            set_={**values, "number": public_picture.c.number + 1},
        )
    )
    connection.execute(delete(public_file))
    connection.execute(
        insert(public_file),
        [{"name": n, "body": f.body, "digest": f.digest} for n, f in sorted(files.items())],
    )


def find_number(connection: Connection) -> int | None:
    """The number of the set that stands; None before the first."""
    row = connection.execute(_NUMBER).one_or_none()
    return None if row is None else int(row.number)


def find_set(connection: Connection) -> PublicSet | None:
    """The whole set by one statement; None before the first."""
    rows = connection.execute(_SET).all()
    if not rows:
        return None
    return PublicSet(
        number=rows[0].number,
        made_at=rows[0].made_at,
        written_at=rows[0].written_at,
        files={row.name: PublicFile(bytes(row.body), row.digest) for row in rows},
    )


def _area(written: Mapping[str, object]) -> PublicArea:
    cells = written["cells"]
    assert isinstance(cells, list)
    return PublicArea(
        id=str(written["id"]),
        name=str(written["name"]),
        district=str(written["district"]),
        cells=frozenset((int(c), int(r)) for c, r in cells),
    )


def _told(written: Mapping[str, object]) -> ToldCount:
    number = written["number"]
    return ToldCount(
        number=None if number is None else int(str(number)),
        behind=int(str(written["behind"])),
        since=datetime.fromisoformat(str(written["since"])),
    )


def _written(memory: AreaMemory) -> dict[str, object]:
    return {
        "told": _as_json(memory.told),
        "causes": [[key, _as_json(told)] for key, told in memory.causes],
    }


def _as_json(told: ToldCount) -> dict[str, object]:
    return {"number": told.number, "behind": told.behind, "since": told.since.isoformat()}
