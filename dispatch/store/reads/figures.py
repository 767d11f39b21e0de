"""How the promises stand and what the interruptions add up to."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from dispatch.indices import Interrupted
from dispatch.store.reads.visible import listed, visible


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentStanding:
    """One rule in one area class over a period, by the clocks that started in it.

    `mean_minutes` is over the clocks that stopped on evidence, to the latest moment of each, so
    it never flatters; `headroom_minutes` is what the average may still grow by. Void clocks are
    left out everywhere.
    """

    rule_id: str
    area_class: str
    clocks: int
    kept: int
    missed: int
    cannot_say: int
    running: int
    target_minutes: float
    mean_minutes: float | None
    headroom_minutes: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """An entry of the journal as the live stream sends it."""

    id: int
    stream: str
    seq: int
    kind: str
    at: datetime
    recorded_at: datetime
    actor: str
    district_id: str | None
    body: dict[str, object]


_COMMITMENTS = text(
    f"""
    WITH judged AS (
        SELECT rule_id, area_class, verdict,
            extract(epoch FROM due_at - started_at) / 60.0 AS target,
            extract(epoch FROM stopped_latest - started_at) / 60.0 AS took
        FROM clock
        WHERE verdict <> 'void' AND started_at >= :since AND started_at < :until
            AND {visible("clock")}
    )
    SELECT rule_id, area_class, count(*) AS clocks,
        count(*) FILTER (WHERE verdict = 'kept') AS kept,
        count(*) FILTER (WHERE verdict = 'missed') AS missed,
        count(*) FILTER (WHERE verdict = 'cannot_say') AS cannot_say,
        count(*) FILTER (WHERE verdict = 'running') AS running,
        CAST(avg(target) AS double precision) AS target_minutes,
        CAST(avg(took) AS double precision) AS mean_minutes,
        CAST(avg(target) - avg(took) AS double precision) AS headroom_minutes
    FROM judged GROUP BY rule_id, area_class ORDER BY rule_id, area_class
    """  # noqa: S608 (constants)
)
_BEGUN = text(
    f"""
    SELECT usage_point_id, lower(period) AS began, upper(period) AS ended
    FROM interruption
    WHERE period && tstzrange(CAST(:since AS timestamptz), CAST(:until AS timestamptz))
        AND lower(period) >= :since AND {visible("interruption")}
    ORDER BY usage_point_id, began
    """  # noqa: S608 (constants)
)
_EVENTS = text(
    f"""
    SELECT id, stream, seq, kind, at, recorded_at, actor, district_id, body
    FROM event WHERE id > :after AND {visible("event")}
    ORDER BY id LIMIT :most
    """  # noqa: S608 (constants)
)


def commitments(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
) -> list[CommitmentStanding]:
    """Count kept and missed promises of a period by rule and area class."""
    rows = connection.execute(
        _COMMITMENTS, {"districts": listed(districts), "since": since, "until": until}
    ).mappings()
    return [CommitmentStanding(**row) for row in rows]


def interruptions_begun(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
) -> Iterator[Interrupted]:
    """Read the interruptions that began in a period, whole, by usage point and beginning."""
    asked = {"districts": listed(districts), "since": since, "until": until}
    rows = connection.execute(_BEGUN, asked, execution_options={"yield_per": 10_000})
    return (Interrupted(*row) for row in rows)


def events_after(
    connection: Connection,
    event_id: int,
    districts: Collection[str] | None,
    *,
    most: int = 500,
) -> list[JournalEntry]:
    """List journal entries after one, in order; numbers are taken before a transaction commits.

    An entry with a smaller number may therefore appear a moment later than one with a greater:
    who must miss nothing reads again from a little before the last number it saw.
    """
    rows = connection.execute(
        _EVENTS, {"after": event_id, "districts": listed(districts), "most": most}
    ).mappings()
    return [JournalEntry(**row) for row in rows]
