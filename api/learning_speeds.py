"""What `relight learn speeds` does and shows."""

import getpass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rich.console import Console
from sqlalchemy import Engine

from api.settings import FieldSettings
from api.speeds import (
    drive_by,
    keep_speeds,
    learn_from_tracks,
    speeds_table,
    versions_table,
)
from dispatch.errors import InvalidInput
from dispatch.store import speeds
from dispatch.store.transaction import reading

OVER = timedelta(weeks=4)
"""How far back is looked if nobody says: road works come and go."""


def out() -> Console:
    """The terminal as wide as it is now."""
    return Console(highlight=False)


def learn_and_show(
    engine: Engine, since: datetime | None, until: datetime | None, reason: str, *, keep: bool
) -> int | None:
    """Learn, print, and keep if asked; the version's number if it was kept."""
    end = until.replace(tzinfo=UTC) if until is not None else datetime.now(UTC)
    begin = since.replace(tzinfo=UTC) if since is not None else end - OVER
    if begin >= end:
        raise InvalidInput("since", begin.isoformat(), "a time before until")
    zone = ZoneInfo(FieldSettings().zone)
    learned = learn_from_tracks(engine, begin, end, zone)
    out().print(speeds_table(learned))
    if not keep:
        return None
    made = keep_speeds(
        engine,
        learned,
        (begin, end),
        zone,
        by=getpass.getuser(),
        reason=reason,
        now=datetime.now(UTC),
    )
    out().print(f"kept as version {made.version}")
    return made.version


def drive_by_version(engine: Engine, version: int, reason: str) -> None:
    """Drive by a version from now on, in every process."""
    drive_by(engine, version, by=getpass.getuser(), reason=reason, now=datetime.now(UTC))
    out().print(f"version {version} is in force")


def show_versions(engine: Engine) -> None:
    """List the versions, the one in force marked."""
    with reading(engine) as connection:
        versions, now = speeds.list_versions(connection), speeds.find_in_force(connection)
    out().print(versions_table(versions, speeds.SHIPPED_SPEEDS if now is None else now.version))
