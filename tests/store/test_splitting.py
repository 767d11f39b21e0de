"""Taking reports out of an outage: who is out because of which is settled with them."""

from dataclasses import replace

from dispatch.domain.outage import PredictedDevice, Scope
from dispatch.domain.words import TicketId
from dispatch.procedures.opening import name_of
from dispatch.usecases.attach_ticket import DetachTicket, detach_ticket
from dispatch.usecases.merge_outages import MergeOutages, merge_outages
from dispatch.usecases.split_outage import SplitOutage, split_outage
from tests.store import builders as build
from tests.store.test_grouping import Desk, desk  # noqa: F401 (fixture)


def split(desk: Desk, outage_id, *names: str):  # noqa: F811
    command = SplitOutage(
        outage_id=outage_id,
        tickets=[TicketId(name) for name in names],
        by="dispatcher",
        reason="two trees",
    )
    return split_outage(desk.store, command, now=desk.now)


def homes_of(desk: Desk, outage_id) -> Scope:  # noqa: F811
    return desk.store.outages.scope_out(outage_id)


def test_a_merge_of_two_single_homes_is_undone_by_a_split(desk: Desk):  # noqa: F811
    first, second = desk.report("A", "a0-0", 0), desk.report("B", "b2-0", 300)
    merge = MergeOutages(whole_id=first, part_id=second, by="dispatcher", reason="one tree")
    merge_outages(desk.store, merge, now=desk.now)
    assert len(homes_of(desk, first).usage_points) == 2
    apart = split(desk, first, "B")
    assert len(homes_of(desk, first).usage_points) == 1
    assert homes_of(desk, apart.id).transformers == frozenset()
    assert len(homes_of(desk, apart.id).usage_points) == 1


def test_homes_are_called_by_the_record_of_one_that_is_still_there(desk: Desk):  # noqa: F811
    """Not by the caller who moved on, and never by a telephone or another's account."""
    first, second = desk.report("A", "a0-0", 0), desk.report("B", "b2-0", 300)
    merge = MergeOutages(whole_id=first, part_id=second, by="dispatcher", reason="one tree")
    merge_outages(desk.store, merge, now=desk.now)
    name_it(desk, first, "a0-0")
    apart = split(desk, first, "A")
    assert desk.store.outages.get(first).device.name == "b2-0"
    assert "a0-0" not in desk.store.outages.get(first).device.name
    assert len(homes_of(desk, apart.id).usage_points) == 1


def test_a_caller_moved_by_hand_takes_the_name_of_the_home_along(desk: Desk):  # noqa: F811
    first, second = desk.report("A", "a0-0", 0), desk.report("B", "b2-0", 300)
    merge = MergeOutages(whole_id=first, part_id=second, by="dispatcher", reason="one tree")
    merge_outages(desk.store, merge, now=desk.now)
    name_it(desk, first, "a0-0")
    command = DetachTicket(ticket_id=TicketId("A"), by="dispatcher", reason="the meter box")
    detach_ticket(desk.store, command, now=desk.now)
    assert desk.store.outages.get(first).device.name == "b2-0"


def test_a_home_is_called_by_its_record_whatever_its_caller_said(desk: Desk):  # noqa: F811
    home = desk.store.directory.find_by_account("a0-0")
    ticket = build.a_ticket("A", usage_point_id=home.id, transformer_id=home.transformer_id)
    said = replace(ticket.complaint, account="moved out", phone="13800001234")
    assert name_of(desk.store, replace(ticket, complaint=said)) == "a0-0"


def name_it(desk: Desk, outage_id, name: str) -> None:  # noqa: F811
    """Call the single homes of an outage by one of them, as a look at the feeder does."""
    outage = desk.store.outages.get(outage_id)
    device = PredictedDevice(id=None, kind="service", name=name)
    desk.store.outages.save(replace(outage, device=device))


def test_a_transformer_goes_with_all_of_its_callers(desk: Desk):  # noqa: F811
    for minute, account in enumerate(("a0-0", "a1-0", "a2-0", "a1-1")):
        outage_id = desk.report(account, account, minute)
    desk.now = build.at(5)
    apart = split(desk, outage_id, "a2-0")
    assert homes_of(desk, apart.id).transformers == {"a2"}
    assert homes_of(desk, outage_id).transformers == {"a0", "a1"}
