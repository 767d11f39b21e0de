"""Call-backs are handed out to one agent at a time: a customer is never called by two at once."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import Connection

from dispatch.errors import BeingCalled, IllegalStep
from dispatch.store.direct import Direct
from dispatch.store.events import whisper
from dispatch.store.reads.callers_to_tell import (
    NOT_REACHED,
    TO_BE_CALLED,
    WAITING,
    ToTell,
    asked,
    find_to_tell,
)

_LOCK = 0x63616C6C  # "call": the advisory lock of whoever hands out

# Who hands out waits for who is handing out, so that two reports of one customer, or of one
# telephone, cannot go to two agents at the same moment. A row that somebody restores or answers
# just now is passed over.
_TAKE_TURNS = Direct("SELECT pg_advisory_xact_lock(:lock)")
_SAME_CUSTOMER = """
    held.held_until > :now AND held.held_by <> :agent AND (other.id = ticket.id
        OR other.usage_point_id = ticket.usage_point_id OR other.phone = ticket.phone)
"""
_CANDIDATE = f"""
    SELECT told.ticket_id FROM told JOIN ticket ON ticket.id = told.ticket_id
    WHERE {{condition}} AND {TO_BE_CALLED} AND NOT EXISTS (
        SELECT FROM told AS held JOIN ticket AS other ON other.id = held.ticket_id
        WHERE {_SAME_CUSTOMER}
    )
    ORDER BY told.due_at, told.ticket_id LIMIT 1 FOR UPDATE OF told SKIP LOCKED
"""  # noqa: S608 (constants)
_MINE = Direct(
    _CANDIDATE.format(
        condition="told.held_by = :agent AND told.held_until > :now AND "
        f"({WAITING} OR {NOT_REACHED})"
    )
)
_WAITING = Direct(_CANDIDATE.format(condition=WAITING))
_NOT_REACHED = Direct(_CANDIDATE.format(condition=NOT_REACHED))
_THIS = Direct(
    _CANDIDATE.format(condition=f"told.ticket_id = :ticket_id AND ({WAITING} OR {NOT_REACHED})")
)
_STILL_MINE = Direct(
    _CANDIDATE.format(
        condition="told.ticket_id = :ticket_id AND told.held_by = :agent "
        f"AND ({WAITING} OR {NOT_REACHED})"
    )
)
_HOLD = Direct("UPDATE told SET held_by = :agent, held_until = :until WHERE ticket_id = :ticket_id")
_LET_GO = Direct(
    """
    UPDATE told SET held_by = NULL, held_until = NULL FROM ticket
    WHERE held_by = :agent AND ticket.id = told.ticket_id
        AND told.ticket_id IS DISTINCT FROM CAST(:but AS text)
    RETURNING ticket.district_id
    """
)
_WHO_HOLDS = Direct(
    f"""
    SELECT held.held_by, held.held_until FROM ticket, told AS held
    JOIN ticket AS other ON other.id = held.ticket_id
    WHERE ticket.id = :ticket_id AND {_SAME_CUSTOMER}
    ORDER BY held.held_until DESC LIMIT 1
    """  # noqa: S608 (constants)
)


def hand_out(
    connection: Connection,
    districts: Collection[str] | None,
    *,
    agent: str,
    until: datetime,
    now: datetime,
) -> ToTell | None:
    """Give an agent the customer who waits longest and whom nobody calls; None if there is none.

    An agent who holds one already is given the same again.
    """
    said = _begin(connection, districts, agent, now)
    for query in (_MINE, _WAITING, _NOT_REACHED):
        found = query.value(connection, said)
        if found is not None:
            return _held(connection, str(found), districts, agent=agent, until=until, now=now)
    return None


def hold(
    connection: Connection,
    ticket_id: str,
    districts: Collection[str] | None,
    *,
    agent: str,
    until: datetime,
    now: datetime,
    anew: bool = True,
) -> ToTell:
    """Give an agent this customer; any other one the agent holds is free again.

    With `anew` False only one who is the agent's already is left with them for longer, also one
    whose time ran out and whom nobody took: who has gone on to the next keeps the next.

    Raises
    ------
    BeingCalled
        Another agent calls this customer now, about this report or another one.
    IllegalStep
        This customer is not to be called now, or is not called by this agent any more.
    """
    said = {**_begin(connection, districts, agent, now), "ticket_id": ticket_id}
    if (_THIS if anew else _STILL_MINE).value(connection, said) is None:
        raise _refusal(connection, said)
    return _held(connection, ticket_id, districts, agent=agent, until=until, now=now)


def let_go(connection: Connection, *, agent: str, but: str | None = None) -> None:
    """Let others call whom this agent holds, but for one report."""
    freed = {row["district_id"] for row in _LET_GO.rows(connection, {"agent": agent, "but": but})}
    for district_id in sorted(freed, key=str):
        _tell(connection, district_id)


def _refusal(connection: Connection, said: Mapping[str, object]) -> BeingCalled | IllegalStep:
    """Why a customer cannot be this agent's."""
    other = _WHO_HOLDS.first(connection, said)
    if other is None:
        wanted = said["ticket_id"]
        return IllegalStep("this caller is not to be called back now", ticket_id=wanted)
    return BeingCalled(
        "another agent calls this customer",
        held_by=other["held_by"],
        held_until=other["held_until"].isoformat(),
    )


def _begin(
    connection: Connection, districts: Collection[str] | None, agent: str, now: datetime
) -> dict[str, object]:
    _TAKE_TURNS.value(connection, {"lock": _LOCK})
    return {**asked(districts, now), "agent": agent}


def _held(
    connection: Connection,
    ticket_id: str,
    districts: Collection[str] | None,
    *,
    agent: str,
    until: datetime,
    now: datetime,
) -> ToTell:
    let_go(connection, agent=agent, but=ticket_id)
    _HOLD.run(connection, {"agent": agent, "until": until, "ticket_id": ticket_id})
    found = find_to_tell(connection, ticket_id, districts, now=now)
    assert found is not None, "it was to be told a moment ago, and is locked"
    _tell(connection, found.district_id)
    return found


def _tell(connection: Connection, district_id: str | None) -> None:
    whisper(connection, "callback.held", "callbacks:desk", district_id)
