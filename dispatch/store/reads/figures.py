"""How the promises stand and what the interruptions add up to."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, TextClause, text

from dispatch.indices import Interrupted
from dispatch.store.reads.lasting import PERIODS
from dispatch.store.reads.visible import listed, visible


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentStanding:
    """One rule in one area class over a period, by the clocks that started in it.

    Void clocks are left out everywhere, and clocks that run count in `clocks` and `running` only.

    Attributes
    ----------
    district_id
        None where districts are taken together.
    unproven
        Judged without an end of the interval, such as on the button alone; in no worst average.
    mean_minutes, best_minutes
        To the latest moment of each interval, which never flatters, and to the earliest; pauses
        count as time.
    net_minutes
        As `mean_minutes`, without the time that clocks stood still.
    saved_minutes
        What the target gave and was not used, over the clocks in `mean_minutes`, which are `ended`.
    headroom_minutes
        The same for each of them: by so much may the average still grow.
    kept_without_pauses
        How many would have been kept had no clock stood still.
    rules_version
        The newest rule set that one of the clocks goes by.
    """

    rule_id: str
    area_class: str
    district_id: str | None = None
    clocks: int
    kept: int
    missed: int
    cannot_say: int
    running: int
    ended: int
    unproven: int
    kept_without_pauses: int
    rejudged: int
    target_minutes: float
    mean_minutes: float | None
    best_minutes: float | None
    net_minutes: float | None
    paused_minutes: float
    saved_minutes: float
    headroom_minutes: float | None
    rules_version: int

    @property
    def judged(self) -> int:
        """How many clocks have a verdict, be it that nobody can say."""
        return self.kept + self.missed + self.cannot_say

    @property
    def kept_share(self) -> float | None:
        """The share of judged clocks that were kept; what nobody can say was not."""
        return self.kept / self.judged if self.judged else None


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


def _commitments(district: str) -> TextClause:
    """The standing of each rule and area class, in each `district` (an expression)."""
    return text(
        f"""
        WITH judged AS (
            SELECT rule_id, rule_version, area_class, verdict, without_pauses, judgements, paused_s,
                {district} AS district_id,
                (date_part('epoch', due_at - started_at) - paused_s) / 60.0 AS target,
                date_part('epoch', stopped_latest - started_at) / 60.0 AS took,
                date_part('epoch', coalesce(stopped_earliest, stopped_latest) - started_at) / 60.0
                    AS at_best
            FROM clock
            WHERE verdict <> 'void' AND started_at >= :since AND started_at < :until
                AND {visible("clock")}
        )
        SELECT rule_id, area_class, district_id, count(*) AS clocks,
            count(*) FILTER (WHERE verdict = 'kept') AS kept,
            count(*) FILTER (WHERE verdict = 'missed') AS missed,
            count(*) FILTER (WHERE verdict = 'cannot_say') AS cannot_say,
            count(*) FILTER (WHERE verdict = 'running') AS running,
            count(took) AS ended,
            count(*) FILTER (WHERE verdict <> 'running' AND took IS NULL) AS unproven,
            count(*) FILTER (WHERE coalesce(without_pauses, verdict) = 'kept')
                AS kept_without_pauses,
            count(*) FILTER (WHERE judgements > 1) AS rejudged,
            CAST(avg(target) AS double precision) AS target_minutes,
            CAST(avg(took) AS double precision) AS mean_minutes,
            CAST(avg(at_best) AS double precision) AS best_minutes,
            CAST(avg(took - paused_s / 60.0) AS double precision) AS net_minutes,
            CAST(sum(paused_s) / 60.0 AS double precision) AS paused_minutes,
            CAST(coalesce(sum(target - took), 0) AS double precision) AS saved_minutes,
            CAST(avg(target - took) AS double precision) AS headroom_minutes,
            max(rule_version) AS rules_version
        FROM judged GROUP BY rule_id, area_class, district_id
        ORDER BY rule_id, area_class, district_id
        """  # noqa: S608 (constants)
    )


_COMMITMENTS = _commitments("CAST(NULL AS text)")
_BY_DISTRICT = _commitments("clock.district_id")
_BEGUN = text(
    f"""
    WITH {PERIODS}
    SELECT usage_point_id, lower(period) AS began, coalesce(upper(period), :now) AS ended,
        upper_inf(period) AS lasts
    FROM periods
    WHERE period && tstzrange(CAST(:since AS timestamptz), CAST(:until AS timestamptz))
        AND lower(period) >= :since AND {visible("periods")}
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
    *,
    by_district: bool = False,
) -> list[CommitmentStanding]:
    """Count kept and missed promises of a period by rule and area class, and by district."""
    rows = connection.execute(
        _BY_DISTRICT if by_district else _COMMITMENTS,
        {"districts": listed(districts), "since": since, "until": until},
    ).mappings()
    return [CommitmentStanding(**row) for row in rows]


def interruptions_begun(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    now: datetime,
) -> Iterator[Interrupted]:
    """Read the interruptions that began in a period, whole, by usage point and beginning.

    Those that go on at `now` are given until then.
    """
    asked = {"districts": listed(districts), "since": since, "until": until, "now": now}
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
