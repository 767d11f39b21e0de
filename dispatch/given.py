"""Whether what callers were told turned out true, and what to say first where it did not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dispatch.domain.given import AnswerGiven, GivenBefore
from dispatch.domain.words import KnownKind
from dispatch.sayings import Clockface, Saying

GRACE = timedelta(minutes=10)
"""So much later nobody calls a time wrong; also what two times told differ by at least. Assumed."""

REMEMBERED = timedelta(hours=24)
"""A caller whose last answer is older does not hold it against us; assumed."""

_OUT = frozenset({KnownKind.KNOWN_FAULT, KnownKind.PLANNED, KnownKind.UNKNOWN})


class Truth(StrEnum):
    """What became of a time that was told."""

    NOTHING_PROMISED = "nothing_promised"
    AHEAD = "ahead"
    KEPT = "kept"
    LATE = "late"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An answer given before and what became of it; `late_by` is how much light came too late."""

    before: GivenBefore
    truth: Truth
    late_by: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class NowSaid:
    """What would be told now: the answer, and by when light is said to be back."""

    kind: KnownKind
    etr_at: datetime | None = None


def judge(before: GivenBefore, now: datetime) -> Judged:
    """Say what became of the time that was told: the late end of a range that was told counts."""
    promised = before.given.etr_to or before.given.etr_at
    if promised is None:
        return Judged(before=before, truth=Truth.NOTHING_PROMISED)
    lit_at, wrong_from = before.lit_at, promised + GRACE
    if lit_at is not None and lit_at > wrong_from:
        return Judged(before=before, truth=Truth.LATE, late_by=lit_at - promised)
    if lit_at is not None:
        return Judged(before=before, truth=Truth.KEPT)
    if now > wrong_from:
        return Judged(before=before, truth=Truth.OVERDUE, late_by=now - promised)
    return Judged(before=before, truth=Truth.AHEAD)


def contradiction(
    told: Sequence[GivenBefore], said: NowSaid, *, now: datetime, face: Clockface
) -> Saying | None:
    """What to say before the answer, because the last one was another; None if it still holds.

    Parameters
    ----------
    told
        What this caller was told, the latest first.
    """
    recent = [each for each in told if now - each.given.at <= REMEMBERED]
    if not recent or said.kind not in _OUT:
        return None
    if recent[0].given.kind is KnownKind.RESTORED_RECENTLY:
        return _TOLD_BACK
    if recent[0].given.kind is KnownKind.INTERNAL_LIKELY and said.kind is KnownKind.KNOWN_FAULT:
        return _TOLD_INSIDE
    promise = next((e.given for e in recent if e.lit_at is None and e.given.etr_at), None)
    return None if promise is None else _of_time(promise, said, now, face)


def _of_time(promise: AnswerGiven, said: NowSaid, now: datetime, face: Clockface) -> Saying | None:
    told = promise.etr_at
    if told is None:
        return None
    told_zh, told_en = face.zh(told, now), face.en(told, now)
    if said.etr_at is not None and said.etr_at > max(told + GRACE, now):
        new_zh, new_en = face.zh(said.etr_at, now), face.en(said.etr_at, now)
        return Saying(
            f"很抱歉：之前告诉您预计{told_zh}来电，现在要推迟到{new_zh}。",
            f"I am sorry: we told you {told_en}, and it is now expected at {new_en}.",
        )
    if now > (promise.etr_to or told) + GRACE:
        return Saying(
            f"很抱歉：之前告诉您预计{told_zh}来电，到现在还没有送上电。",
            f"I am sorry: we told you {told_en}, and your power is still not back.",
        )
    return None


_TOLD_BACK = Saying(
    "很抱歉：之前告诉您已经送电，看来您家还没有来电。",
    "I am sorry: we told you that power was back, and it is not at your home.",
)
_TOLD_INSIDE = Saying(
    "很抱歉：之前说可能是您家内部的问题，现在查明是我们线路的故障。",
    "I am sorry: we said that it might be inside your home; it is a fault in our network.",
)
