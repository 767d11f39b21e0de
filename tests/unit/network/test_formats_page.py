"""docs/formats.md says what the code does."""

import re

from gis.network.devices import ProblemKind
from gis.network.model import Level, SwitchKind
from gis.network.notation import parse
from gis.network.readers.layers import CUSTOMER_COLUMNS
from gis.network.trace import trace
from tests.data import ROOT

PAGE = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8")


def drawings() -> list[str]:
    section = PAGE[PAGE.index("## The text notation") :]
    return re.findall(r"```\n(.*?)```", section, re.DOTALL)


def test_every_drawing_on_the_page_is_one_and_shows_what_it_says() -> None:
    two_feeders, low_voltage, faulty = (trace(parse(text)) for text in drawings())
    assert list(two_feeders.head_of_feeder) == ["F1", "F2"]
    assert two_feeders.problems == ()
    assert low_voltage.device("switch:lv1").transformer_id == "T1"
    assert [problem.kind for problem in faulty.problems] == [
        ProblemKind.LOOP,
        ProblemKind.ISLAND,
        ProblemKind.TRANSFORMER_UNREACHED,
    ]


def test_the_page_names_every_finding_kind_level_and_customer_column() -> None:
    named = set(re.findall(r"`(\w+)`", PAGE)) | set(re.findall(r"[a-z_]+", PAGE))
    words = [*ProblemKind, *SwitchKind, *Level, *CUSTOMER_COLUMNS]
    assert [str(word) for word in words if word not in named] == []
