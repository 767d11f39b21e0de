import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.geocode import (
    Entry,
    EntryKind,
    Level,
    Located,
    MemoryGazetteer,
    NotFound,
    Tie,
    Verdict,
)
from tests.unit.geocode.places import find, locate, usage_point

ESTATES = ("紫荆苑", "东湖花园", "洪都新村", "金色家园")
ROADS = ("高新大道", "北京东路", "北京西路", "艾溪湖北路")
CHINESE = [
    usage_point(
        f"{estate}/{building}/{unit}/{room}",
        f"江西省南昌市青山湖区{ROADS[n]}{10 + n}号{estate}{building}栋{unit}单元{room}室",
        lon=115.9 + n * 0.02 + building * 0.0004,
        lat=28.70 + building * 0.0003,
    )
    for n, estate in enumerate(ESTATES)
    for building in (1, 2, 3, 11, 12, 13, 21)
    for unit in (1, 2)
    for room in (101, 201, 1101)
]
EQUIPMENT = [
    Entry(id=name, kind=kind, name=text, address=address, lon=lon, lat=28.6)
    for name, kind, text, address, lon in (
        ("pole-35", EntryKind.POLE, "10kV城西线35号杆", "", 115.90),
        ("pole-53", EntryKind.POLE, "10kV城西线53号杆", "", 115.91),
        ("pole-x35", EntryKind.POLE, "城东线#35杆", "", 115.95),
        ("code", EntryKind.POLE, "P-1234", "", 115.70),
        ("t3", EntryKind.TRANSFORMER, "城西3号公变", "", 115.71),
        ("t4", EntryKind.TRANSFORMER, "城西4号公变", "", 115.72),
        ("t47", EntryKind.TRANSFORMER, "T_idx_47", "", 115.80),
        ("h1", EntryKind.LANDMARK, "人民医院", "青山湖区高新大道88号", 115.92),
    )
]
GAZETTEER = MemoryGazetteer([*CHINESE, *EQUIPMENT])
NUMERALS = {1: "一", 2: "二", 3: "三", 11: "十一", 12: "十二", 13: "十三", 21: "二十一"}

points = st.sampled_from(CHINESE)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, str]:
    """A usage point's id and one of the ways people write its address."""
    estate, building, unit, room = draw(points).id.split("/")
    number = draw(st.sampled_from([building, NUMERALS[int(building)]]))
    blocks = (
        ["栋", "幢", "号楼", "座"] if number != building else ["栋", "幢", "号楼", "座", "#", "#楼"]
    )
    block = draw(st.sampled_from(blocks))
    door = draw(st.sampled_from(["室", "房", ""]))
    inside = draw(
        st.sampled_from(
            [
                f"{number}{block}{unit}单元{room}{door}",
                f"{number}{block}{NUMERALS[int(unit)]}单元{room}{door}",
                f"{building}-{unit}-{room}",
                f"{number}{block}{unit}-{room}",
            ]
        )
    )
    before = draw(
        st.sampled_from(["", "南昌市", "江西省南昌市青山湖区", "青山湖区", "我家在", "你好,我家住"])
    )
    after = draw(st.sampled_from(["", "停电了", " 13812345678", "没电", "\u200b", "😀"]))
    text = f"{before}{estate}{inside}{after}"
    if draw(st.booleans()):
        text = text.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
    return f"{estate}/{building}/{unit}/{room}", text


@settings(max_examples=300, deadline=None)
@given(written())
def test_ways_of_writing_never_change_the_result(case: tuple[str, str]) -> None:
    point, text = case
    located = locate(GAZETTEER, text)
    assert isinstance(located, Located)
    assert [match.entry.id for match in located.matches] == [point]
    assert located.accuracy_m <= 25


@settings(max_examples=150, deadline=None)
@given(points, st.sampled_from([4, 14, 22, 31]))
def test_a_building_that_is_not_on_file_is_never_answered_with_another(
    point: Entry, building: int
) -> None:
    estate = point.parts.get(Level.COMPOUND) or point.id.split("/")[0]
    located = locate(GAZETTEER, f"{estate}{building}栋1单元101室")
    assert isinstance(located, Located)
    assert located.found_by in {Level.COMPOUND, Level.VILLAGE} and located.accuracy_m > 100
    assert all(match.entry.kind is EntryKind.PLACE for match in located.matches)


@settings(max_examples=150, deadline=None)
@given(points, points)
def test_the_right_building_beats_every_other(point: Entry, other: Entry) -> None:
    estate, building, unit, room = point.id.split("/")
    matches = find(GAZETTEER, f"{estate}{building}栋{unit}单元{room}室")
    scores = {match.entry.id: match.score for match in matches}
    if other.id.split("/")[:2] != [estate, building]:
        assert scores.get(other.id, 0.0) < scores[point.id]


@settings(max_examples=100, deadline=None)
@given(points, st.integers(0, 2), st.sampled_from("甘霖柏梧桐"))
def test_one_wrong_character_still_finds_the_estate(point: Entry, at: int, wrong: str) -> None:
    estate, *rest = point.id.split("/")
    typed = estate[:at] + wrong + estate[at + 1 :]
    matches = find(GAZETTEER, "{}{}栋{}单元{}室".format(typed, *rest))
    assert matches[0].entry.id == point.id
    assert Verdict.WRONG_CHARACTER in {reason.verdict for reason in matches[0].reasons}


def test_a_building_without_a_flat_gives_all_its_flats_and_asks_for_the_unit() -> None:
    located = locate(GAZETTEER, "紫荆苑11栋")
    assert isinstance(located, Located)
    assert len(located.matches) == 6
    assert located.narrow_by == (Level.UNIT, Level.ROOM)


def test_another_direction_is_offered_but_not_taken() -> None:
    only_west = MemoryGazetteer([usage_point("w", "南昌市北京西路11号")])
    assert isinstance(locate(only_west, "北京东路11号"), Tie)


def test_an_unknown_place_is_not_found() -> None:
    assert isinstance(locate(GAZETTEER, "梧桐山庄3栋"), NotFound)


def test_opposite_a_place_is_less_accurate_than_at_it() -> None:
    at, opposite = locate(GAZETTEER, "人民医院"), locate(GAZETTEER, "人民医院对面")
    assert isinstance(at, Located) and isinstance(opposite, Located)
    assert opposite.accuracy_m >= at.accuracy_m + 100


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        ("城西线#35杆", "pole-35"),
        ("10kv城西线35号杆", "pole-35"), ("城西线第35杆倒了", "pole-35"),
        ("城东线35号电线杆", "pole-x35"), ("p1234", "code"), ("P－1234", "code"),
        ("城西3号变压器", "t3"), ("城西４号公变", "t4"), ("t idx 47", "t47"), ("T-IDX-47", "t47"),
    ],
)  # fmt: skip
def test_equipment_is_found_by_what_stands_on_its_plate(typed: str, plate: str) -> None:
    located = locate(GAZETTEER, typed)
    assert isinstance(located, Located)
    assert [match.entry.id for match in located.matches] == [plate]


def test_a_pole_number_alone_ties_over_the_lines() -> None:
    tie = locate(GAZETTEER, "35号杆")
    assert isinstance(tie, Tie)
    assert {match.entry.id for match in tie.matches} == {"pole-35", "pole-x35"}
    assert tie.apart == (Level.LINE,)


def test_no_candidates_are_not_found() -> None:
    assert isinstance(locate(MemoryGazetteer([]), "高新大道5号"), NotFound)
