"""Warnings of clocks that somebody still has to take note of, or has."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from dispatch.domain.rules import Recipient
from dispatch.domain.warning import ClockWarning
from dispatch.store.direct import Row
from dispatch.store.reads.place_names import WHERE
from dispatch.store.reads.visible import listed, visible
from dispatch.store.warnings import warning_from_row

_SENT = f"""
    FROM clock_warning AS warning
    JOIN clock ON clock.id = warning.clock_id
    WHERE warning.sent_at >= :since AND {visible("warning")}
        AND (CAST(:to AS text) IS NULL OR :to = ANY(warning."to"))
"""
_WITH_WHAT = f"""
    SELECT chosen.*, {WHERE} AS place, outage.id AS outage_id, incident.id AS incident_id
    FROM chosen
    LEFT JOIN trouble_order AS sent ON sent.id = chosen.order_id
    LEFT JOIN incident ON incident.id = coalesce(sent.incident_id, (
        SELECT own.id FROM incident AS own
        WHERE own.ticket_id = chosen.ticket_id AND own.status = 'open'
    ))
    LEFT JOIN ticket ON ticket.id = coalesce(chosen.ticket_id, incident.ticket_id)
    LEFT JOIN outage ON outage.id = coalesce(ticket.outage_id, sent.outage_id)
"""  # noqa: S608 (constants)
_GRAVEST_FIRST = "overdue DESC, level DESC, sent_at DESC, id DESC"

_OPEN = text(
    f"""
    WITH gravest AS (
        SELECT DISTINCT ON (warning.clock_id) warning.*, clock.verdict
        {_SENT} AND warning.acknowledged_at IS NULL AND clock.verdict = 'running'
        ORDER BY warning.clock_id, warning.level DESC
    ), chosen AS (
        SELECT gravest.*, count(*) OVER () AS clocks,
            count(*) FILTER (WHERE overdue) OVER () AS late
        FROM gravest ORDER BY {_GRAVEST_FIRST} LIMIT :limit
    )
    {_WITH_WHAT} ORDER BY {_GRAVEST_FIRST}
    """  # noqa: S608 (constants)
)
_ALL = text(
    f"""
    WITH chosen AS (
        SELECT warning.*, clock.verdict {_SENT} ORDER BY {_GRAVEST_FIRST} LIMIT :limit
    )
    {_WITH_WHAT} ORDER BY {_GRAVEST_FIRST}
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """A warning with what it is about and where; `verdict` is how the clock stands by now."""

    warning: ClockWarning
    place: str
    outage_id: int | None
    incident_id: int | None
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenWarnings:
    """What is to be taken note of: one warning a clock, its gravest.

    `over` and `soon` count all such clocks, also those that a limit kept off the list.
    """

    listed: list[Alarm]
    over: int
    soon: int

    @property
    def in_all(self) -> int:
        """How many clocks wait for somebody."""
        return self.over + self.soon


def open_warnings(
    connection: Connection,
    districts: Collection[str] | None,
    *,
    since: datetime,
    to: Recipient | None = None,
    limit: int | None = 200,
) -> OpenWarnings:
    """List the gravest warning of each clock that nobody has acknowledged, the worst first.

    Only of clocks that still run: once a promise is judged, the ledger speaks.
    """
    asked = _asked(districts, since, to, limit)
    rows = connection.execute(_OPEN, asked).mappings().all()
    over, clocks = (rows[0]["late"], rows[0]["clocks"]) if rows else (0, 0)
    return OpenWarnings(listed=[_alarm(row) for row in rows], over=over, soon=clocks - over)


def warnings_sent(
    connection: Connection,
    districts: Collection[str] | None,
    *,
    since: datetime,
    to: Recipient | None = None,
    limit: int | None = 200,
) -> list[Alarm]:
    """List every warning, acknowledged or not, the worst first."""
    rows = connection.execute(_ALL, _asked(districts, since, to, limit)).mappings()
    return [_alarm(row) for row in rows]


def _asked(
    districts: Collection[str] | None, since: datetime, to: Recipient | None, limit: int | None
) -> dict[str, object]:
    to_whom = None if to is None else to.value
    return {"districts": listed(districts), "since": since, "to": to_whom, "limit": limit}


def _alarm(row: Row) -> Alarm:
    besides = ("place", "outage_id", "incident_id", "verdict")
    counts = ("late", "clocks")
    return Alarm(
        warning=warning_from_row({k: v for k, v in row.items() if k not in besides + counts}),
        **{name: row[name] for name in besides},
    )
