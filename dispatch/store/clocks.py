"""Commitments in force and the clocks that run."""

import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from dispatch.domain.clock import Clock, Rule, RuleSet, Scope, StartsAt, StopsAt, Verdict
from dispatch.domain.words import AreaClass, DistrictId, OrderId, TicketId
from dispatch.errors import NotFound
from dispatch.store.direct import DIALECT, Direct, Row
from dispatch.store.operations import clock as t
from dispatch.store.tables import rule_set

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
_UNSETTLED = t.c.verdict.in_([Verdict.RUNNING.value, Verdict.CANNOT_SAY.value])

# A level is reached when its share of the time has passed, the last one when all has.
_DUE_WARNING = text(
    """
    SELECT clock.*
    FROM clock
    JOIN rule_set ON rule_set.version = clock.rule_version
    CROSS JOIN LATERAL (
        SELECT each -> 'warn_at' AS warn_at
        FROM jsonb_array_elements(rule_set.rules) AS each WHERE each ->> 'id' = clock.rule_id
    ) AS rule
    WHERE clock.verdict = 'running'
        AND clock.warned <= jsonb_array_length(rule.warn_at)
        AND :now >= clock.started_at + (clock.due_at - clock.started_at)
            * coalesce(CAST(rule.warn_at ->> clock.warned AS double precision), 1.0)
    ORDER BY clock.due_at, clock.id
    LIMIT :limit
    """
)


_OF_TICKET = Direct(
    select(t).where(t.c.ticket_id == bindparam("ticket_id")).order_by(t.c.due_at, t.c.id)
)
_IN_FORCE = Direct(
    """
    SELECT * FROM rule_set WHERE valid_from <= :at
    ORDER BY valid_from DESC, version DESC LIMIT 1
    """
)
_FIRST = Direct("SELECT * FROM rule_set ORDER BY valid_from, version LIMIT 1")
_RULES = Direct("SELECT * FROM rule_set WHERE version = :version")


class PgClocks:
    """Reads and writes clocks on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rules: dict[int, RuleSet] = {}  # a version never changes

    def rules_at(self, at: datetime) -> RuleSet:
        """Read the rules in force at a moment: the newest set that was valid by then.

        Before the first set's date the first set holds, so that a report from before the start
        of the system can be judged. `NotFound` if no rules were installed.
        """
        row = _IN_FORCE.first(self._connection, {"at": at}) or _FIRST.first(self._connection)
        if row is None:
            raise NotFound("rule set", at=at.isoformat())
        return _rule_set(row)

    def get_rules(self, version: int) -> RuleSet:
        """Read a set of rules by its version, once in a transaction."""
        if version not in self._rules:
            self._rules[version] = self._read_rules(version)
        return self._rules[version]

    def _read_rules(self, version: int) -> RuleSet:
        row = _RULES.first(self._connection, {"version": version})
        if row is None:
            raise NotFound("rule set", version=version)
        return _rule_set(row)

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
        columns = ("warned", "verdict", "due_at")
        judged = ("stopped_earliest", "stopped_latest", "judged_at", "judged_by")
        statement = (
            update(t)
            .where(t.c.id == bindparam("of_id"))
            .values({column: bindparam(column) for column in (*columns, *judged)})
        )
        rows = [
            {**{c: row[c] for c in (*columns, *judged)}, "of_id": clock.id}
            for clock in sorted(clocks, key=lambda clock: clock.id or 0)
            for row in (_to_row(clock),)
        ]
        self._connection.execute(statement, rows)

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

    def list_due_warning(self, now: datetime, limit: int) -> Sequence[Clock]:
        """List running clocks that have reached their next level, soonest due first."""
        rows = self._connection.execute(_DUE_WARNING, {"now": now, "limit": limit}).mappings()
        return [clock_from_row(row) for row in rows]

    def _list(self, *conditions: ColumnElement[bool]) -> Sequence[Clock]:
        query = select(t).where(*conditions).order_by(t.c.due_at, t.c.id)
        return [clock_from_row(row) for row in self._connection.execute(query).mappings()]


def install_rules(
    connection: Connection, rules: Sequence[Rule], *, valid_from: datetime, note: str
) -> int:
    """Store a set of rules unless the same rules are stored; the version that holds them."""
    content = [_rule_row(rule) for rule in rules]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    row = {"valid_from": valid_from, "digest": digest, "rules": content, "note": note}
    connection.execute(
        insert(rule_set).values(**row).on_conflict_do_nothing(index_elements=["digest"])
    )
    query = select(rule_set.c.version).where(rule_set.c.digest == digest)
    return int(connection.execute(query).scalar_one())


def _rule_row(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "title": rule.title,
        "starts": rule.starts.value,
        "stops": rule.stops.value,
        "minutes": {area.value: minutes for area, minutes in rule.minutes.items()},
        "scope": [scope.value for scope in rule.scope],
        "source": rule.source,
        "warn_at": list(rule.warn_at),
    }


def _rule_set(row: Row) -> RuleSet:
    return RuleSet(
        version=row["version"],
        valid_from=row["valid_from"],
        rules=tuple(
            Rule(
                id=rule["id"],
                title=rule["title"],
                starts=StartsAt(rule["starts"]),
                stops=StopsAt(rule["stops"]),
                minutes={AreaClass(area): m for area, m in rule["minutes"].items()},
                scope=tuple(map(Scope, rule["scope"])),
                source=rule["source"],
                warn_at=tuple(rule["warn_at"]),
            )
            for rule in row["rules"]
        ),
    )


def clock_from_row(row: Row) -> Clock:
    """Make a clock from a row of `clock`."""
    district_id, ticket_id, order_id = row["district_id"], row["ticket_id"], row["order_id"]
    return Clock(
        id=row["id"],
        district_id=None if district_id is None else DistrictId(district_id),
        rule_id=row["rule_id"],
        rule_version=row["rule_version"],
        ticket_id=None if ticket_id is None else TicketId(ticket_id),
        order_id=None if order_id is None else OrderId(order_id),
        area_class=AreaClass(row["area_class"]),
        started_from=StartsAt(row["started_from"]),
        started_at=row["started_at"],
        due_at=row["due_at"],
        warned=row["warned"],
        verdict=Verdict(row["verdict"]),
        stopped_earliest=row["stopped_earliest"],
        stopped_latest=row["stopped_latest"],
        judged_at=row["judged_at"],
        judged_by=row["judged_by"],
    )


def _to_row(clock: Clock) -> dict[str, Any]:
    return {
        "district_id": clock.district_id,
        "rule_id": clock.rule_id,
        "rule_version": clock.rule_version,
        "ticket_id": clock.ticket_id,
        "order_id": clock.order_id,
        "area_class": clock.area_class.value,
        "started_from": clock.started_from.value,
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "warned": clock.warned,
        "verdict": clock.verdict.value,
        "stopped_earliest": clock.stopped_earliest,
        "stopped_latest": clock.stopped_latest,
        "judged_at": clock.judged_at,
        "judged_by": clock.judged_by,
    }
