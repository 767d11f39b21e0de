"""A proposal to split is decided once, and the most urgent stands first."""

from collections.abc import Callable

import pytest

from dispatch.domain.outage import PredictedDevice
from dispatch.domain.proposal import (
    LikelyPlace,
    ProposalStatus,
    SplitProposal,
    most_urgent_first,
)
from dispatch.domain.words import DistrictId, OutageId, ProposalId, TicketId
from dispatch.errors import IllegalStep
from tests.unit.core import NOW, after

HOME = PredictedDevice(id=None, kind="service", name="A1")


def proposed(number: int = 1, minute: float = 0, **facts: object) -> SplitProposal:
    given: dict[str, object] = {
        "id": ProposalId(number),
        "outage_id": OutageId(7),
        "district_id": DistrictId("main"),
        "place": LikelyPlace(device=HOME, lon=115.9, lat=28.7),
        "probability": 0.8,
        "tickets": (TicketId("a"),),
        "reasons": ("not_below",),
        "proposed_at": after(minute),
    }
    return SplitProposal(**(given | facts))


DECISIONS: dict[ProposalStatus, Callable[[SplitProposal], SplitProposal]] = {
    ProposalStatus.ACCEPTED: lambda p: p.accept(NOW, "d", OutageId(8)),
    ProposalStatus.DISMISSED: lambda p: p.dismiss(NOW, "d", "asked her"),
    ProposalStatus.WITHDRAWN: lambda p: p.withdraw(NOW, "relight", "split_explained"),
}


@pytest.mark.parametrize("first", DECISIONS)
@pytest.mark.parametrize("second", DECISIONS)
def test_what_was_decided_stays_decided(first: ProposalStatus, second: ProposalStatus):
    decided = DECISIONS[first](proposed())
    assert (decided.status, decided.decided_at) == (first, NOW)
    with pytest.raises(IllegalStep):
        DECISIONS[second](decided)


def test_danger_comes_first_then_critical_customers_then_the_oldest():
    old, new = proposed(1, 0), proposed(2, 5)
    clinic = proposed(3, 6, critical=True)
    danger = proposed(4, 7, hazards=("wire_down",))
    both = proposed(5, 8, hazards=("sparks",), critical=True)
    listed = sorted((new, old, clinic, danger, both), key=most_urgent_first)
    assert listed == [both, danger, clinic, old, new]


def test_the_same_reports_at_another_place_are_another_proposal():
    fuse = PredictedDevice(id="F1", kind="fuse", name="F1")
    there = proposed(place=LikelyPlace(device=fuse, lon=115.9, lat=28.7))
    assert proposed().is_as(proposed(2, 9))
    assert not proposed().is_as(there)
    assert not proposed().is_as(proposed(tickets=(TicketId("a"), TicketId("b"))))
