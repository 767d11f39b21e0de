"""A fault hidden behind a confirmed outage: proposed once, accepted, dismissed or withdrawn."""

import pytest
from sqlalchemy import text

from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import OutageStatus, PredictedDevice
from dispatch.domain.proposal import ProposalStatus, SplitProposal
from dispatch.domain.words import OutageId, TicketId
from dispatch.errors import IllegalStep, InvalidInput, ReasonRequired, StaleVersion
from dispatch.sayings import say_reason
from dispatch.usecases.attach_ticket import DetachTicket, detach_ticket
from dispatch.usecases.decide_split import (
    AcceptSplit,
    DismissSplit,
    accept_split,
    dismiss_split,
)
from dispatch.usecases.restore_outage import RestoreOutage, restore_outage
from tests.store import builders as build
from tests.store.test_grouping import Desk, desk  # noqa: F401 (fixture)

FUSE = PredictedDevice(id="fuse-a", kind="fuse", name="fuse-a")


@pytest.fixture
def outage(desk: Desk) -> OutageId:  # noqa: F811
    """The fuse of lateral a, confirmed half an hour after three calls; nobody comes home late."""
    build.adopt_rates(desk.store, straggling=0.0)
    for minute, account in enumerate(("a0-0", "a1-0", "a2-0")):
        desk.report(account, account, minute)
    desk.now = build.at(30)
    desk.confirm(desk.held_by("a0-0"), FUSE)
    return desk.held_by("a0-0")


def waiting(desk: Desk) -> list[SplitProposal]:  # noqa: F811
    return list(desk.store.proposals.list_open_along("F1"))


def journal(desk: Desk) -> list[str]:  # noqa: F811
    desk.store.finish()
    kinds = text("SELECT kind FROM event WHERE kind LIKE 'split.%' ORDER BY id")
    return list(desk.connection.scalars(kinds))


def accept(desk: Desk, proposal: SplitProposal, seen: int | None = None) -> SplitProposal:  # noqa: F811
    command = AcceptSplit(proposal_id=proposal.id, by="dispatcher", seen_version=seen)
    return accept_split(desk.store, command, now=desk.now)


def dismiss(desk: Desk, proposal: SplitProposal, why: str = "asked her") -> SplitProposal:  # noqa: F811
    command = DismissSplit(proposal_id=proposal.id, by="dispatcher", reason=why)
    return dismiss_split(desk.store, command, now=desk.now)


def test_one_late_caller_is_proposed_as_a_home_of_its_own_before_calling_twice(
    desk: Desk,  # noqa: F811
    outage: OutageId,
):
    desk.report("late", "a1-2", 660)
    (proposal,) = waiting(desk)
    assert (proposal.outage_id, proposal.tickets) == (outage, (TicketId("late"),))
    home = desk.store.directory.find_by_account("a1-2")
    assert proposal.place.is_home and proposal.place.usage_point_id == home.id
    assert proposal.place.device.name == "a1-2"
    assert 1 / 3 < proposal.probability < 1
    said = [say_reason(each).en for each in proposal.reasons]
    assert said[0].startswith("reported 660 minutes after the outage began")
    assert journal(desk) == ["split.proposed"]


def test_it_is_proposed_once(desk: Desk, outage: OutageId):  # noqa: F811
    desk.report("late", "a1-2", 660)
    (before,) = waiting(desk)
    desk.look(661)
    desk.look(662)
    (after,) = waiting(desk)
    assert after.id == before.id
    assert journal(desk) == ["split.proposed"]


def test_two_late_callers_of_one_transformer_are_one_fault_of_it(
    desk: Desk,  # noqa: F811
    outage: OutageId,
):
    desk.report("late", "a1-2", 660)
    desk.report("too", "a1-3", 664)
    (proposal,) = waiting(desk)
    assert set(proposal.tickets) == {"late", "too"}
    assert proposal.place.device.id == "own-a1"
    assert say_reason(proposal.reasons[0]).en.startswith("2 reports below transformer own-a1")
    assert journal(desk) == ["split.proposed", "split.revised"]


def test_late_callers_with_nothing_in_common_but_the_open_device_are_homes_of_their_own(
    desk: Desk,  # noqa: F811
    outage: OutageId,
):
    desk.report("late", "a1-2", 660)
    desk.report("too", "a2-2", 664)
    assert sorted(p.tickets for p in waiting(desk)) == [("late",), ("too",)]


def test_danger_and_critical_customers_are_marked(desk: Desk, outage: OutageId):  # noqa: F811
    build.add_home(desk.connection, "clinic", "a2", critical="clinic")
    desk.report("clinic", "clinic", 600)
    desk.report("burning", "a0-4", 640, hazards=("sparks",), symptoms=("no_power",))
    marks = {p.tickets[0]: (p.hazards, p.critical) for p in waiting(desk)}
    assert marks == {"clinic": ((), True), "burning": (("sparks",), False)}


