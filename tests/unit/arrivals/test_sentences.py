"""Every reason of an arrival is a sentence in both languages, with its numbers."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

import dispatch.domain
from dispatch.domain.tracking import Doubt
from dispatch.sayings import REASONS, say_reason
from tests.unit.arrivals.tracks import SITE, at, codes, coming, judge, staying

CORE = Path(dispatch.domain.__file__).parent
SOURCES = (CORE / "arrival.py", CORE / "look.py", CORE / "forgery.py")
WRITTEN = {
    code
    for source in SOURCES
    for code in re.findall(r'"(arrival_[a-z_]+)"', source.read_text("utf-8"))
}


@pytest.mark.parametrize("code", sorted(WRITTEN))
def test_every_code_of_the_core_is_a_sentence(code):
    assert code in REASONS


def test_whatever_is_left_out_of_a_track_is_said():
    odd = [
        at(-1, mock=True),
        at(-0.9, doubts=int(Doubt.FAR)),
        at(-0.8, accuracy_m=900.0),
        replace(at(3), received_at=at(0).received_at),
        at(1.1, 9000, accuracy_m=5),
    ]
    evidence = judge(*staying(-20, 10), *odd, claimed=0)
    said = {code for code in codes(evidence) if code.startswith("arrival_left_out_")}
    assert said == {
        f"arrival_left_out_{what}"
        for what in ("mock", "doubtful", "vague", "clock_ahead", "spikes")
    }
    assert said <= set(REASONS)


@pytest.mark.parametrize(
    "evidence",
    [
        judge(*coming()),
        judge(*staying(0, 5)),
        judge(*staying(-5, 5, 5000), claimed=0),
        judge(*staying(-1, 20), claimed=0, site=replace(SITE, accuracy_m=300.0)),
    ],
)
def test_no_sentence_shows_a_gap(evidence):
    for written in evidence.reasons:
        said = say_reason(written)
        assert "{" not in said.zh + said.en
        assert said.zh != said.en
