"""How a screen tells of what inference is unsure of, and which of two outages would live on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from dispatch.domain.outage import Outage, OutageStatus
from dispatch.journal import SYSTEM
from dispatch.store.reads.corrections import NearOutage
from dispatch.store.reads.details import AttachedTicket
from dispatch.store.reads.suspects import Suspect

TIED_WITHIN = 0.1
"""Two devices so close are as good as equal: a crew could be sent to either."""
LEADS_FROM = 0.5
WEAK_BELOW = 0.9
SHOWN_FROM = 0.02
OF_THE_ORDER = frozenset({"held_back", "held_misfiled", "may_reclose", "split_off"})
"""Reasons why an order is held; they stand with the order while that lasts, and nowhere else."""

Certainty = Literal["tied", "unsure", "leading"]


def percent(probability: float) -> int:
    """A probability in whole percent; 0 and 100 are said of nothing that is not certain."""
    if probability in {0.0, 1.0}:
        return int(100 * probability)
    return min(max(round(100 * probability), 1), 99)


@dataclass(frozen=True, slots=True)
class Lineup:
    """The devices as they are shown; those of `leading` are drawn alike, none stands out alone."""

    suspects: tuple[Suspect, ...]
    leading: tuple[Suspect, ...]
    certainty: Certainty


def line_up(suspects: Sequence[Suspect]) -> Lineup | None:
    """Say honestly how sure it is: a tie is a tie; None where there is nothing to show."""
    shown = tuple(each for each in suspects if each.probability >= SHOWN_FROM)
    if not shown:
        return None
    top = shown[0].probability
    leading = tuple(each for each in shown if top - each.probability < TIED_WITHIN)
    if len(leading) > 1:
        return Lineup(shown, leading, "tied")
    return Lineup(shown, leading, "leading" if top >= LEADS_FROM else "unsure")


def weakly_explained(tickets: Sequence[AttachedTicket]) -> frozenset[str]:
    """Reports that the system put here without being sure; a lone report has nothing to be with."""
    if len(tickets) <= 1:
        return frozenset()
    return frozenset(each.ticket.id for each in tickets if _is_weak(each))


def _is_weak(each: AttachedTicket) -> bool:
    unsure = each.probability is not None and each.probability < WEAK_BELOW
    return unsure and each.attached_by == SYSTEM


def of_belonging(reasons: Iterable[str]) -> list[str]:
    """Of the reasons written with a look those that say what is out and who belongs there."""
    return [each for each in reasons if each.partition("?")[0] not in OF_THE_ORDER]


def of_the_order(reasons: Iterable[str]) -> str | None:
    """Of the reasons written with a look the one that says why the order is held, if any."""
    return next((each for each in reasons if each.partition("?")[0] in OF_THE_ORDER), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marriage:
    """What becomes of two outages that are merged: `part` ends, `whole` lives on."""

    other: NearOutage
    whole_id: int
    whole_version: int
    part_id: int


def marriages(
    outage: Outage, near: Iterable[NearOutage], *, crew_on_its_way: bool
) -> list[Marriage]:
    """The merges that are possible with outages near by, in their order.

    A confirmed outage lives on, then the one whose crew is on its way, then the older one. Two
    confirmed ones are merged only where it was with the same device; what is partly back lives on.
    """
    mine = _seniority(outage.status, outage.started_at, outage.id, crew=crew_on_its_way)
    possible = []
    for other in near:
        theirs = _seniority(other.status, other.started_at, other.id, crew=other.crew_on_its_way)
        part_status = outage.status if theirs < mine else other.status
        twin = part_status is OutageStatus.CONFIRMED and other.same_device
        if part_status is not OutageStatus.PREDICTED and not twin:
            continue
        whole, part = (other, outage) if theirs < mine else (outage, other)
        possible.append(
            Marriage(other=other, whole_id=whole.id, whole_version=whole.version, part_id=part.id)
        )
    return possible


def _seniority(
    status: OutageStatus, started_at: datetime, number: int, *, crew: bool
) -> tuple[bool, bool, bool, datetime, int]:
    predicted = status is OutageStatus.PREDICTED
    partly_back = status is OutageStatus.PARTIALLY_RESTORED
    return (predicted, not partly_back, not crew, started_at, number)
