"""Tracing small drawn networks: the forest of devices, and what is wrong with the data."""

import pytest

from gis.errors import UnknownDevice
from gis.network.devices import DeviceKind, ProblemKind, Tracing
from gis.network.model import (
    Feeder,
    Level,
    LineSection,
    Network,
    Switch,
    SwitchKind,
    Transformer,
    UsagePoint,
)
from gis.network.notation import parse
from gis.network.trace import trace

TWO_FEEDERS = """
[F1] -B:cb1- a(T1:12) -250- b -F:k1- c(T2:3)
                            b -R:r1- d(T3:30)
d -/L:tie/- e
[F2] -B:cb2- e(T4:5)
"""


def outline(tracing: Tracing) -> list[str]:
    return ["  " * device.depth + device.id for device in tracing.devices]


def kinds(tracing: Tracing) -> list[ProblemKind]:
    return [problem.kind for problem in tracing.problems]


def test_devices_stand_in_preorder_under_the_breaker_of_their_feeder() -> None:
    assert outline(trace(parse(TWO_FEEDERS))) == [
        "switch:cb1",
        "  switch:k1",
        "    transformer:T2",
        "  switch:r1",
        "    transformer:T3",
        "  transformer:T1",
        "switch:cb2",
        "  transformer:T4",
    ]


def test_a_sound_network_has_no_problems() -> None:
    assert trace(parse(TWO_FEEDERS)).problems == ()


def test_a_device_counts_the_transformers_and_customers_at_and_below_it() -> None:
    tracing = trace(parse(TWO_FEEDERS))
    breaker, fuse = tracing.device("switch:cb1"), tracing.device("switch:k1")
    assert (breaker.transformers, breaker.customers) == (3, 45)
    assert (fuse.transformers, fuse.customers) == (1, 3)


def test_a_device_is_exposed_by_the_line_down_to_the_next_devices_only() -> None:
    tracing = trace(parse("[F] -B:cb- a -250- b -F:k- c -30- d"))
    assert tracing.device("switch:cb").length_m == 250
    assert tracing.device("switch:k").length_m == 30


def test_a_disconnected_customer_has_a_feeder_but_counts_for_no_device() -> None:
    network = parse("[F] -B:cb- a(T:2)")
    gone = UsagePoint(account="gone", transformer_id="T", disconnected_for="arrears")
    tracing = trace(
        Network(
            name="",
            feeders=network.feeders,
            switches=network.switches,
            transformers=network.transformers,
            usage_points=(*network.usage_points, gone),
        )
    )
    assert tracing.feeder_of_account["gone"] == "F"
    assert tracing.device("switch:cb").customers == 2
    assert "gone" not in tracing.tree("F").accounts


def test_a_feeder_without_a_switch_at_its_head_gets_a_head_of_its_own() -> None:
    head = trace(parse("[F] -- a -F:k- b(T:1)")).devices[0]
    assert (head.id, head.kind, head.asset_id) == ("feeder:F", DeviceKind.FEEDER_HEAD, "F")


def test_a_breaker_behind_its_bay_disconnector_heads_the_feeder() -> None:
    assert outline(trace(parse("[F] -D:bay- a -B:cb- b -D:line- c(T:1)"))) == [
        "switch:cb",
        "  transformer:T",
    ]


def test_a_fuse_behind_a_section_does_not_head_the_feeder() -> None:
    assert outline(trace(parse("[F] -D:bay- a -- b -F:k- c"))) == ["feeder:F", "  switch:k"]


def test_switches_that_open_by_hand_only_are_no_devices_but_cut_when_open() -> None:
    closed = trace(parse("[F] -B:cb- a -L:lb- b -D:ds- c(T:1)"))
    assert outline(closed) == ["switch:cb", "  transformer:T"]
    opened = trace(parse("[F] -B:cb- a -/L:lb/- b -D:ds- c(T:1)"))
    assert outline(opened) == ["switch:cb"]


def test_a_closed_tie_hands_the_load_of_a_dead_feeder_to_its_neighbour() -> None:
    tracing = trace(parse(TWO_FEEDERS), {"cb2"})
    assert tracing.feeder_of_transformer["T4"] == "F1"
    assert tracing.below("switch:cb2") == (tracing.device("switch:cb2"),)
    assert tracing.problems == ()


def test_feeders_keep_their_own_colour_on_both_sides_of_an_open_tie() -> None:
    tracing = trace(parse(TWO_FEEDERS))
    assert (tracing.feeder_of_node["d"], tracing.feeder_of_node["e"]) == ("F1", "F2")


def test_feeders_that_meet_are_cut_at_the_tie_and_named_with_the_switches_between() -> None:
    tracing = trace(parse(TWO_FEEDERS), frozenset())
    (problem,) = tracing.problems
    assert problem.kind is ProblemKind.FEEDERS_MEET
    assert problem.ids == ("F1", "F2", "tie", "cb1", "r1", "cb2")
    assert tracing.feeder_of_transformer == {"T1": "F1", "T2": "F1", "T3": "F1", "T4": "F2"}


