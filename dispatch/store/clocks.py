"""Clocks that run, the times they stood still, and how they were judged."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, text, update

from dispatch.domain.clock import Clock, Judgement, Pause, RuleSet, StartsAt, Verdict
from dispatch.domain.month import MonthSoFar
from dispatch.domain.words import AreaClass, DistrictId, OrderId, TicketId
from dispatch.errors import NotFound
from dispatch.store.direct import DIALECT, Direct, Row
from dispatch.store.reads.figures import CommitmentStanding, commitments
from dispatch.store.rules import PgRules
from dispatch.store.tables.clocks import clock as t
from dispatch.store.tables.clocks import clock_pause, judgement

_NEW = tuple(column for column in t.c if column.name != "id")
_START = Direct(
    f"""
    INSERT INTO clock ({", ".join(c.name for c in _NEW)})
    SELECT {", ".join(c.name for c in _NEW)}
    FROM jsonb_to_recordset(CAST(:clocks AS jsonb))
        AS given ({", ".join(f"{c.name} {c.type.compile(DIALECT)}" for c in _NEW)})
    ON CONFLICT DO NOTHING
    RETURNING *
    """  # noqa: S608 (names of columns)
)
_JUDGED = tuple(judgement.c)
_KEEP = Direct(
    f"""
    INSERT INTO judgement ({", ".join(f'"{c.name}"' for c in _JUDGED)})
    SELECT {", ".join(f'"{c.name}"' for c in _JUDGED)}
    FROM jsonb_to_recordset(CAST(:judgements AS jsonb))
        AS given ({", ".join(f'"{c.name}" {c.type.compile(DIALECT)}' for c in _JUDGED)})
    """  # noqa: S608 (names of columns)
)
_UNSETTLED = t.c.verdict.in_([Verdict.RUNNING.value, Verdict.CANNOT_SAY.value])
_CHANGES = (
    *("rule_version", "override_id", "started_at", "due_at", "warned", "next_level_at"),
    *("paused_s", "paused_since", "verdict", "without_pauses", "stopped_earliest"),
    *("stopped_latest", "judged_at", "judged_by", "judgements", "maybe_met_at"),
)
_SAVE = (
    update(t)
    .where(t.c.id == bindparam("of_id"))
    .values({column: bindparam(column) for column in _CHANGES})
)
# Each worker takes other clocks; one that dies gives back what it took, warned or not.
_DUE_WARNING = text(
    """
    SELECT * FROM clock
    WHERE verdict = 'running' AND paused_since IS NULL AND next_level_at <= :now
    ORDER BY next_level_at, id LIMIT :limit
    FOR NO KEY UPDATE SKIP LOCKED
    """
)
# How long at the longest says the rule set that the clock runs by. Those that may stand on are not
# taken, however many they are: they would keep the others from being looked at.
_OVERDUE_PAUSES = text(
    """
    SELECT clock.* FROM clock
    JOIN clock_pause AS still ON still.clock_id = clock.id AND upper_inf(still.period)
    JOIN rule_set ON rule_set.version = clock.rule_version
    CROSS JOIN LATERAL jsonb_array_elements(rule_set.pauses) AS allowed
    WHERE clock.paused_since IS NOT NULL AND clock.verdict = 'running'
        AND allowed ->> 'id' = still.reason
        AND clock.paused_since + make_interval(
            secs => 60 * CAST(allowed ->> 'longest_min' AS double precision)
        ) <= :now
    ORDER BY clock.paused_since, clock.id LIMIT :limit
    FOR NO KEY UPDATE OF clock SKIP LOCKED
    """
)
# `coalesce` keeps the plan off the index of running clocks, as in `dispatch.store.known`.
_SPOKEN_FOR = Direct(
    """
    SELECT EXISTS (
        SELECT FROM ticket AS own
        JOIN ticket AS other ON other.outage_id = own.outage_id AND other.id <> own.id
        JOIN clock AS sooner ON sooner.ticket_id = other.id AND sooner.rule_id = :rule_id
        WHERE own.id = :ticket_id AND own.disposition <> 'incident'
            AND other.disposition <> 'incident'
            AND coalesce(sooner.verdict, '') = 'running' AND sooner.paused_since IS NULL
            AND (sooner.due_at, sooner.id) < (CAST(:due_at AS timestamptz), CAST(:id AS bigint))
    )
    """
)
_OF_TICKET = Direct(
    select(t).where(t.c.ticket_id == bindparam("ticket_id")).order_by(t.c.due_at, t.c.id)
)
_PAUSES = text(
    """
    SELECT id, clock_id, reason, lower(period) AS since, upper(period) AS until, by, recorded_at,
        note, evidence, ended_by
    FROM clock_pause WHERE clock_id = ANY(:clocks) ORDER BY clock_id, period
    """
)
# However it comes about that a pause ends when it began, it has lasted a second.
_END_PAUSES = text(
    """
    UPDATE clock_pause
    SET period = tstzrange(lower(period), greatest(:at, lower(period) + interval '1 second')),
        ended_by = :by
    WHERE clock_id = ANY(:clocks) AND upper_inf(period)
    """
)


MONTH_KEPT_FOR = timedelta(minutes=10)
"""The clocks of a month are added up this often at most, in each process."""


@dataclass(slots=True)
class Months:
    """What a process knows of this month, in the company's time zone, and as of when."""

    zone: str = "UTC"
    as_of: datetime | None = None
    standings: Sequence[CommitmentStanding] = ()

    def is_good(self, now: datetime) -> bool:
        """Whether it is of this month, and not too old."""
        if self.as_of is None or not timedelta() <= now - self.as_of < MONTH_KEPT_FOR:
            return False
        return month_began(self.zone, self.as_of) == month_began(self.zone, now)


