"""Trees assumed where none is on record, and judging on them."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.assumed import AREA, one_zone, tree_of_cells, zones_along_lines
from dispatch.domain.facts import (
    DistrictEvidence,
    FeederEvidence,
    FeederTree,
    ReportFact,
    TransformerNode,
)
from dispatch.domain.words import DistrictId, NetworkLevel, TicketId, UsagePointId
from dispatch.feeder import Feeder
from dispatch.judging import SUREST, well_may_be
from dispatch.levels import (
    View,
    along_lines,
    by_position,
    by_transformer,
    cell_at,
    judge_views,
    likest,
    rates_at,
)
from dispatch.rates import Rates
from dispatch.verdict import Costs, Verdict

NOW = datetime(2024, 5, 1, 12, tzinfo=UTC)
METRE = 1 / 111_195
AT_TRANSFORMERS = rates_at(NetworkLevel.TRANSFORMER, Rates())
AT_POINTS = rates_at(NetworkLevel.POINTS, Rates())


def stands(n: int, east_m: float, north_m: float = 0.0, customers: int = 30) -> TransformerNode:
    return TransformerNode(
        id=f"t{n}",
        name=f"T{n}",
        device_id=None,
        pre=0,
        lon=east_m * METRE,
        lat=north_m * METRE,
        customers=customers,
    )


def street(count: int, step_m: float = 200.0) -> list[TransformerNode]:
    return [stands(n, n * step_m) for n in range(count)]


def report(
    n: int, minutes_ago: float, *, transformer: str | None = None, east_m: float = 0.0
) -> ReportFact:
    return ReportFact(
        ticket_id=TicketId(f"R{n:03d}"),
        usage_point_id=None if transformer is None else UsagePointId(n),
        transformer_id=transformer,
        outage_id=None,
        received_at=NOW - timedelta(minutes=minutes_ago),
        lon=east_m * METRE,
        lat=0.0,
        accuracy_m=30.0,
    )


def on_transformers(spots: list[TransformerNode], *reports: ReportFact) -> Verdict:
    """What is judged where all stand in one zone."""
    known = FeederEvidence(tree=FeederTree(feeder_id=""), reports=reports)
    feeders = [Feeder(tree, AT_TRANSFORMERS) for tree in one_zone(spots)]
    views = [View(along_lines(known, feeder), feeder) for feeder in feeders]
    return judge_views(views, AT_TRANSFORMERS, Costs(), now=NOW)[1]


def on_points(*reports: ReportFact, per_km2: float = 500.0) -> Verdict:
    district = DistrictEvidence(
        district_id=DistrictId("D"),
        customers=10_000,
        reports=reports,
        per_km2={r.ticket_id: per_km2 for r in reports},
    )
    evidence = by_position(district)
    view = View(evidence, Feeder(evidence.tree, AT_POINTS))
    return judge_views([view], AT_POINTS, Costs(), now=NOW)[1]


places = st.lists(
    st.tuples(st.integers(-3_000, 3_000), st.integers(-3_000, 3_000)), min_size=1, max_size=40
)


def is_preorder(tree: FeederTree) -> bool:
    """Whether intervals nest as the parents say, and every place lies in one."""
    by_id = {d.id: d for d in tree.devices}
    return (
        len(by_id) == len(tree.devices)
        and [d.pre for d in tree.devices] == list(range(len(tree.devices)))
        and all(d.pre < d.post <= len(tree.devices) for d in tree.devices)
        and all(
            by_id[d.parent_id].pre < d.pre and d.post <= by_id[d.parent_id].post
            for d in tree.devices
            if d.parent_id is not None
        )
        and all(0 <= t.pre < len(tree.devices) for t in tree.transformers)
    )


@given(places)
@settings(max_examples=60, deadline=None)
def test_every_tree_assumed_over_transformers_holds_each_of_them_once(found):
    spots = [stands(n, x, y) for n, (x, y) in enumerate(found)]
    zones = zones_along_lines(spots)
    for trees in zones:
        assert all(is_preorder(tree) for tree in trees)
        members = [sorted(t.id for t in tree.transformers) for tree in trees]
        assert all(each == members[0] for each in members)
    assert sorted(t.id for trees in zones for t in trees[0].transformers) == sorted(
        spot.id for spot in spots
    )


@given(places)
@settings(max_examples=40, deadline=None)
def test_a_tree_over_cells_holds_each_of_them_and_those_elsewhere(found):
    cells = [stands(n, x, y, 5) for n, (x, y) in enumerate(found)]
    tree = tree_of_cells(cells, [300.0] * len(cells), 1_000)
    assert is_preorder(tree)
    assert {c.id for c in cells} <= {t.id for t in tree.transformers}
    heads = [d for d in tree.devices if d.parent_id is None]
    assert Feeder(tree, AT_POINTS).customers[[d.pre for d in heads]].sum() >= 1_000


@given(places, st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_the_transformers_makes_no_difference(found, random):
    spots = [stands(n, x, y) for n, (x, y) in enumerate(dict.fromkeys(found))]
    shuffled = random.sample(spots, len(spots))
    areas = [
        {d.id for trees in zones_along_lines(some) for d in trees[0].devices}
        for some in (spots, sorted(shuffled, key=lambda spot: int(spot.id[1:])))
    ]
    assert areas[0] == areas[1]


def test_transformers_all_in_one_place_make_one_area():
    (trees,) = zones_along_lines([stands(n, 0.0) for n in range(6)])
    assert all(len(tree.transformers) == 6 for tree in trees)


def test_no_zone_is_more_than_a_feeder_can_supply():
    spots = [stands(n, n * 100, customers=4_000) for n in range(6)]
    assert all(
        sum(t.customers for t in trees[0].transformers) <= 10_000
        for trees in zones_along_lines(spots)
    )


def test_what_stands_too_far_away_is_in_another_zone():
    assert len(zones_along_lines([*street(3), stands(9, 9_000)])) == 2


def test_a_first_report_is_one_home():
    (judged,) = on_transformers(street(6), report(1, 2, transformer="t0")).outages
    assert judged.device_id is None
    assert judged.level is NetworkLevel.TRANSFORMER


def test_two_customers_of_a_transformer_are_the_transformer():
    (judged,) = on_transformers(
        street(6), report(1, 5, transformer="t1"), report(2, 3, transformer="t1")
    ).outages
    assert judged.device_id == "transformer:t1"
    assert judged.transformers == {"t1"}


def test_the_end_of_a_street_goes_dark_together_from_whichever_side_it_is_fed():
    for dark in (("t0", "t1", "t2"), ("t5", "t4", "t3")):
        calls = [
            report(10 * n + k, 40 - 3 * n - k, transformer=place)
            for n, place in enumerate(dark)
            for k in range(4)
        ]
        (judged,) = on_transformers(street(6), *calls).outages
        assert judged.transformers == set(dark)
        assert judged.device_id is not None and judged.device_id.startswith(AREA)


def test_no_area_is_told_surer_than_its_level_allows():
    calls = [report(n, 30 - n, transformer=f"t{n % 3}") for n in range(12)]
    for judged in on_transformers(street(6), *calls).outages:
        if judged.device_id is not None:
            assert judged.probability <= SUREST[NetworkLevel.TRANSFORMER]
            assert sum(p for _, p in judged.devices) <= SUREST[NetworkLevel.TRANSFORMER] + 0.01


def test_silence_of_the_neighbours_speaks_against_the_whole_street():
    calls = [report(n, 60 - n, transformer="t0") for n in range(6)]
    (judged,) = on_transformers(street(12), *calls).outages
    assert judged.transformers == {"t0"}


def test_callers_close_by_are_one_outage_and_far_ones_another():
    near = [report(n, 20 - n, east_m=n * 120.0) for n in range(5)]
    verdict = on_points(*near, report(90, 2, east_m=12_000.0))
    whole = max(verdict.outages, key=lambda judged: len(judged.tickets))
    assert set(whole.tickets) == {r.ticket_id for r in near}
    assert whole.level is NetworkLevel.POINTS
    assert whole.transformers == frozenset()
    assert whole.probability <= SUREST[NetworkLevel.POINTS]


def test_callers_hours_apart_are_not_one_outage():
    verdict = on_points(report(1, 600, east_m=0.0), report(2, 1, east_m=300.0))
    assert len(verdict.outages) == 2


def test_a_caller_placed_badly_may_be_in_any_cell_around():
    good = [report(n, 20 - n, east_m=n * 150.0) for n in range(3)]
    evidence = by_position(
        DistrictEvidence(
            district_id=DistrictId("D"),
            customers=10_000,
            reports=(*good, report(9, 1, east_m=150.0)),
            per_km2=dict.fromkeys([*(r.ticket_id for r in good), TicketId("R009")], 500.0),
        )
    )
    assert all(r.spread == () for r in evidence.reports)
    vague = by_position(
        DistrictEvidence(
            district_id=DistrictId("D"),
            customers=10_000,
            reports=tuple(
                ReportFact(
                    ticket_id=r.ticket_id,
                    usage_point_id=None,
                    transformer_id=None,
                    outage_id=None,
                    received_at=r.received_at,
                    lon=r.lon,
                    lat=r.lat,
                    accuracy_m=300.0,
                )
                for r in good
            ),
            per_km2={r.ticket_id: 500.0 for r in good},
        )
    )
    for r in vague.reports:
        assert len(r.spread) == 3
        assert abs(sum(weight for _, weight in r.spread) - 1) < 1e-9


def test_a_district_is_looked_at_in_the_zones_where_anything_is_heard():
    spots = [*street(4), *(stands(20 + n, 20_000 + n * 200) for n in range(4))]
    zones = [
        [Feeder(tree, AT_TRANSFORMERS) for tree in trees] for trees in zones_along_lines(spots)
    ]
    district = DistrictEvidence(
        district_id=DistrictId("D"),
        transformers=tuple(spots),
        reports=(report(1, 3, transformer="t21"), report(2, 3)),
    )
    (views,) = by_transformer(district, zones)
    assert {r.transformer_id for r in views[0].evidence.reports} == {"t21"}


def test_the_likest_area_has_most_of_the_places_and_fewest_others():
    feeder = Feeder(one_zone(street(8))[0], AT_TRANSFORMERS)
    assert likest({"t3"}, feeder) == "transformer:t3"
    assert likest({"t99"}, feeder) is None
    everything = likest({f"t{n}" for n in range(8)}, feeder)
    assert everything is not None and feeder.row[everything] == 0


def test_a_cell_is_the_same_whoever_asks():
    assert cell_at(115.9001, 28.6701) == cell_at(115.9001, 28.6701)
    assert cell_at(115.90, 28.67) != cell_at(115.91, 28.67)


@given(st.lists(st.tuples(st.floats(1, 1e4), st.floats(0.01, 1)), min_size=1, max_size=12))
def test_how_many_may_be_out_lies_within_what_was_thought_of(sizes):
    few, many = well_may_be(sizes)
    assert round(min(n for n, _ in sizes)) <= few <= many <= round(max(n for n, _ in sizes))