def test_a_loop_is_named_by_all_that_lies_on_it_and_cut_in_its_middle() -> None:
    tracing = trace(parse("[F] -B:cb- a -- b -- c(T:7) -- d -- a"))
    (problem,) = tracing.problems
    assert problem.kind is ProblemKind.LOOP
    assert set(problem.ids) == {"a-b", "b-c", "c-d", "d-a"}
    assert problem.ids[0] in {"b-c", "c-d"}
    assert tracing.device("switch:cb").customers == 7
    assert tracing.device("switch:cb").length_m == 400


def test_a_loop_through_a_closed_tie_is_cut_at_the_tie() -> None:
    network = parse("[F] -B:cb- a -R:r- b -- c\na -/L:tie/- c")
    (problem,) = trace(network, frozenset()).problems
    assert problem.ids[0] == "tie"


def test_two_lines_side_by_side_are_a_loop() -> None:
    (problem,) = trace(parse("[F] -B:cb- a -- b\na -- b")).problems
    assert (problem.kind, set(problem.ids)) == (ProblemKind.LOOP, {"a-b", "a-b/2"})


def test_what_no_switch_could_join_to_a_feeder_is_an_island() -> None:
    tracing = trace(parse("[F] -B:cb- a(T:1)\nx -- y -F:k- z(U:4)"))
    assert kinds(tracing) == [ProblemKind.ISLAND, ProblemKind.TRANSFORMER_UNREACHED]
    assert set(tracing.problems[0].ids) == {"x-y", "k", "U"}
    assert tracing.problems[1].ids == ("U",)
    assert tracing.device("switch:cb").customers == 1


def test_what_lies_behind_an_open_switch_is_unsupplied_and_no_island() -> None:
    tracing = trace(parse("[F] -B:cb- a -/L:x/- b -- c(T:1)"))
    assert kinds(tracing) == [ProblemKind.UNSUPPLIED, ProblemKind.TRANSFORMER_UNREACHED]


def test_a_switch_on_no_section_is_named() -> None:
    tracing = trace(parse("[F] -B:cb- a(T:1)\nx -F:lost- y"))
    assert [(p.kind, p.ids) for p in tracing.problems] == [
        (ProblemKind.SWITCH_ON_NO_SECTION, ("lost",))
    ]


def test_an_open_switch_with_a_free_end_is_no_problem() -> None:
    assert trace(parse("[F] -B:cb- a(T:1) -/D:spare/- b")).problems == ()


def test_a_transformer_on_no_section_is_named() -> None:
    tracing = trace(parse("[F] -B:cb- a(T:1)\nx(U:4)"))
    assert [(p.kind, p.ids) for p in tracing.problems] == [
        (ProblemKind.TRANSFORMER_ON_NO_SECTION, ("U",))
    ]


@pytest.mark.parametrize(
    "lost",
    [
        UsagePoint(account="lost"),
        UsagePoint(account="lost", transformer_id="nowhere"),
        UsagePoint(account="lost", node="nowhere"),
    ],
)
def test_a_customer_on_no_transformer_is_named_and_has_no_feeder(lost: UsagePoint) -> None:
    sound = parse("[F] -B:cb- a(T:1)")
    tracing = trace(
        Network(
            name="",
            feeders=sound.feeders,
            switches=sound.switches,
            transformers=sound.transformers,
            usage_points=(*sound.usage_points, lost),
        )
    )
    assert [(p.kind, p.ids) for p in tracing.problems] == [
        (ProblemKind.CUSTOMER_ON_NO_TRANSFORMER, ("lost",))
    ]
    assert list(tracing.feeder_of_account) == ["T.1"]


def test_a_customer_whose_node_hangs_on_another_transformer_is_named_and_stays_on_record() -> None:
    drawn = parse("[F] -B:cb- a(T>x) -- b(U>y)")
    astray = UsagePoint(account="astray", transformer_id="T", node="y")
    tracing = trace(
        Network(
            name="",
            feeders=drawn.feeders,
            sections=drawn.sections,
            switches=drawn.switches,
            transformers=drawn.transformers,
            usage_points=(astray,),
        )
    )
    assert [(p.kind, p.ids) for p in tracing.problems] == [
        (ProblemKind.CUSTOMER_ELSEWHERE, ("astray", "T", "U"))
    ]
    assert tracing.transformer_of_account["astray"] == "T"


def test_the_first_of_two_rows_with_one_id_counts() -> None:
    section = {"level": Level.MV, "length_m": 1.0}
    tracing = trace(
        Network(
            name="",
            feeders=(Feeder(id="F", name="F", substation_id=None, head_node="h"),),
            sections=(
                LineSection(id="s", from_node="h", to_node="a", **section),  # type: ignore[arg-type]
                LineSection(id="s", from_node="a", to_node="b", **section),  # type: ignore[arg-type]
            ),
        )
    )
    assert [(p.kind, p.ids) for p in tracing.problems] == [(ProblemKind.DUPLICATE_ID, ("s",))]
    assert set(tracing.feeder_of_node) == {"h", "a"}