def test_accepted_the_home_gets_an_outage_and_an_order_of_its_own(
    desk: Desk,  # noqa: F811
    outage: OutageId,
):
    desk.report("late", "a1-2", 660)
    (proposal,) = waiting(desk)
    accepted = accept(desk, proposal, seen=proposal.version)
    assert (accepted.status, accepted.decided_by) == (ProposalStatus.ACCEPTED, "dispatcher")
    apart = desk.store.outages.get(accepted.into_id)
    assert desk.held_by("late") == apart.id != outage
    scope = desk.store.outages.scope_out(apart.id)
    home = desk.store.directory.find_by_account("a1-2")
    assert (scope.transformers, scope.usage_points) == (frozenset(), {home.id})
    assert "a1" in desk.store.outages.scope_out(outage).transformers
    order = desk.store.orders.find_open_of_outage(apart.id)
    assert order.status is OrderStatus.AWAITING_ASSIGNMENT
    assert journal(desk) == ["split.proposed", "split.accepted"]


def test_accepted_it_stays_apart_when_the_feeder_is_looked_at_again(
    desk: Desk,  # noqa: F811
    outage: OutageId,
):
    desk.report("late", "a1-2", 660)
    accepted = accept(desk, waiting(desk)[0])
    desk.look(661)
    desk.look(670)
    assert desk.held_by("late") == accepted.into_id
    assert desk.store.outages.get(accepted.into_id).status is OutageStatus.PREDICTED
    assert waiting(desk) == []


def test_accepted_for_a_device_the_new_outage_is_thought_to_be_there(
    desk: Desk,  # noqa: F811
    outage: OutageId,
):
    desk.report("late", "a1-2", 660)
    desk.report("too", "a1-3", 664)
    accepted = accept(desk, waiting(desk)[0])
    apart = desk.store.outages.get(accepted.into_id)
    assert apart.device.id == "own-a1"
    assert apart.started_at == build.at(660)
    assert desk.held_by("too") == apart.id
    # a1-0 called for the first outage, which therefore keeps the transformer
    assert "a1" in desk.store.outages.scope_out(outage).transformers


def test_what_changed_since_it_was_read_is_not_accepted(desk: Desk, outage: OutageId):  # noqa: F811
    desk.report("late", "a1-2", 660)
    (read,) = waiting(desk)
    desk.report("too", "a1-3", 664)
    with pytest.raises(StaleVersion):
        accept(desk, read, seen=read.version)


def test_a_proposal_is_decided_once(desk: Desk, outage: OutageId):  # noqa: F811
    desk.report("late", "a1-2", 660)
    (proposal,) = waiting(desk)
    dismiss(desk, proposal)
    with pytest.raises(IllegalStep):
        accept(desk, proposal)


def test_reports_that_went_elsewhere_meanwhile_are_not_split(
    desk: Desk,  # noqa: F811
    outage: OutageId,
):
    desk.report("late", "a1-2", 660)
    (proposal,) = waiting(desk)
    command = DetachTicket(ticket_id=TicketId("late"), by="agent", reason="her own fuse")
    detach_ticket(desk.store, command, now=desk.now)
    with pytest.raises(InvalidInput):
        accept(desk, proposal)
    desk.look(661)
    assert waiting(desk) == []


def test_dismissing_needs_a_reason(desk: Desk, outage: OutageId):  # noqa: F811
    desk.report("late", "a1-2", 660)
    with pytest.raises(ReasonRequired):
        dismiss(desk, waiting(desk)[0], why=" ")


def test_dismissed_it_is_not_raised_again_for_the_same_reports(
    desk: Desk,  # noqa: F811
    outage: OutageId,
):
    desk.report("late", "a1-2", 660)
    dismiss(desk, waiting(desk)[0])
    desk.look(661)
    desk.look(700)
    assert waiting(desk) == []
    assert desk.held_by("late") == outage


def test_another_report_is_new_evidence_after_a_dismissal(desk: Desk, outage: OutageId):  # noqa: F811
    desk.report("late", "a1-2", 660)
    dismiss(desk, waiting(desk)[0])
    desk.report("too", "a1-3", 664)
    (proposal,) = waiting(desk)
    assert set(proposal.tickets) == {"late", "too"}


def test_it_withdraws_itself_when_its_reports_are_no_longer_doubted(
    desk: Desk,  # noqa: F811
    outage: OutageId,
):
    desk.report("late", "a1-2", 660)
    (proposal,) = waiting(desk)
    desk.connection.execute(
        text("UPDATE outage SET started_at = :at WHERE id = :id"),
        {"at": build.at(650), "id": outage},
    )
    desk.look(661)
    withdrawn = desk.store.proposals.get(proposal.id)
    assert (withdrawn.status, withdrawn.decided_by) == (ProposalStatus.WITHDRAWN, "relight")
    assert say_reason(withdrawn.decided_for).en == "what came later explains these reports"
    assert journal(desk) == ["split.proposed", "split.withdrawn"]


def test_it_ends_with_its_outage(desk: Desk, outage: OutageId):  # noqa: F811
    desk.report("late", "a1-2", 660)
    command = RestoreOutage(outage_id=outage, at=build.at(662), by="C1")
    restore_outage(desk.store, command, now=build.at(662))
    assert waiting(desk) == []
    assert journal(desk)[-1] == "split.withdrawn"
