"""`relight drill --policies --replay`: ways of sending on a day that was told line by line."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from api.cli import build
from dispatch.drill.policies.choosing import ROAD
from dispatch.drill.policies.running import AS_IT_WAS, HINDSIGHT
from tests.e2e.replays import Told, call, jsonl, say
from tests.store.loading_inputs import ORIGIN, TWO_FEEDERS, a_csv, a_network

STEP_DEG = 0.005
SIDE = 5


@pytest.fixture
def network(tmp_path: Path) -> Path:
    return a_network(tmp_path, TWO_FEEDERS)


@pytest.fixture
def roads(tmp_path: Path) -> list[Path]:
    """Two-way streets around the network, half a kilometre apart."""
    nodes = [
        (n + 1, ORIGIN.x + (n % SIDE - 2) * STEP_DEG, ORIGIN.y + (n // SIDE - 2) * STEP_DEG)
        for n in range(SIDE * SIDE)
    ]
    streets = [(n, n + 1) for n in range(1, SIDE * SIDE) if n % SIDE]
    streets += [(n, n + SIDE) for n in range(1, SIDE * (SIDE - 1) + 1)]
    edges = [(*ends, 500, 10) for a, b in streets for ends in ((a, b), (b, a))]
    return [
        a_csv(tmp_path, "nodes.csv", [("node_id", "lon", "lat"), *nodes]),
        a_csv(tmp_path, "edges.csv", [("from_node", "to_node", "length_m", "speed_mps"), *edges]),
    ]


def fix(minutes: float, crew: str, east: float) -> Told:
    return say(minutes, "fix", crew=crew, lon=ORIGIN.x + east * STEP_DEG, lat=ORIGIN.y)


def act(minutes: float, kind: str, crew: str, account: str) -> Told:
    return say(minutes, "crew_action", kind=kind, crew=crew, account=account)


DAY = [
    fix(0, "C1", -1.5),
    fix(0, "C2", 1.5),
    *(call(5 + n / 4, f"A{n}", f"T3.{n + 1}") for n in range(12)),
    act(20, "accept", "C2", "T3.1"),
    act(21, "en_route", "C2", "T3.1"),
    act(60, "arrive", "C2", "T3.1"),
    say(90, "restore", account="T3.1"),
    say(91, "crew_action", kind="field_complete", crew="C2"),
    act(95, "arrive", "C2", "T3.1"),
    *(call(100 + n / 4, f"B{n}", f"T4.{n + 1}") for n in range(4)),
    fix(300, "C1", -1.5),
    fix(300, "C2", 1.5),
]


def played(folder: Path, lines: Sequence[Told], network: Path, roads: list[Path], *more) -> Result:
    told = folder / "told.jsonl"
    told.write_bytes(jsonl(lines))
    options = [f"--replay={told}", f"--network={network}", *(f"--roads={path}" for path in roads)]
    command = ["drill", "--policies", *options, f"--method={ROAD}", *more]
    return CliRunner().invoke(build(), command, terminal_width=400)


def test_ways_of_sending_are_compared_on_the_orders_and_crews_of_the_lines(
    tmp_path: Path, network: Path, roads: list[Path]
):
    figures = tmp_path / "figures.json"
    done = played(tmp_path, DAY, network, roads, f"--json={figures}")
    assert done.exit_code == 0, done.output
    assert "2 orders, 1 of them with the work timed" in done.output
    assert "line 20: no open outage holds any of it" in done.output
    (told,) = json.loads(figures.read_text("utf-8"))
    assert (told["place"], told["weather"], told["orders"]) == ("told", "as recorded", [2])
    assert set(told["figures"]) == {ROAD, HINDSIGHT, AS_IT_WAS}
    (was,), (by_road,) = told["figures"][AS_IT_WAS], told["figures"][ROAD]
    assert was["kept"] < by_road["kept"] == 100


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (
            [line for line in DAY if line["type"] == "ticket"],
            "line 1: crew is missing; expected a crew: who could be sent",
        ),
        (
            [line for line in DAY if line["type"] != "fix"],
            "line 13: crew is 'C2'; expected one that a fix tells the place of",
        ),
        (
            [fix(0, "C1", 0), *(line for line in DAY if line["type"] == "ticket")],
            "line 1: crew is 'C1'; expected one that a later line names too",
        ),
        ([*DAY, fix(3000, "C1", 0)], "expected a time within 36 hours of the first line's"),
        (
            [fix(0, "C1", 0), call(5, "A", "nobody's"), fix(60, "C1", 0)],
            'line 2: account is "nobody\'s"; expected an account of the network, or a location',
        ),
        ([fix(0, "C1", 0), fix(60, "C1", 0)], "line 1: type is 'fix'; expected a report or signal"),
        ([{"at": "2024-05-01T12:00", "type": "fix"}], "line 1: at is '2024-05-01T12:00'; expected"),
    ],
    ids=["no crew", "no place", "no shift", "too long", "no account", "no report", "bad line"],
)
def test_what_the_lines_lack_is_named_with_line_field_and_expectation(
    tmp_path: Path, network: Path, roads: list[Path], lines: list[Told], wanted: str
):
    refused = played(tmp_path, lines, network, roads)
    assert refused.exit_code == 2
    said = " ".join(refused.output.replace("│", " ").split())
    assert wanted in said


@pytest.mark.parametrize("other", ["--county", "--crews=3", "--recorded=2026-06-18", "--lending"])
def test_options_that_the_lines_answer_are_refused(
    tmp_path: Path, network: Path, roads: list[Path], other: str
):
    refused = played(tmp_path, DAY, network, roads, other)
    assert refused.exit_code == 2
    assert "not with --replay" in refused.output
