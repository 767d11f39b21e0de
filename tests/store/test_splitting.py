"""Taking reports out of an outage: who is out because of which is settled with them."""

from dispatch.domain.outage import Scope
from dispatch.domain.words import TicketId
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


def test_a_transformer_goes_with_all_of_its_callers(desk: Desk):  # noqa: F811
    for minute, account in enumerate(("a0-0", "a1-0", "a2-0", "a1-1")):
        outage_id = desk.report(account, account, minute)
    desk.now = build.at(5)
    apart = split(desk, outage_id, "a2-0")
    assert homes_of(desk, apart.id).transformers == {"a2"}
    assert homes_of(desk, outage_id).transformers == {"a0", "a1"}
