"""What was read of one neighbour's address serves the others, and never otherwise than `parse`."""

import random

import pytest

from gis.geocode.neighbours import read_parts
from gis.geocode.parse import parse

SHAPES = (
    "和平镇东西村幸福路{}号{}室",
    "和平镇东西村{}组{}号",
    "南昌市青山湖区上海路{}弄{}号{}栋{}单元{}室",
    "紫荆苑{}栋{}单元{}室",
    "紫荆苑小区{}号{}室",
    "解放路{}号紫荆苑{}号楼{}层{}室",
    "解放路{}号之{}",
    "花园{}-{}-{}室",
    "三里屯{}号院{}号楼{}室",
    "{}路{}号{}房",
    "1{}栋{}室",
    "第{}栋, {}室 电话138 0013 8{}",
    "10kV城西线{}号杆",
    "城西{}号公变",
    "Rua Direita {}, apto {}",
    "a{}栋{}单元{}",
    "{}号线{}号站{}室",
)
NUMBERS = ("0", "1", "3", "5", "8", "11", "12", "21", "47", "101", "110", "501", "1205", "007")


def filled(shape: str, draw: random.Random) -> str:
    return shape.format(*(draw.choice(NUMBERS) for _ in range(shape.count("{}"))))


@pytest.mark.parametrize("shape", SHAPES)
def test_every_number_is_read_as_the_parser_reads_it(shape: str):
    draw = random.Random(shape)
    for _ in range(150):
        text = filled(shape, draw)
        assert read_parts(text) == parse(text).parts, text


def test_a_number_that_ends_another_is_not_taken_for_it():
    text = "紫荆苑12号楼2号"
    assert read_parts(text) == parse(text).parts


def test_an_address_without_numbers_is_read_as_it_stands():
    assert read_parts("和平镇东西村") == parse("和平镇东西村").parts
