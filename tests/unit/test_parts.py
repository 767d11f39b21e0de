import pytest

from dispatch.domain.parts import LONGEST, MOST, part_name, parts_in
from dispatch.errors import InvalidInput


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Transformer  100KVA", "transformer 100 kVA"),
        ("transformer 100 kva ", "transformer 100 kVA"),
        ("变压器１００kVA", "变压器 100 kVA"),
        ("Cable 240 mm²", "cable 240 mm2"),
        ("Fuse 63A", "fuse 63 A"),
        ("M10 bolt", "m10 bolt"),
        ("10 arms", "10 arms"),
    ],
)
def test_a_part_is_written_one_way_however_it_is_typed(said: str, kept: str):
    assert part_name(said) == kept
    assert part_name(kept) == kept


def test_several_stand_between_commas_but_not_within_a_number():
    assert parts_in(["fuse 63 A, pole；电杆", "wire 1,5 mm2", " "]) == {
        "fuse 63 A",
        "pole",
        "电杆",
        "wire 1,5 mm2",
    }


def test_too_many_and_too_long_names_are_refused():
    with pytest.raises(InvalidInput):
        parts_in(f"part {n}" for n in range(MOST + 1))
    with pytest.raises(InvalidInput):
        parts_in(["x" * (LONGEST + 1)])