def month_began(zone: str, now: datetime) -> datetime:
    """When the month of a moment began in an IANA time zone."""
    here = now.astimezone(ZoneInfo(zone))
    return here.replace(day=1, hour=0, minute=0, second=0, microsecond=0)


class PgClocks:
    """Reads and writes clocks on one connection."""

    def __init__(self, connection: Connection, months: "Months | None" = None) -> None:
        self._connection = connection
        self._months = Months() if months is None else months
        self._rules = PgRules(connection)
        self._read: dict[int, RuleSet] = {}

    def month_so_far(self, rule_id: str, now: datetime) -> Mapping[AreaClass, MonthSoFar]:
        """How a rule stands this month in the whole company, ten minutes old at most."""
        held = self._months
        if not held.is_good(now):
            held.standings = commitments(self._connection, None, month_began(held.zone, now), now)
            held.as_of = now
        return {
            AreaClass(each.area_class): MonthSoFar(
                ended=each.ended,
                target_minutes=each.target_minutes,
                saved_minutes=each.saved_minutes,
                judged=each.judged,
                kept=each.kept,
            )
            for each in held.standings
            if each.rule_id == rule_id
        }

    def rules_at(self, at: datetime) -> RuleSet:
        """Read the rules in force at a moment; `NotFound` if none were installed."""
        return self._rules.at(at)

    def get_rules(self, version: int) -> RuleSet:
        """Read a set of rules by its version, once in a transaction."""
        if version not in self._read:
            self._read[version] = self._rules.get(version).rules
        return self._read[version]

    def start(self, clocks: Sequence[Clock]) -> Sequence[Clock]:
        """Start clocks; one that runs or ran already is left alone. Those that were started."""
        if not clocks:
            return ()
        rows = [_to_row(clock) for clock in clocks]
        started = _START.rows(self._connection, {"clocks": json.dumps(rows, default=str)})
        return sorted(map(clock_from_row, started), key=lambda c: (c.due_at, c.id or 0))

    def save(self, clocks: Sequence[Clock]) -> None:
        """Write how clocks stand."""
        if not clocks:
            return
        rows = [
            {**{c: row[c] for c in _CHANGES}, "of_id": clock.id}
            for clock in sorted(clocks, key=lambda clock: clock.id or 0)
            for row in (_to_row(clock),)
        ]
        self._connection.execute(_SAVE, rows)

    def judge(self, clocks: Sequence[Clock], *, why: str = "") -> None:
        """Write how clocks were judged, each with an entry that stays; ends their pauses."""
        if not clocks:
            return
        self.save(clocks)
        rows = [_judgement_row(clock.judgement(why)) for clock in clocks]
        _KEEP.run(self._connection, {"judgements": json.dumps(rows, default=str)})

    def get(self, clock_id: int) -> Clock:
        """Read one clock."""
        return self._one(clock_id, lock=False)

    def lock(self, clock_id: int) -> Clock:
        """Read one clock that nobody else changes before this transaction ends."""
        return self._one(clock_id, lock=True)

    def list_unsettled_of_tickets(self, ticket_ids: Collection[TicketId]) -> Sequence[Clock]:
        """List the tickets' clocks still running, or judged `cannot_say` for want of evidence."""
        return self._list(t.c.ticket_id.in_(sorted(ticket_ids)), _UNSETTLED)

    def list_unsettled_of_order(self, order_id: OrderId) -> Sequence[Clock]:
        """List the order's own clocks still running, or judged `cannot_say`."""
        return self._list(t.c.order_id == order_id, _UNSETTLED)

    def list_of_ticket(self, ticket_id: TicketId) -> Sequence[Clock]:
        """List every clock of a ticket."""
        rows = _OF_TICKET.rows(self._connection, {"ticket_id": ticket_id})
        return [clock_from_row(row) for row in rows]

    def list_of_order(self, order_id: OrderId) -> Sequence[Clock]:
        """List every clock of an order's own."""
        return self._list(t.c.order_id == order_id)

    def list_due_warning(self, now: datetime, limit: int) -> Sequence[Clock]:
        """Take running clocks that have reached their next level, the longest waiting first."""
        rows = self._connection.execute(_DUE_WARNING, {"now": now, "limit": limit}).mappings()
        return [clock_from_row(row) for row in rows]

    def is_spoken_for(self, clock: Clock) -> bool:
        """Whether another report of its outage has a clock of its rule that runs and ends sooner.

        A clock that stands still or has ended speaks for nobody.
        """
        asked = {
            "id": clock.number,
            "ticket_id": clock.ticket_id,
            "rule_id": clock.rule_id,
            "due_at": clock.due_at,
        }
        return bool(_SPOKEN_FOR.value(self._connection, asked))

    def list_overdue_pauses(self, now: datetime, limit: int) -> Sequence[Clock]:
        """Take clocks that stand still longer than their reason allows, the longest first."""
        rows = self._connection.execute(_OVERDUE_PAUSES, {"now": now, "limit": limit}).mappings()
        return [clock_from_row(row) for row in rows]

    def list_pauses(self, clock_ids: Collection[int]) -> Mapping[int, Sequence[Pause]]:
        """Read when clocks stood still, by clock, in order of time."""
        if not clock_ids:
            return {}
        found: dict[int, list[Pause]] = {}
        rows = self._connection.execute(_PAUSES, {"clocks": sorted(clock_ids)}).mappings()
        for row in rows:
            found.setdefault(row["clock_id"], []).append(Pause(**row))
        return found

    def add_pauses(self, pauses: Sequence[Pause]) -> None:
        """Write down that clocks stand still, or stood still."""
        if not pauses:
            return
        period = func.tstzrange(bindparam("since"), bindparam("until"))
        rows = [
            {
                "clock_id": each.clock_id,
                "reason": each.reason,
                "since": each.since,
                "until": each.until,
                "by": each.by,
                "recorded_at": each.recorded_at,
                "note": each.note,
                "evidence": each.evidence,
                "ended_by": each.ended_by,
            }
            for each in pauses
        ]
        self._connection.execute(clock_pause.insert().values(period=period), rows)

    def end_pauses(self, clock_ids: Collection[int], *, at: datetime, by: str) -> None:
        """End the pauses that are not over."""
        values = {"clocks": sorted(clock_ids), "at": at, "by": by}
        self._connection.execute(_END_PAUSES, values)

    def list_judgements(self, clock_id: int) -> Sequence[Judgement]:
        """List how a clock was judged, the first judgement first."""
        query = (
            select(judgement).where(judgement.c.clock_id == clock_id).order_by(judgement.c.number)
        )
        return [_judgement(row) for row in self._connection.execute(query).mappings()]

    def _one(self, clock_id: int, *, lock: bool) -> Clock:
        query = select(t).where(t.c.id == clock_id)
        row = self._connection.execute(
            query.with_for_update(key_share=True) if lock else query
        ).mappings()
        found = row.first()
        if found is None:
            raise NotFound("clock", id=clock_id)
        return clock_from_row(found)

    def _list(self, *conditions: ColumnElement[bool]) -> Sequence[Clock]:
        query = select(t).where(*conditions).order_by(t.c.due_at, t.c.id)
        return [clock_from_row(row) for row in self._connection.execute(query).mappings()]


