import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.geocode import AddressTooLong, AddressTooShort, normalise, parse, query_plan
from gis.geocode.hanzi import SIMPLIFIED
from gis.geocode.normal import fold


@pytest.mark.parametrize("typed", ["15幢", "15号楼", "１５栋", "15座", "15#楼", "十五栋", "015栋"])
def test_every_word_for_a_building_gives_the_same_text(typed: str) -> None:
    assert normalise(typed) == "15栋"


@pytest.mark.parametrize("name", ["三里屯", "五一路", "八一大道", "二房村", "三楼村", "九江市"])
def test_a_numeral_inside_a_name_stays(name: str) -> None:
    assert normalise(name) == name


@pytest.mark.parametrize(
    ("typed", "same"),
    [
        ("Nürnberger Straße 12 a", "NUERNBERGER STR. 12A"),
        ("Hauptstraße", "Hauptstr."),
        ("Rua do Almirante Costa Cabral", "R. Almirante Costa Cabral"),
        ("Praça de São João", "Praca Sao Joao"),
        ("12 Main Street", "12 main st."),
        ("提督馬路十二號", "提督马路12号"),
        ("T_idx_47", "t-idx-47"),
        ("P－１２３４", "p1234"),
    ],
)
def test_ways_of_writing_fold_together(typed: str, same: str) -> None:
    assert fold(typed) == fold(same)


def test_invisible_and_turning_characters_and_emoji_vanish() -> None:
    assert normalise("紫\u200b荆\u202e苑\ufeff😀3\u0301栋\u2066") == "紫荆苑3栋"


def test_ten_kilobytes_are_refused_with_the_facts() -> None:
    with pytest.raises(AddressTooLong) as refused:
        query_plan("南" * 10_000)
    assert refused.value.context["characters"] == 10_000


@pytest.mark.parametrize("text", ["", "  ", "a1", "路", "😀😀😀", "12345", "101室"])
def test_a_text_that_names_no_place_is_refused(text: str) -> None:
    with pytest.raises(AddressTooShort):
        query_plan(text)


@given(st.text(max_size=400))
def test_any_text_is_normalised_and_parsed_in_bounded_size(text: str) -> None:
    assert len(normalise(text)) <= 400
    assert all(parse(text).parts.values())


@given(st.text(alphabet="三五十〇一ab1290 -#./,栋幢座号楼单元室路村里屯馬ßüé\u200b１", max_size=30))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


def test_the_table_of_characters_leads_only_to_simplified_ones() -> None:
    assert all(new.encode("gb2312") for new in SIMPLIFIED.values())
    assert not {ord(new) for new in SIMPLIFIED.values()} & SIMPLIFIED.keys()
