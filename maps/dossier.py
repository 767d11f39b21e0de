"""An outage told on paper: its story in lines, what was promised of its end, its curve."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from dispatch.journal import SYSTEM
from dispatch.store.reads.darkness import Change
from dispatch.store.reads.details import OutageDetail, TimelineEntry
from dispatch.store.reads.seals import Seal

HEARD_LATER = timedelta(minutes=1)
"""When writing down took longer than this, paper says when it was heard."""
MOST_LINES = 1_000
MOST_CALLERS = 500
MINUTE_S = 60.0
_DECISIONS = ("outage.", "split.", "ticket.attached", "ticket.detached", "ticket.doubted")
_PEOPLE_KINDS = frozenset({"order.assigned", "order.reassigned", "assigned", "reassigned"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryLine:
    """One line of the story.

    Entries that say the same again are folded into one: `times` of them, until `last_at`, with
    `probability` and then `last_probability`. `heard_at` is None where it was written down at once.
    """

    at: datetime
    heard_at: datetime | None
    kind: str
    who: str
    about: str
    reason: str | None
    probability: float | None
    is_decision: bool
    times: int = 1
    last_at: datetime | None = None
    last_probability: float | None = None
    rule: str = ""
    verdict: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldEstimate:
    """When people were told that supply would be back, and how that turned out.

    `late_min` is by how many minutes supply was back later than told, negative if sooner; None
    while it is not back. `passed` says that the time is over and supply still is not back.
    """

    said_at: datetime
    by: str
    source: str
    restore_at: datetime
    late_min: float | None
    passed: bool


@dataclass(frozen=True, slots=True)
class Course:
    """How many customers were out from each moment on, and what that adds up to in minutes."""

    steps: tuple[tuple[datetime, int], ...] = field(default=())
    most: int = 0
    customer_minutes: float = 0.0


def story_of(entries: Iterable[TimelineEntry], *, one_clock: bool) -> list[StoryLine]:
    """The lines in order of when things happened; what repeats the line before is folded in.

    Reports that came in are left out: each stands with its caller. `one_clock` says that the field
    and the journal go by the same clock, so that an entry's two times may be held together; those
    of an order's steps always may.
    """
    lines: list[StoryLine] = []
    told = [each for each in entries if each.kind != "ticket.received"]
    for entry in sorted(told, key=_place):
        line = _line(entry, one_clock=one_clock)
        if lines and _repeats(lines[-1], line):
            before = lines[-1]
            lines[-1] = replace(
                before,
                times=before.times + 1,
                last_at=line.at,
                last_probability=line.probability,
            )
        else:
            lines.append(line)
    return lines


def _place(entry: TimelineEntry) -> tuple[datetime, bool, str, datetime]:
    """Of one moment what was judged comes last, rule by rule."""
    judged = entry.kind.startswith("clock.")
    return entry.at, judged, str(entry.facts.get("rule", "")) if judged else "", entry.recorded_at


def _line(entry: TimelineEntry, *, one_clock: bool) -> StoryLine:
    heard_later = entry.recorded_at - entry.at > HEARD_LATER
    comparable = one_clock or entry.what.startswith("order:")
    facts = entry.facts
    probability = facts.get("probability")
    return StoryLine(
        at=entry.at,
        heard_at=entry.recorded_at if heard_later and comparable else None,
        kind=entry.kind,
        who=entry.crew_id or entry.by,
        about=str(facts.get("device") or "") if entry.kind == "outage.predicted" else "",
        reason=entry.reason,
        probability=float(probability) if isinstance(probability, int | float) else None,
        is_decision=entry.kind.startswith(_DECISIONS) or entry.kind in _PEOPLE_KINDS,
        rule=str(facts.get("rule", "")) if entry.kind.startswith("clock.") else "",
        verdict=str(facts.get("verdict", "")) if entry.kind.startswith("clock.") else "",
    )


def _repeats(before: StoryLine, line: StoryLine) -> bool:
    same = (before.kind, before.who, before.about, before.reason, before.rule, before.verdict)
    return (
        (line.kind, line.who, line.about, line.reason, line.rule, line.verdict) == same
        and before.heard_at is None
        and line.heard_at is None
        and (line.who == SYSTEM or line.kind.startswith(("clock.", "ticket.")))
    )


def estimates_of(
    entries: Iterable[TimelineEntry],
    restored_at: datetime | None,
    now: datetime,
    *,
    is_open: bool,
) -> list[ToldEstimate]:
    """Every time of restoration that was told, in order, held against what happened.

    Of an outage that ended as a part of another nothing turned out.
    """
    found = []
    for entry in sorted(entries, key=lambda each: each.at):
        told = entry.facts.get("restore_at")
        if entry.kind != "outage.estimated" or not isinstance(told, str):
            continue
        at = datetime.fromisoformat(told)
        late = None if restored_at is None else (restored_at - at).total_seconds() / MINUTE_S
        found.append(
            ToldEstimate(
                said_at=entry.at,
                by=entry.by,
                source=str(entry.facts.get("source", "")),
                restore_at=at,
                late_min=late,
                passed=is_open and at < now,
            )
        )
    return found


def course_of(changes: Sequence[Change], now: datetime) -> Course:
    """Add the changes of one outage up; who is still out is counted until `now`."""
    out, most, minutes = 0, 0, 0.0
    steps: list[tuple[datetime, int]] = []
    for n, change in enumerate(changes):
        out += change.by
        most = max(most, out)
        until = changes[n + 1].at if n + 1 < len(changes) else now
        minutes += out * (until - change.at).total_seconds() / MINUTE_S
        steps.append((change.at, out))
    return Course(tuple(steps), most, minutes)


def points_of(detail: OutageDetail) -> list[tuple[float, float]]:
    """Where the outage is (lon, lat): its device and the transformers that were out."""
    outage = detail.outage
    return [(outage.lon, outage.lat), *((part.lon, part.lat) for part in detail.transformers)]


def streams_of(detail: OutageDetail) -> list[str]:
    """The streams of the journal that the story was read from."""
    return [
        f"outage:{detail.outage.id}",
        *(f"ticket:{each.ticket.id}" for each in detail.tickets),
        *(f"order:{each.order.id}" for each in detail.orders),
    ]


def sealed(seals: Sequence[Seal], outage_id: int) -> Seal | None:
    """The end of the outage's own stream."""
    return next((each for each in seals if each.stream == f"outage:{outage_id}"), None)