def _judgement_row(made: Judgement) -> dict[str, Any]:
    row = {name: getattr(made, name) for name in judgement.c.keys()}  # noqa: SIM118 (columns)
    return {**row, "verdict": made.verdict.value, "without_pauses": made.without_pauses.value}


def _judgement(row: Row) -> Judgement:
    verdicts = {name: Verdict(row[name]) for name in ("verdict", "without_pauses")}
    return Judgement(**{**row, **verdicts})


def clock_from_row(row: Row) -> Clock:
    """Make a clock from a row of `clock`."""
    district_id, ticket_id, order_id = row["district_id"], row["ticket_id"], row["order_id"]
    without = row["without_pauses"]
    plain = (
        *("id", "rule_id", "rule_version", "override_id", "started_at", "due_at", "warned"),
        *("next_level_at", "paused_s", "paused_since", "stopped_earliest", "stopped_latest"),
        *("judged_at", "judged_by", "judgements", "maybe_met_at"),
    )
    return Clock(
        **{name: row[name] for name in plain},
        district_id=None if district_id is None else DistrictId(district_id),
        ticket_id=None if ticket_id is None else TicketId(ticket_id),
        order_id=None if order_id is None else OrderId(order_id),
        area_class=AreaClass(row["area_class"]),
        started_from=StartsAt(row["started_from"]),
        verdict=Verdict(row["verdict"]),
        without_pauses=None if without is None else Verdict(without),
    )


def _to_row(clock: Clock) -> dict[str, Any]:
    words = {
        "area_class": clock.area_class.value,
        "started_from": clock.started_from.value,
        "verdict": clock.verdict.value,
        "without_pauses": None if clock.without_pauses is None else clock.without_pauses.value,
    }
    return {column.name: getattr(clock, column.name) for column in _NEW} | words
