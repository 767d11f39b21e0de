"""Versions of the driving speeds learned from tracks, which is in force, and the tracks."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

import numpy as np
from sqlalchemy import Connection, RowMapping, insert, select

from dispatch.domain.event import Event
from dispatch.errors import NotFound
from dispatch.store.direct import Direct
from dispatch.store.events import PgEvents
from dispatch.store.roads import tell_roads_changed
from dispatch.store.tables.learned import speeds_in_force, speeds_version
from gis.roads.learned import Learned
from gis.roads.matching import Track
from gis.roads.speeds import RoadClass

SHIPPED_SPEEDS = 1
"""The version's number that stands for the planned speeds."""

# A day of one device after another; doubted and mocked positions say nothing of speed.
_TRACKS = Direct(
    """
    SELECT crew_id, device, extract(epoch FROM fixed_at) AS at_s, lon, lat, accuracy_m
    FROM position_fix
    WHERE fixed_at >= :since AND fixed_at < :until AND doubts = 0 AND NOT mock
    ORDER BY crew_id, device, fixed_at
    """
)
_IN_FORCE = Direct("SELECT version, by FROM speeds_in_force ORDER BY id DESC LIMIT 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeedsVersion:
    """Speeds as they are kept: factors on the planned ones, from what, by whom.

    `zone` is the IANA zone of the hours.
    """

    version: int = 0
    made_at: datetime
    made_by: str
    reason: str
    since: datetime
    until: datetime
    zone: str
    runs: int
    learned: tuple[Learned, ...]


def read_tracks(connection: Connection, since: datetime, until: datetime) -> Iterator[Track]:
    """Read the tracks of a period, day by day, one for each device of each crew."""
    day = since
    while day < until:
        end = min(day + timedelta(days=1), until)
        rows = _TRACKS.rows(connection, {"since": day, "until": end})
        for _, fixes in groupby(rows, key=lambda row: (row["crew_id"], row["device"])):
            at_s, lon, lat, accuracy = zip(
                *((f["at_s"], f["lon"], f["lat"], f["accuracy_m"]) for f in fixes), strict=True
            )
            yield Track(*(np.array(column, float) for column in (at_s, lon, lat, accuracy)))
        day = end


def find_in_force(connection: Connection) -> SpeedsVersion | None:
    """The version driven by; None for the planned speeds."""
    row = _IN_FORCE.first(connection)
    return (
        None if row is None or row["version"] is None else get_version(connection, row["version"])
    )


def put_in_force_by(connection: Connection) -> str | None:
    """Who put into force what is driven by; None where nobody ever has."""
    row = _IN_FORCE.first(connection)
    return None if row is None else str(row["by"])


def get_version(connection: Connection, version: int) -> SpeedsVersion:
    """Read a version; `NotFound` if there is none."""
    query = select(speeds_version).where(speeds_version.c.version == version)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFound("version of the speeds", version=version)
    return _version(row)


def list_versions(connection: Connection) -> Sequence[SpeedsVersion]:
    """List every version, oldest first."""
    query = select(speeds_version).order_by(speeds_version.c.version)
    return [_version(row) for row in connection.execute(query).mappings()]


def keep_version(connection: Connection, made: SpeedsVersion) -> SpeedsVersion:
    """Keep a new version; it comes back with its number."""
    cells = [{**asdict(each), "road_class": int(each.road_class)} for each in made.learned]
    values = {**_values(made), "cells": cells}
    query = insert(speeds_version).values(**values).returning(speeds_version.c.version)
    kept = replace(made, version=connection.execute(query).scalar_one())
    _tell(connection, "kept", made.made_at, made.made_by, version=kept.version, runs=made.runs)
    return kept


def put_into_force(
    connection: Connection, version: int, *, by: str, reason: str, now: datetime
) -> None:
    """Drive by a version from now on, 1 for the planned speeds; every process hears of it.

    `NotFound` if there is none.
    """
    if version != SHIPPED_SPEEDS:
        get_version(connection, version)
    kept = None if version == SHIPPED_SPEEDS else version
    connection.execute(
        insert(speeds_in_force).values(version=kept, from_at=now, by=by, reason=reason)
    )
    _tell(connection, "applied", now, by, version=version, reason=reason)
    tell_roads_changed(connection)


def _tell(connection: Connection, kind: str, at: datetime, by: str, **body: object) -> None:
    events = PgEvents(connection)
    events.append(
        Event(stream="speeds", kind=f"speeds.{kind}", at=at, actor=by, district_id=None, body=body)
    )
    events.write()


def _values(made: SpeedsVersion) -> dict[str, object]:
    names = ("made_at", "made_by", "reason", "since", "until", "zone", "runs")
    return {name: getattr(made, name) for name in names}


def _version(row: RowMapping) -> SpeedsVersion:
    cells = [{**cell, "road_class": RoadClass(cell["road_class"])} for cell in row["cells"]]
    plain = {name: value for name, value in row.items() if name != "cells"}
    return SpeedsVersion(**plain, learned=tuple(Learned(**cell) for cell in cells))
