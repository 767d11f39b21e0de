"""The lines of a replay: what each type says, read before anything is done."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.facts import MeterSignalKind
from dispatch.domain.ticket import Complaint
from dispatch.domain.words import ActionKind, Channel
from dispatch.drill.replay.fields import (
    LONGEST_TEXT,
    MOST_WORDS,
    BadField,
    Fields,
    Position,
)

CONFIRM = "confirm"
SHOWN_BAD = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A report."""

    id: str
    complaint: Complaint
    position: Position | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """A meter's signal."""

    meter: str | None
    account: str | None
    kind: MeterSignalKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Scada:
    """A device whose state was reported."""

    device: str
    is_open: bool
    is_live: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class There:
    """What in the field a line is about; every part may be missing."""

    outage: int | None = None
    order: int | None = None
    ticket: str | None = None
    device: str | None = None
    transformers: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CrewAction:
    """Something a crew did or saw; `kind` is an ActionKind or `confirm`."""

    kind: str
    there: There
    crew: str | None
    is_open: bool
    is_live: bool | None
    phases: str | None
    cause: str | None
    note: str | None
    restore_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Where a crew was."""

    crew: str
    position: Position
    speed_mps: float | None
    mock: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """Supply that is cut on purpose."""

    there: There
    starts_at: datetime
    ends_at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restore:
    """Supply that is back."""

    there: There
    cause: str | None


Deed = Ticket | Meter | Scada | CrewAction | Fix | Planned | Restore


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: its number in the file (from 1), when, and what."""

    number: int
    at: datetime
    deed: Deed


@dataclass(frozen=True, slots=True, kw_only=True)
class BadLine:
    """A line that cannot be read, and why."""

    number: int
    field: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"line {self.number}: {self.field} is {self.value}; expected {self.expected}"


class LinesRefused(Exception):
    """Some lines cannot be read, so nothing was done."""

    def __init__(self, bad: tuple[BadLine, ...]) -> None:
        self.bad = bad
        more = len(bad) - SHOWN_BAD
        told = [str(each) for each in bad[:SHOWN_BAD]]
        told += [f"and {more} more"] if more > 0 else []
        super().__init__(
            "\n".join([f"lines that cannot be read: {len(bad)}; nothing was done", *told])
        )


def read_lines(raw: Iterable[bytes]) -> tuple[tuple[Line, ...], tuple[BadLine, ...]]:
    """Read every line, in the order of their times; the bad ones in that of the file.

    Lines of one time stay in the order of the file. Blank lines say nothing.
    """
    lines: list[Line] = []
    bad: list[BadLine] = []
    for number, content in enumerate(raw, 1):
        try:
            line = _read(number, content)
        except BadField as why:
            bad.append(
                BadLine(number=number, field=why.field, value=why.value, expected=why.expected)
            )
        else:
            lines += [] if line is None else [line]
    return tuple(sorted(lines, key=lambda line: line.at)), tuple(bad)


def _read(number: int, content: bytes) -> Line | None:
    try:
        text = content.decode("utf-8-sig" if number == 1 else "utf-8").strip()
    except UnicodeDecodeError as wrong:
        raise BadField("the line", content[:40], "UTF-8") from wrong
    if not text:
        return None
    try:
        given = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as wrong:
        raise BadField("the line", text, "one JSON object") from wrong
    if not isinstance(given, Mapping):
        raise BadField("the line", text, "one JSON object")
    fields = Fields(given)
    at = fields.moment("at")
    read = _TYPES[fields.word("type", {name: name for name in _TYPES})]
    return Line(number=number, at=at, deed=read(fields))


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _ticket(fields: Fields) -> Ticket:
    channel = fields.word("channel", _CHANNELS) if fields.has("channel") else Channel.PHONE.value
    complaint = Complaint(
        channel=Channel(channel),
        description=fields.find_text("description", LONGEST_TEXT) or "",
        hazards=fields.names("hazards", MOST_WORDS),
        symptoms=fields.names("symptoms", MOST_WORDS),
        multiple_premises=fields.find_flag("multiple_premises"),
        account=fields.find_text("account"),
        phone=fields.find_text("phone"),
        meter=fields.find_text("meter"),
        address=fields.find_text("address", LONGEST_TEXT),
    )
    position = fields.find_position("location")
    return Ticket(id=fields.text("id"), complaint=complaint, position=position)


