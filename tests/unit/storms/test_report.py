"""The report: every method beside the others, on the terminal, as JSON, page and map."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import build
from dispatch.drill.storms.report import as_html, as_json, best_rule, shown
from dispatch.drill.storms.running import drill
from dispatch.drill.storms.summary import FIGURES, Figure
from dispatch.drill.storms.truth import Condition
from tests.data import test_data
from tests.unit.storms.world import a_ground


@pytest.fixture(scope="module")
def results():
    return drill(a_ground(), Condition(), {}, episodes=2)


def test_every_method_is_scored_in_the_same_episodes(results):
    assert len(results.scores) >= 3
    assert {len(scores) for scores in results.scores.values()} == {2}
    reports = {tuple(s.reports for s in scores) for scores in results.scores.values()}
    assert len(reports) == 1


def test_the_same_drill_twice_gives_the_same_figures(results):
    again = drill(a_ground(), Condition(), {}, episodes=2)
    assert as_json([again]) == as_json([results])


def test_the_json_names_every_figure_with_its_interval(results):
    told = json.loads(json.dumps(as_json([results])))
    (condition,) = told["conditions"]
    for method in condition["methods"].values():
        assert set(method["figures"]) == set(FIGURES)
        f1 = method["figures"]["f1"]
        assert f1["low"] <= f1["value"] <= f1["high"]
        assert method["suppressed_hazards"] == 0


def test_the_best_rule_by_needless_orders_is_the_one_with_the_fewest(results):
    (condition,) = as_json([results])["conditions"]
    needless = {
        name: method["figures"]["needless"]["value"]
        for name, method in condition["methods"].items()
    }
    assert needless[best_rule(results, "needless")] == min(needless.values())


def test_the_page_shows_every_method_and_is_whole_without_a_connection(results):
    page = as_html([results])
    assert all(name in page for name in results.scores)
    assert page.count("<svg") >= 4
    assert "http" not in page


@pytest.mark.parametrize(
    ("name", "figure", "text"),
    [
        ("f1", Figure(value=0.9512, low=0.9, high=1.0), "0.951 (0.900 to 1.000)"),
        ("right_15", Figure(value=0.5, low=0.45, high=0.555), "50 % (45 to 56)"),
        ("needless", Figure(value=21.4, low=10.0, high=31.0), "21 (10 to 31)"),
        ("needless", Figure(value=None), "-"),
    ],
)
def test_figures_are_shown_as_people_read_them(name, figure, text):
    assert shown(name, figure) == text


def test_the_command_writes_table_json_page_and_map(tmp_path: Path):
    folder = "network_oberrhein_schutterwald"
    files = [
        str(test_data(f"{folder}/{name}"))
        for name in ("mv_oberrhein_substations.json", "lv_schutterwald.json")
    ]
    written = [tmp_path / name for name in ("figures.json", "page.html", "map.html")]
    asked = ["drill", "--network", files[0], "--network", files[1], "--feeders", "2"]
    asked += ["--episodes", "1", "--weather", "calm", "--method", "posterior"]
    asked += ["--json", str(written[0]), "--html", str(written[1]), "--map", str(written[2])]
    done = CliRunner().invoke(build(), asked)
    assert done.exit_code == 0, done.output
    assert "posterior" in done.output
    (condition,) = json.loads(written[0].read_text(encoding="utf-8"))["conditions"]
    assert condition["condition"]["storm"] is False and condition["episodes"] == 1
    assert "faults and what posterior said" in written[2].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        ([], "name one network"),
        (["--american", "--county"], "name one network"),
        (["--american", "--weather", "fog"], "expected calm, storm or both"),
        (["--american", "--method", "guess"], "expected one of"),
        (["--american", "--kinds"], "nobody's kind is on record"),
        (["--policies", "--kinds"], "not with --policies"),
    ],
)
def test_a_wrong_wish_is_refused_in_one_sentence(asked, complaint):
    done = CliRunner().invoke(build(), ["drill", *asked])
    assert done.exit_code == 2
    said = " ".join(done.output.replace("│", " ").split())
    assert complaint in said
