"""What PostgreSQL refuses, in the core's words: one table from constraint to error."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial

import psycopg
from sqlalchemy import (
    CheckConstraint,
    Constraint,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    Table,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.schema import Index

import dispatch.store.tables  # noqa: F401 (fills the metadata)
from dispatch.errors import (
    Collision,
    CrewBusy,
    DispatchError,
    IdentityTaken,
    InvalidInput,
    NotFound,
    OverlappingInterruption,
    StoreUnavailable,
)
from dispatch.store.tables.base import metadata

Refusal = Callable[[], DispatchError]


def _taken(what: str) -> Refusal:
    return partial(IdentityTaken, f"another {what} has this identity")


def _met(message: str) -> Refusal:
    return partial(Collision, message)


def _bad(field: str, expected: str) -> Refusal:
    return partial(InvalidInput, field, "out of bounds", expected)


RULES: Mapping[str, Refusal] = {
    # What must never happen, however many machines try at once.
    "one_open_outage_per_transformer": _met("another open outage holds the transformer"),
    "one_open_outage_per_usage_point": _met("another open outage holds the usage point"),
    "one_notice_out_per_outage": _met("another notice of the outage is out"),
    "one_open_proposal_per_place": _met("the outage has a proposal for this place"),
    "one_open_order_per_outage": _met("the outage has an open order"),
    "one_open_order_per_incident": _met("the incident has an open order"),
    "one_open_support_per_order": _met("the order has a second crew's order"),
    "one_outage_per_ticket": _met("the ticket was attached by somebody else"),
    "one_clock_per_rule_and_ticket": _met("the ticket's clock runs already"),
    "one_clock_per_rule_and_order": _met("the order's clock runs already"),
    "pauses_never_overlap": _bad("since", "a time outside every other pause of the clock"),
    "each_check_in_missed_once": _met("the missed check-in is known"),
    "each_warning_once": _met("the warning was sent by somebody else"),
    "judgement_pkey": _met("somebody else judged the clock"),
    "rule_set_once": _taken("rule set"),
    "event_stream_order": _met("somebody else wrote to the same journal"),
    "incident_ticket_id_key": _met("the ticket has an incident"),
    "dispatch_step_pkey": _met("somebody else added a step"),
    "crew_lent_once": _met("the crew is lent to a district at that time"),
    "one_active_order_per_crew": partial(CrewBusy, "the crew has an order under way"),
    "interruptions_never_overlap": partial(
        OverlappingInterruption, "the usage point is recorded as out in this period"
    ),
    # What cannot be meant.
    "shifts_never_overlap": _bad("period", "a shift that does not overlap another of the crew"),
    "meal_has_a_length": _bad("meal_minutes", "1 to 240 minutes, with the time of the meal"),
    "interruption_not_empty": _bad("period", "a period that ends after it starts"),
    "outage_transformer_restored_after_out": _bad("restored_at", "a time after the outage began"),
    "outage_usage_point_restored_after_out": _bad("restored_at", "a time after the outage began"),
    "planned_outage_ends_after_start": _bad("ends_at", "a time after starts_at"),
    "notice_withdrawn_after_release": _bad("withdrawn_at", "a time after the release"),
    "attachment_probability": _bad("probability", "a number from 0 to 1"),
    "split_proposal_probability": _bad("probability", "a number from 0 to 1"),
    "order_under_way_has_a_crew": _bad("crew", "a crew for an order under way"),
    "order_has_one_subject": _bad("order", "either an outage or an incident"),
    "order_supports_an_earlier_one": _bad("supports", "an order that was there before"),
    "loan_between_two_districts": _bad("from", "another district than the one that asks"),
    "loan_granted_has_a_crew": _bad("crew", "a crew for a loan that is granted"),
    "lending_rule_between_two_districts": _bad("to", "another district than the one that lends"),
    "lending_rule_counts": _bad("most", "one crew or more, and none or more kept free"),
    "lending_rule_not_empty": _bad("until", "a time after since"),
    "pause_not_empty": _bad("until", "a time after since"),
    "pause_has_a_note": _bad("note", "what is seen, in words"),
    "rule_set_withdrawn_before_valid": _bad("version", "a set that is not in force yet"),
    "clock_has_one_subject": _bad("clock", "either a ticket or an order"),
    "interruption_has_one_cause": _bad("interruption", "either an outage or a planned outage"),
    "device_preorder": _bad("pre", "one device at each place of a feeder's order"),
}

_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]


def name_of(constraint: Constraint | Index) -> str | None:
    """The name of `constraint` as the database has it."""
    name = _DIALECT.identifier_preparer.format_constraint(constraint)
    return None if name is None else name.strip('"')


def _derived(table: Table, constraint: Constraint) -> Refusal | None:
    """What a constraint without a rule of its own says: a bad reference, a repeated identity."""
    what = table.name.replace("_", " ")
    if isinstance(constraint, ForeignKeyConstraint):
        return partial(NotFound, constraint.referred_table.name.replace("_", " "))
    if isinstance(constraint, PrimaryKeyConstraint):
        return _taken(what)
    if isinstance(constraint, CheckConstraint):
        return _bad(str(name_of(constraint)), "one of the known words")
    return _taken(what)


@cache
def errors() -> Mapping[str, Refusal]:
    """Every constraint and unique index of the tables, with the error it raises."""
    found: dict[str, Refusal] = {}
    for table in metadata.tables.values():
        named = [c for c in table.constraints if name_of(c) is not None]
        found |= {str(name_of(c)): r for c in named if (r := _derived(table, c)) is not None}
        found |= {str(index.name): _taken(table.name) for index in table.indexes if index.unique}
    return found | dict(RULES)


_AGAIN = {
    psycopg.errors.SerializationFailure.sqlstate: "another transaction came first",
    psycopg.errors.DeadlockDetected.sqlstate: "two transactions waited for each other",
    psycopg.errors.LockNotAvailable.sqlstate: "somebody else holds the record",
}
# Class 08: connection; 53: resources; 57: an operator, a shutdown or a time limit; 58: system.
_GONE = ("08", "53", "57", "58", "XX")
_DATA = "22"


def _of_constraint(refused: psycopg.errors.IntegrityError) -> DispatchError | None:
    name = refused.diag.constraint_name
    if name is None and isinstance(refused, psycopg.errors.CheckViolation):
        return Collision("the partition of that day was made at the same moment")
    rule = errors().get(name or "")
    return None if rule is None else rule()


def translated(refused: BaseException, *, invalidated: bool = False) -> DispatchError | None:
    """The core's error for what psycopg raised; None for a mistake of ours."""
    state = getattr(refused, "sqlstate", None)
    if isinstance(refused, psycopg.errors.IntegrityError):
        return _of_constraint(refused)
    if state in _AGAIN:
        return Collision(_AGAIN[state])
    if invalidated or (state or "").startswith(_GONE):
        return StoreUnavailable("the database does not answer")
    if isinstance(refused, psycopg.DataError) and (state or _DATA).startswith(_DATA):
        return InvalidInput("a field", str(refused).splitlines()[0], "a value that can be stored")
    if isinstance(refused, psycopg.OperationalError):
        return StoreUnavailable("the database does not answer")
    return None


def _ending(error: BaseException | None) -> BaseException | None:
    """The end of the program that an error came of, if it did."""
    while error is not None and isinstance(error, Exception):
        error = error.__context__
    return error


@contextmanager
def in_our_words() -> Iterator[None]:
    """Turn what the database refuses inside the block into the core's errors.

    A signal that ends the program in the middle of a statement leaves a connection that cannot be
    rolled back either; that is told as the end of the program, not as a database that is lost.
    """
    try:
        yield
    except PoolExhausted as refused:
        raise StoreUnavailable("every connection to the database is in use") from refused
    except (psycopg.Error, DBAPIError) as refused:
        if (ending := _ending(refused)) is not None:
            raise ending from None
        error = (
            translated(refused.orig, invalidated=refused.connection_invalidated)
            if isinstance(refused, DBAPIError) and refused.orig is not None
            else translated(refused)
        )
        if error is None:
            raise
        raise error from refused
