"""What a dispatcher reads to correct the grouping."""

import pytest
from sqlalchemy import text

from dispatch.domain.words import TicketId
from dispatch.store.reads.corrections import last_merge, last_split, near_outages
from dispatch.store.reads.network_search import find_in_network
from dispatch.store.reads.suspects import last_look, suspects, thought_out
from dispatch.usecases.merge_outages import MergeOutages, merge_outages
from dispatch.usecases.split_outage import SplitOutage, split_outage
from tests.store import builders as build
from tests.store.test_grouping import Desk, desk  # noqa: F401 (fixture)


@pytest.fixture
def fuse(desk: Desk) -> Desk:  # noqa: F811
    """Four callers below fuse-a, and one far away in time below fuse-b."""
    for minute, account in enumerate(("a0-0", "a1-0", "a2-0", "a1-1")):
        desk.report(account, account, minute)
    desk.report("b2-0", "b2-0", 300)
    return desk


def outage_of(desk: Desk, name: str):  # noqa: F811
    return desk.store.outages.get(desk.held_by(name))


def test_devices_come_with_what_hangs_below_them_the_most_probable_first(fuse: Desk):
    outage = outage_of(fuse, "a0-0")
    assert outage.prediction is not None
    found = suspects(fuse.connection, outage)
    assert [(each.id, each.probability) for each in found] == list(outage.prediction.devices)
    assert (found[0].id, found[0].transformers, found[0].customers) == ("fuse-a", 3, 90)


def test_the_line_of_a_single_home_stands_among_the_devices(fuse: Desk):
    found = suspects(fuse.connection, outage_of(fuse, "b2-0"))
    (home,) = [each for each in found if each.id is None]
    assert (home.kind, home.customers) == ("service", 1)
    assert len(found) > 1


def test_a_transformer_is_out_as_probably_as_any_device_above_it_is_open(fuse: Desk):
    outage = outage_of(fuse, "a0-0")
    assert outage.prediction is not None
    shared = dict(outage.prediction.devices)
    above = shared.get("head", 0.0) + shared["fuse-a"] + shared.get("own-a1", 0.0)
    chance = {each.id: each.probability for each in thought_out(fuse.connection, outage)}
    assert chance["a1"] == pytest.approx(above)
    assert all(chance[name] > 0.8 for name in ("a0", "a1", "a2"))
    assert max(chance.get(name, 0.0) for name in ("b0", "b1", "b2")) < 0.3


def test_the_newest_prediction_gives_its_reasons(fuse: Desk):
    fuse.store.finish()
    look = last_look(fuse.connection, fuse.held_by("a0-0"))
    assert look is not None
    assert look.reasons[0].startswith("most_likely_device?")


def test_near_outages_are_those_of_other_feeders_close_by_as_well(fuse: Desk):
    first, second = fuse.held_by("a0-0"), fuse.held_by("b2-0")
    assert [each.id for each in near_outages(fuse.connection, first, None)] == [second]
    assert near_outages(fuse.connection, first, frozenset({"east"})) == []
    away(fuse, second, degrees_east=0.01)
    (near,) = near_outages(fuse.connection, first, None)
    assert not near.same_feeder
    assert near.distance_m > 500
    away(fuse, second, degrees_east=0.1)
    assert near_outages(fuse.connection, first, None) == []


def away(desk: Desk, outage_id: int, *, degrees_east: float) -> None:  # noqa: F811
    """Put an outage there, on no feeder."""
    moved = "UPDATE outage SET feeder_id = NULL, point = ST_Translate(point, :x, 0) WHERE id = :id"
    desk.connection.execute(text(moved), {"x": degrees_east, "id": outage_id})


def test_the_last_merge_names_who_came_with_it_until_they_left(fuse: Desk):
    first, second = fuse.held_by("a0-0"), fuse.held_by("b2-0")
    merge = MergeOutages(whole_id=first, part_id=second, by="dispatcher", reason="one tree")
    merge_outages(fuse.store, merge, now=fuse.now)
    fuse.store.finish()
    taken = last_merge(fuse.connection, first)
    assert taken is not None
    assert (taken.outage_id, taken.by, taken.tickets) == (second, "dispatcher", ("b2-0",))
    undo = SplitOutage(outage_id=first, tickets=taken.tickets, by="dispatcher", reason="no")
    split_outage(fuse.store, undo, now=build.at(301))
    before = last_merge(fuse.connection, first)
    assert before is not None
    assert before.outage_id != second


def test_the_last_split_is_what_is_still_apart(fuse: Desk):
    first = fuse.held_by("a0-0")
    command = SplitOutage(
        outage_id=first, tickets=[TicketId("a2-0")], by="dispatcher", reason="two trees"
    )
    apart = split_outage(fuse.store, command, now=fuse.now)
    fuse.store.finish()
    found = last_split(fuse.connection, first)
    assert found is not None
    assert (found.outage_id, found.by) == (apart.id, "dispatcher")
    back = MergeOutages(whole_id=first, part_id=apart.id, by="dispatcher", reason="one tree")
    merge_outages(fuse.store, back, now=fuse.now)
    assert last_split(fuse.connection, first) is None


@pytest.mark.parametrize(
    ("words", "with_transformers", "expected"),
    [
        ("fuse-", False, ["fuse-a", "fuse-b"]),
        ("FUSE FUSE-A", False, ["fuse-a"]),
        ("own-a", True, ["own-a0", "own-a1", "own-a2"]),
        ("transformer a1", False, []),
        ("%", True, []),
    ],
)
def test_devices_are_found_by_name_or_number(
    desk: Desk,  # noqa: F811
    words: str,
    with_transformers: bool,  # noqa: FBT001
    expected: list[str],
):
    found = find_in_network(desk.connection, words, None, with_transformers=with_transformers)
    assert [each.id for each in found] == expected
    assert (
        find_in_network(
            desk.connection, words, frozenset({"east"}), with_transformers=with_transformers
        )
        == []
    )


def test_a_transformer_that_no_device_is_named_after_is_found_for_planned_work(desk: Desk):  # noqa: F811
    found = find_in_network(desk.connection, "transformer a1", None, with_transformers=True)
    assert [(each.id, each.kind) for each in found] == [("a1", "transformer-only")]
