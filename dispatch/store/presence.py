"""Which dispatcher has what open: kept for a moment, told over the live stream, never recorded."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from dispatch.store.events import whisper
from dispatch.store.reads.visible import listed, visible

HOLDS = timedelta(seconds=45)
"""How long it holds; an open page says it again every fifteen seconds."""

FORGOTTEN = timedelta(hours=1)

_BEFORE = text("SELECT thing, district_id FROM presence WHERE tab = :tab AND name = :name")
_PUT = text(
    """
    INSERT INTO presence AS kept (tab, name, thing, district_id, seen_at)
    VALUES (:tab, :name, :thing, :district_id, :now)
    ON CONFLICT (tab) DO UPDATE SET thing = excluded.thing,
        district_id = excluded.district_id, seen_at = excluded.seen_at
    WHERE kept.name = excluded.name
    """
)
_LEAVE = text("DELETE FROM presence WHERE tab = :tab AND name = :name OR seen_at < :forgotten")
_OTHERS = text(
    f"""
    SELECT name, thing, max(seen_at) AS seen_at FROM presence
    WHERE name <> :name AND seen_at > :since AND {visible("presence")}
    GROUP BY name, thing ORDER BY thing, name
    """  # noqa: S608 (constants)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """Somebody has something open; `thing` is a row of the list, such as `outage-17`."""

    name: str
    thing: str
    seen_at: datetime


def look(
    connection: Connection,
    *,
    tab: str,
    name: str,
    thing: str | None,
    district_id: str | None,
    now: datetime,
) -> None:
    """Keep what is open in a tab; None: nothing. Screens hear of it when it is something else."""
    asked = {"tab": tab, "name": name}
    before = connection.execute(_BEFORE, asked).one_or_none()
    if thing is None:
        connection.execute(_LEAVE, {**asked, "forgotten": now - FORGOTTEN})
    else:
        connection.execute(_PUT, {**asked, "thing": thing, "district_id": district_id, "now": now})
    if (None if before is None else before.thing) == thing:
        return
    told = {None if before is None else before.district_id, district_id}
    for district in sorted(told, key=str) if before else [district_id]:
        whisper(connection, "presence.moved", "presence:room", district)


def others(
    connection: Connection, districts: Collection[str] | None, *, name: str, now: datetime
) -> Sequence[Looking]:
    """What everybody but `name` has open in these districts."""
    asked = {"districts": listed(districts), "name": name, "since": now - HOLDS}
    return [Looking(**row) for row in connection.execute(_OTHERS, asked).mappings()]
