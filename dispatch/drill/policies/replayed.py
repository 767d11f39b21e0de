"""A day that was told line by line, to be played again: its crews are those that the lines name.

Lines know no bases and no shifts: a crew begins where its first position was, and is on shift from
the first to the last line that names it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from dispatch.domain.words import CrewId
from dispatch.drill.policies import parameters as p
from dispatch.drill.policies.ground import DISTRICT
from dispatch.drill.replay.fields import Position
from dispatch.drill.replay.lines import CrewAction, Fix, Line, Ticket
from dispatch.errors import InvalidInput
from dispatch.store.reads.recorded import RecordedShift


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A crew, the lines that name it in the order of time, and where it was first (WGS-84)."""

    crew: str
    lines: tuple[Line, ...]
    base: Position


def crews_named(lines: Sequence[Line]) -> list[Named]:
    """List the crews that the lines name, first named first.

    Raises
    ------
    InvalidInput
        The lines cannot be played as one day: no crew is named, one has no position or only one
        time, or the lines go on for too long. The line and its field are named.
    """
    longest = timedelta(hours=p.OVER_AFTER_H)
    if lines[-1].at - lines[0].at > longest:
        wanted = f"a time within {p.OVER_AFTER_H:.0f} hours of the first line's"
        raise _bad(lines[-1], "at", lines[-1].at.isoformat(), wanted)
    named: dict[str, list[Line]] = {}
    for line in lines:
        if isinstance(line.deed, Fix | CrewAction) and line.deed.crew is not None:
            named.setdefault(line.deed.crew, []).append(line)
    if not named:
        acts = [line for line in lines if isinstance(line.deed, CrewAction)]
        wanted = "a crew: who could be sent is known from the fixes and actions that name one"
        raise _bad((acts or lines)[0], "crew", None, wanted)
    return [_named(crew, theirs) for crew, theirs in named.items()]


def _named(crew: str, lines: Sequence[Line]) -> Named:
    fixes = [line.deed for line in lines if isinstance(line.deed, Fix)]
    if not fixes:
        raise _bad(lines[0], "crew", crew, "one that a fix tells the place of")
    if lines[0].at == lines[-1].at:
        wanted = "one that a later line names too: its shift goes from the first to the last"
        raise _bad(lines[0], "crew", crew, wanted)
    return Named(crew=crew, lines=tuple(lines), base=fixes[0].position)


def shifts_of(named: Sequence[Named], skills: frozenset[str]) -> list[RecordedShift]:
    """Give each crew its one shift, with the same skills: the lines tell of none."""
    return [
        RecordedShift(
            crew_id=CrewId(each.crew),
            name=each.crew,
            district_id=DISTRICT,
            skills=skills,
            base_lon=each.base.lon,
            base_lat=each.base.lat,
            begins_at=each.lines[0].at,
            ends_at=each.lines[-1].at,
        )
        for each in named
    ]


def why_no_order(lines: Sequence[Line]) -> InvalidInput:
    """Say what keeps the lines from giving one order with a place."""
    for line in lines:
        if isinstance(line.deed, Ticket) and line.deed.position is None:
            wanted = "an account of the network, or a location: no order has a place"
            return _bad(line, "account", line.deed.complaint.account, wanted)
    told = type(lines[0].deed).__name__.lower()
    return _bad(lines[0], "type", told, "a report or signal: no line gave an order with a place")


def _bad(line: Line, field: str, value: object, expected: str) -> InvalidInput:
    return InvalidInput(f"line {line.number}: {field}", value, expected)
