"""Dark and light: one table of colours, each readable on its own ground."""

from itertools import chain

import pytest

from maps import style
from maps.themes import Theme, chosen

GROUND = {"dark": "#15181c", "light": "#f4f6f8"}
LEAST = 3.0
"""WCAG 2.2, 1.4.11: what has to be told apart from its ground."""


def luminance(color: str) -> float:
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_mark_stands_out_from_the_ground_of_its_theme(theme: str):
    weak = {
        name: mark["fill"]
        for name, mark in style.themes()[theme]["marks"].items()
        if contrast(str(mark["fill"]), GROUND[theme]) < LEAST
    }
    assert weak == {}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_lines_that_are_not_normal_stand_out_from_the_ground(theme: str):
    drawn = style.themes()[theme]
    lines = {
        **drawn["closures"],
        **{k: drawn["network"][k] for k in ("predicted", "out", "mv-lit")},
    }
    weak = {
        n: v["color"] for n, v in lines.items() if contrast(str(v["color"]), GROUND[theme]) < LEAST
    }
    assert weak == {}


def test_every_colour_of_the_table_has_one_for_a_light_ground():
    entries = chain.from_iterable(group.values() for group in style.table().values())
    colours = {
        value
        for entry in entries
        for key, value in entry.items()
        if key in {"color", "fill", "edge"}
    }
    assert colours - set(style.IN_LIGHT) == set()


def test_the_two_themes_differ_in_colour_alone():
    def shapes(theme: str) -> dict[tuple[str, str], dict[str, object]]:
        return {
            (group, name): {k: v for k, v in entry.items() if k not in {"color", "fill", "edge"}}
            for group, entries in style.themes()[theme].items()
            for name, entry in entries.items()
        }

    assert shapes("dark") == shapes("light")


@pytest.mark.parametrize(
    ("cookie", "theme"), [(None, Theme.DARK), ("light", Theme.LIGHT), ("pink", Theme.DARK)]
)
def test_a_theme_that_nobody_knows_is_dark(cookie: str | None, theme: Theme):
    assert chosen(cookie) is theme