def test_a_section_with_both_ends_on_one_node_is_of_zero_length_and_does_no_harm() -> None:
    tracing = trace(parse("[F] -B:cb- a(T:1) -- a"))
    assert [(p.kind, p.ids) for p in tracing.problems] == [(ProblemKind.ZERO_LENGTH, ("a-a",))]
    assert tracing.device("switch:cb").customers == 1


def test_of_two_feeders_with_one_head_the_first_keeps_it() -> None:
    tracing = trace(parse("[F@h] -B:cb- a(T:1)\n[G@h]"))
    assert [(p.kind, p.ids) for p in tracing.problems] == [(ProblemKind.SHARED_HEAD, ("F", "G"))]
    assert tracing.feeder_of_transformer == {"T": "F"}
    assert tracing.head_of_feeder == {"F": "switch:cb", "G": "feeder:G"}


def test_a_feeder_whose_head_touches_nothing_is_named() -> None:
    assert kinds(trace(parse("[F]"))) == [ProblemKind.HEAD_NOWHERE]


def test_two_feeders_at_the_ends_of_one_breaker_have_different_heads() -> None:
    tracing = trace(parse("[F] -B:cb- x\n[G@x]"), {"cb"})
    assert len(set(tracing.head_of_feeder.values())) == 2
    assert len({device.id for device in tracing.devices}) == len(tracing.devices)


def test_low_voltage_devices_hang_below_their_transformer() -> None:
    tracing = trace(parse("[F] -B:cb- a(T:4>x)\nx =30= y{2} -F:lv- z{3}"))
    assert outline(tracing) == ["switch:cb", "  transformer:T", "    switch:lv"]
    assert tracing.device("switch:lv").transformer_id == "T"
    assert tracing.device_of_account["z.1"] == "switch:lv"
    assert tracing.device_of_account["y.1"] == "transformer:T"
    assert tracing.transformer_of_account["z.1"] == "T"
    assert list(tracing.tree("F").low_voltage) == [False, False, True]


def test_low_voltage_fed_from_two_transformers_is_a_loop_and_both_keep_their_device() -> None:
    tracing = trace(parse("[F] -B:cb- a(T>x) -- b(U>y)\nx == y{1}"))
    assert kinds(tracing) == [ProblemKind.LOOP]
    assert set(tracing.device_of_transformer) == {"T", "U"}


def test_supply_never_goes_up_through_a_transformer() -> None:
    tracing = trace(parse("[F] -B:cb- a(T>x)\nx == y\nb(U:9>y)"))
    assert tracing.feeder_of_transformer == {"T": "F"}


def test_a_medium_voltage_customer_has_a_device_and_a_feeder_but_no_transformer() -> None:
    tracing = trace(parse("[F] -B:cb- a -F:k- b{1}"))
    assert tracing.device_of_account == {"b.1": "switch:k"}
    assert tracing.transformer_of_account == {}


def test_an_empty_network_gives_an_empty_tracing() -> None:
    tracing = trace(Network(name=""))
    assert (tracing.devices, tracing.problems) == ((), ())


def test_the_path_to_the_head_starts_with_the_device_itself() -> None:
    path = trace(parse(TWO_FEEDERS)).path_to_head("transformer:T2")
    assert [device.id for device in path] == ["transformer:T2", "switch:k1", "switch:cb1"]


def test_devices_of_two_feeders_have_no_common_device() -> None:
    tracing = trace(parse(TWO_FEEDERS))
    assert tracing.lowest_common_device(["transformer:T1", "transformer:T4"]) is None
    assert tracing.lowest_common_device([]) is None


def test_an_unknown_device_or_feeder_is_refused_by_name() -> None:
    tracing = trace(parse(TWO_FEEDERS))
    with pytest.raises(UnknownDevice, match="switch:nope"):
        tracing.path_to_head("switch:nope")
    with pytest.raises(UnknownDevice, match="F9"):
        tracing.tree("F9")


def test_the_arrays_of_a_feeder_say_the_same_as_its_devices() -> None:
    tree = trace(parse(TWO_FEEDERS)).tree("F1")
    assert tree.ids[:2] == ("switch:cb1", "switch:k1")
    assert tree.parent.tolist() == [-1, 0, 1, 0, 3, 0]
    assert tree.post.tolist() == [6, 3, 3, 5, 5, 6]
    assert tree.customers.tolist() == [0, 0, 3, 0, 30, 12]
    first, last = tree.customers_below(1)
    assert tree.accounts[first:last] == ("T2.1", "T2.2", "T2.3")


def test_a_feeder_of_a_hundred_thousand_sections_in_a_row_needs_no_recursion() -> None:
    count = 100_000
    sections = tuple(
        LineSection(id=str(i), from_node=str(i), to_node=str(i + 1), level=Level.MV, length_m=1.0)
        for i in range(count)
    )
    tracing = trace(
        Network(
            name="",
            feeders=(Feeder(id="F", name="F", substation_id=None, head_node="0"),),
            sections=sections,
            switches=(Switch(id="k", kind=SwitchKind.FUSE, from_node=str(count), to_node="end"),),
            transformers=(Transformer(id="T", name="T", node="end"),),
        )
    )
    assert tracing.device("feeder:F").length_m == count
    assert tracing.feeder_of_transformer == {"T": "F"}
