"""Positions by day: a partition for each UTC day, so that old ones can be dropped at once."""

from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, delete, text

from dispatch.store.tables.positions import crew_position, device_position

_PREFIX = "position_fix_"
_OTHER_DAYS = "position_fix_other_days"


def ensure_fix_partitions(
    connection: Connection, around: datetime, *, back: int = 1, ahead: int = 7
) -> list[str]:
    """Make the partitions from `back` days before `around` to `ahead` after; those that were made.

    Fixes of such a day that came in before are moved from the partition of all other days, which
    is locked meanwhile.
    """
    first = around.astimezone(UTC).date() - timedelta(days=back)
    days = [first + timedelta(days=n) for n in range(back + ahead + 1)]
    missing = [day for day in days if not _exists(connection, day)]
    for day in missing:
        _make(connection, day)
    return [_name(day) for day in missing]


def drop_fix_partitions(connection: Connection, before: datetime) -> list[str]:
    """Drop the partitions of days that ended by `before`, and older fixes; those dropped.

    A fix of a wrong date goes by the time it was received. Where a crew or a device was last seen
    is forgotten with it.
    """
    limit = before.astimezone(UTC).date()
    names = connection.scalars(
        text(
            "SELECT inhrelid::regclass::text FROM pg_inherits"
            " WHERE inhparent = 'position_fix'::regclass"
        )
    )
    old = sorted(name for name in names if name != _OTHER_DAYS and _day(name) < limit)
    for name in old:
        connection.execute(text(f"DROP TABLE {name}"))
    connection.execute(
        text(
            f"DELETE FROM {_OTHER_DAYS}"  # noqa: S608 (a constant)
            " WHERE fixed_at < :limit OR received_at < :limit"
        ),
        {"limit": datetime.combine(limit, time(), UTC)},
    )
    for last in (crew_position, device_position):
        connection.execute(
            delete(last).where(last.c.received_at < datetime.combine(limit, time(), UTC))
        )
    return old


def _make(connection: Connection, day: date) -> None:
    name = _name(day)
    start = datetime.combine(day, time(), UTC)
    span = {"start": start, "end": start + timedelta(days=1)}
    connection.execute(text(f"LOCK TABLE {_OTHER_DAYS} IN ACCESS EXCLUSIVE MODE"))
    connection.execute(text(f"CREATE TABLE {name} (LIKE position_fix INCLUDING ALL)"))
    connection.execute(
        text(
            f"WITH moved AS (DELETE FROM {_OTHER_DAYS}"  # noqa: S608 (made from a date)
            " WHERE fixed_at >= :start AND fixed_at < :end RETURNING *)"
            f" INSERT INTO {name} SELECT * FROM moved"
        ),
        span,
    )
    connection.execute(
        text(
            f"ALTER TABLE position_fix ATTACH PARTITION {name}"
            f" FOR VALUES FROM ('{span['start'].isoformat()}') TO ('{span['end'].isoformat()}')"
        )
    )


def _exists(connection: Connection, day: date) -> bool:
    return connection.scalar(text("SELECT to_regclass(:name)"), {"name": _name(day)}) is not None


def _name(day: date) -> str:
    return f"{_PREFIX}{day:%Y%m%d}"


def _day(name: str) -> date:
    return datetime.strptime(name.removeprefix(_PREFIX), "%Y%m%d").replace(tzinfo=UTC).date()
