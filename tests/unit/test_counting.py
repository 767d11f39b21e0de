"""Numbers of things as messages name them, and that no message forgets the one."""

import re
from pathlib import Path

import pytest

from gis.counting import counted

ROOT = Path(__file__).resolve().parents[2]
PLAIN = re.compile(
    r"\{(?:len\([^{}]*\)|[\w.]*(?:count|refused|failed|told|lines|left|more))(?::,)?\}"
    r" (?:rows|lines|orders|days|customers|transformers|feeders|junctions|steps|tables|faults)\b"
)
"""A number in a message before a word that stands in the plural whatever the number is."""


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("row",), "0 rows"),
        (1, ("row",), "1 row"),
        (1234, ("row",), "1,234 rows"),
        (1, ("switch stands", "switches stand"), "1 switch stands"),
        (2, ("switch stands", "switches stand"), "2 switches stand"),
    ],
)
def test_one_is_told_as_one(number: int, words: tuple[str, ...], said: str):
    assert counted(number, *words) == said


def test_no_message_says_one_rows():
    told = [
        f"{path.relative_to(ROOT)}: {found[0]}"
        for folder in ("api", "dispatch/store", "dispatch/usecases", "gis")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for found in PLAIN.finditer(path.read_text("utf-8"))
    ]
    assert told == []
