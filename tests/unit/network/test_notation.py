"""The text notation: what a drawing means, and that a network drawn reads back the same."""

from dataclasses import replace

import pytest
from hypothesis import given
from shapely import Point

from gis.errors import NotationError
from gis.network.model import Level, Network, SwitchKind, UsagePoint
from gis.network.notation import draw, parse
from tests.unit.network.radial import networks


def in_order(network: Network) -> Network:
    """The same network with every kind of thing in order of its id."""
    return replace(
        network,
        substations=tuple(sorted(network.substations, key=lambda each: each.id)),
        feeders=tuple(sorted(network.feeders, key=lambda each: each.id)),
        sections=tuple(sorted(network.sections, key=lambda each: each.id)),
        switches=tuple(sorted(network.switches, key=lambda each: each.id)),
        transformers=tuple(sorted(network.transformers, key=lambda each: each.id)),
        usage_points=tuple(sorted(network.usage_points, key=lambda each: each.account)),
    )


def test_a_line_is_a_chain_of_nodes_and_connectors() -> None:
    network = parse("[F1] -B:cb1- a(T1:2) -250- b -/L:tie/- c")
    assert network.feeders[0].head_node == "F1"
    assert [(s.id, s.kind, s.normal_open) for s in network.switches] == [
        ("cb1", SwitchKind.BREAKER, False),
        ("tie", SwitchKind.LOAD_BREAK, True),
    ]
    assert [(s.id, s.length_m, s.level) for s in network.sections] == [("a-b", 250, Level.MV)]
    assert [u.account for u in network.usage_points] == ["T1.1", "T1.2"]


def test_a_feeder_may_name_its_head_node_and_substation() -> None:
    network = parse("[F1@n7<S]")
    assert (network.feeders[0].id, network.feeders[0].head_node) == ("F1", "n7")
    assert (network.feeders[0].substation_id, network.substations[0].id) == ("S", "S")


def test_low_voltage_and_service_sections_have_marks_of_their_own() -> None:
    network = parse("a(T>x)\nx =30= y ~12~ z{1}")
    assert [(s.level, s.length_m) for s in network.sections] == [
        (Level.LV, 30),
        (Level.SERVICE, 12),
    ]


def test_comments_and_blank_lines_say_nothing() -> None:
    assert parse("\n# all of it\n   \n") == Network(name="")
    assert parse("a -- b   # the rest") == parse("a -- b")


def test_with_an_origin_a_drawing_has_positions() -> None:
    network = parse("a -- b(T)", origin=Point(115.0, 28.0))
    assert network.transformers[0].point == Point(115.0 + 0.0001 * 5, 28.0 - 0.001)
    line = network.sections[0].line
    assert line is not None
    assert line.coords[0] == (115.0, 28.0 - 0.001)


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("a --", "--"),
        ("a b", "b"),
        ("a -X:1- b", "-X:1-"),
        ("a -/L:1- b", "-/L:1-"),
        ("a(T1:x) -- b", "T1:x"),
        ("a{x}", "a{x}"),
        ("[F", "[F"),
    ],
)
def test_what_draws_nothing_is_refused_with_its_line(text: str, token: str) -> None:
    with pytest.raises(NotationError, match="line 2") as refused:
        parse(f"# first\n{text}")
    assert refused.value.context["token"] == token


def test_ids_with_signs_of_the_notation_read_back_the_same() -> None:
    network = parse("[F] -B:cb- a(T) -- b")
    odd = replace(
        network,
        sections=(replace(network.sections[0], id="线 #1 (东)"),),
        transformers=(
            replace(network.transformers[0], id="T:1,{2}>\u3000", name="T:1,{2}>\u3000"),
        ),
    )
    assert in_order(parse(draw(odd))) == in_order(odd)


def test_a_drawing_tells_nothing_of_a_customer_but_where_he_hangs() -> None:
    network = replace(
        parse("[F] -B:cb- a(T)"),
        usage_points=(
            UsagePoint(account="4711", name="Li", phones=("138",), address="x", transformer_id="T"),
        ),
    )
    drawn = draw(network)
    assert drawn == "[F] -B:cb- a(T:1)\n"


def test_an_empty_network_draws_nothing() -> None:
    assert draw(Network(name="")) == ""


@given(networks())
def test_a_network_drawn_reads_back_the_same(network: Network) -> None:
    assert in_order(parse(draw(network))) == in_order(network)