def _meter(fields: Fields) -> Meter:
    fields.one_of("meter", "account")
    kind = fields.word("kind" if fields.has("kind") else "signal", _SIGNALS)
    return Meter(
        meter=fields.find_text("meter"),
        account=fields.find_text("account"),
        kind=MeterSignalKind(kind),
    )


def _scada(fields: Fields) -> Scada:
    return Scada(
        device=fields.text("device"),
        is_open=fields.word("state", _STATES) == "open",
        is_live=fields.find_flag("live"),
    )


def _there(fields: Fields) -> There:
    return There(
        outage=fields.find_whole("outage"),
        order=fields.find_whole("order"),
        ticket=fields.find_text("ticket"),
        device=fields.find_text("device"),
        transformers=(*fields.names("transformers"), *fields.names("transformer")),
        accounts=(*fields.names("accounts"), *fields.names("account")),
    )


def _crew_action(fields: Fields) -> CrewAction:
    kind = fields.word("kind", _ACTIONS)
    fields.one_of(*_PLACES, "crew")
    state = fields.word("state", _STATES) if fields.has("state") else "open"
    restore_at = fields.find_moment("restore_at")
    if kind == ActionKind.ESTIMATE and restore_at is None:
        raise BadField("restore_at", None, "the time at which supply is expected back")
    return CrewAction(
        kind=kind,
        there=_there(fields),
        crew=fields.find_text("crew"),
        is_open=state == "open",
        is_live=fields.find_flag("live"),
        phases=fields.find_text("phases"),
        cause=fields.find_text("cause"),
        note=fields.find_text("note", LONGEST_TEXT) or fields.find_text("reason", LONGEST_TEXT),
        restore_at=restore_at,
    )


def _fix(fields: Fields) -> Fix:
    return Fix(
        crew=fields.text("crew"),
        position=fields.position(),
        speed_mps=fields.find_number("speed_mps", 0, 1000),
        mock=fields.find_flag("mock") or False,
    )


def _planned(fields: Fields) -> Planned:
    fields.one_of("transformers", "transformer", "device")
    starts_at, ends_at = fields.moment("starts_at"), fields.moment("ends_at")
    if ends_at <= starts_at:
        raise BadField("ends_at", ends_at.isoformat(), "a time after starts_at")
    return Planned(
        there=_there(fields),
        starts_at=starts_at,
        ends_at=ends_at,
        reason=fields.find_text("reason", LONGEST_TEXT) or "planned work",
    )


def _restore(fields: Fields) -> Restore:
    fields.one_of(*_PLACES)
    return Restore(there=_there(fields), cause=fields.find_text("cause"))


_PLACES = (
    *("outage", "order", "ticket", "device"),
    *("transformers", "transformer", "accounts", "account"),
)
_TYPES: Mapping[str, Callable[[Fields], Deed]] = {
    "ticket": _ticket,
    "meter": _meter,
    "scada": _scada,
    "crew_action": _crew_action,
    "fix": _fix,
    "planned_outage": _planned,
    "restore": _restore,
}


def _meanings(words: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """From every word to what it means, the words' own meanings first."""
    own = {str(meaning): str(meaning) for meaning in words}
    return own | {each: str(meaning) for meaning, others in words.items() for each in others}


_CHANNELS = _meanings(dict.fromkeys(Channel, ()))
_SIGNALS = _meanings(
    {
        MeterSignalKind.LAST_GASP: ("lastgasp", "power_down", "power_off", "outage"),
        MeterSignalKind.POWER_UP: (
            *("powerup", "power_on", "power_restored", "restoration", "restored"),
        ),
        MeterSignalKind.PING_ON: (),
        MeterSignalKind.PING_OFF: (),
    }
)
_STATES = _meanings({"open": ("opened", "trip", "tripped"), "closed": ("close", "reclosed")})
_ACTIONS = _meanings(
    dict.fromkeys(ActionKind, ())
    | {
        CONFIRM: ("confirmed",),
        ActionKind.ACCEPT: ("accepted",),
        ActionKind.EN_ROUTE: ("enroute",),
        ActionKind.ARRIVE: ("arrived",),
        ActionKind.RESTORE: ("restored",),
        ActionKind.FIELD_COMPLETE: ("complete", "completed"),
    }
)


def must_read(
    raw: Iterable[bytes], *, skip_bad: bool
) -> tuple[tuple[Line, ...], tuple[BadLine, ...]]:
    """As `read_lines`; `LinesRefused` when a line is bad, unless those are to be left out."""
    lines, bad = read_lines(raw)
    if bad and not skip_bad:
        raise LinesRefused(bad)
    return lines, bad
