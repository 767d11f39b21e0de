"""How arrivals came against their promise: month by month, and how long each took."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from dispatch.store.reads.visible import OF_RULE, listed, visible

SLOT_MIN = 15
SLOTS = 16
"""The last slot holds everything longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOfRule:
    """The clocks of one rule that began in a local month, in one area class.

    `mean_minutes` and `target_minutes` are over the clocks that have a latest moment, `ended`.
    """

    month: date
    area_class: str
    judged: int
    kept: int
    missed: int
    ended: int
    mean_minutes: float | None
    target_minutes: float | None

    @property
    def kept_share(self) -> float | None:
        """The share of judged clocks that were kept; what nobody can say was not."""
        return self.kept / self.judged if self.judged else None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotOfRule:
    """How many clocks of an area class took from `slot * SLOT_MIN` minutes on, `SLOT_MIN` long."""

    area_class: str
    slot: int
    clocks: int


_MONTHS = text(
    f"""
    SELECT CAST(date_trunc('month', started_at AT TIME ZONE :zone) AS date) AS month, area_class,
        count(*) FILTER (WHERE verdict IN ('kept', 'missed', 'cannot_say')) AS judged,
        count(*) FILTER (WHERE verdict = 'kept') AS kept,
        count(*) FILTER (WHERE verdict = 'missed') AS missed,
        count(stopped_latest) AS ended,
        CAST(avg(date_part('epoch', stopped_latest - started_at)) / 60.0 AS double precision)
            AS mean_minutes,
        CAST(avg(date_part('epoch', due_at - started_at) - paused_s)
            FILTER (WHERE stopped_latest IS NOT NULL) / 60.0 AS double precision)
            AS target_minutes
    FROM clock
    WHERE {OF_RULE} AND verdict <> 'void'
        AND started_at >= :since AND started_at < :until AND {visible("clock")}
    GROUP BY month, area_class ORDER BY month, area_class
    """  # noqa: S608 (constants)
)
_SLOTS = text(
    f"""
    SELECT area_class,
        least(
            CAST(floor(date_part('epoch', stopped_latest - started_at) / 60.0 / {SLOT_MIN})
                AS integer),
            {SLOTS - 1}
        ) AS slot,
        count(*) AS clocks
    FROM clock
    WHERE {OF_RULE} AND verdict <> 'void' AND stopped_latest IS NOT NULL
        AND started_at >= :since AND started_at < :until AND {visible("clock")}
    GROUP BY area_class, slot ORDER BY area_class, slot
    """  # noqa: S608 (constants)
)


def months_of_rule(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    *,
    rule_id: str,
    zone: str,
) -> Sequence[MonthOfRule]:
    """Add the clocks of a rule up by local month and area class."""
    asked = {"districts": listed(districts), "since": since, "until": until, "zone": zone}
    rows = connection.execute(_MONTHS, {**asked, "rule_id": rule_id}).mappings()
    return [MonthOfRule(**row) for row in rows]


def slots_of_rule(
    connection: Connection,
    districts: Collection[str] | None,
    since: datetime,
    until: datetime,
    *,
    rule_id: str,
) -> Sequence[SlotOfRule]:
    """Count the clocks of a rule by how long they took to the latest moment, and area class."""
    asked = {"districts": listed(districts), "since": since, "until": until, "rule_id": rule_id}
    return [SlotOfRule(**row) for row in connection.execute(_SLOTS, asked).mappings()]
