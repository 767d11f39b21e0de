"""`relight rules`: what is shown can be edited, checked, adopted from a day on, and withdrawn."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from dispatch.errors import InvalidInput
from tests.api.conftest import settle
from tests.api.test_programs import relight


@pytest.fixture
def draft(database: Engine, database_url: str, tmp_path: Path) -> Path:
    """The rules in force as a file."""
    settle(database)
    shown = relight(database_url, "rules", "show")
    assert shown.exit_code == 0, shown.output
    file = tmp_path / "rules.toml"
    file.write_text(shown.stdout, "utf-8")
    return file


def test_what_is_shown_can_be_adopted_after_a_change(draft: Path, database_url: str):
    assert "changes nothing" in relight(database_url, "rules", "check", str(draft)).output
    changed = draft.read_text("utf-8").replace("urban = 45.0", "urban = 40.0")
    draft.write_text(changed, "utf-8")
    checked = relight(database_url, "rules", "check", str(draft))
    assert (checked.exit_code, "arrival_commitment: minutes" in checked.output) == (0, True)
    adopted = relight(
        database_url, "rules", "adopt", str(draft), "--reason", "new year", "--from",
        "2099-01-01T00:00:00+0800",
    )  # fmt: skip
    assert "version 2 holds from 2098-12-31T16:00:00+00:00" in adopted.output, adopted.output
    listed = relight(database_url, "rules", "list").output
    assert "in force" in listed
    assert "new year" in listed
    assert "as published" in listed
    version = adopted.output.split("version ")[1].split()[0]
    withdrawn = relight(database_url, "rules", "withdraw", version, "--reason", "not agreed")
    assert "will not come into force" in withdrawn.output
    assert "withdrawn" in relight(database_url, "rules", "list").output


def test_a_draft_with_faults_is_told_all_of_them_and_changes_nothing(
    draft: Path, database: Engine, database_url: str
):
    rules = json.loads(relight(database_url, "rules", "show", "--as", "json").stdout)
    rules["rules"] = rules["rules"][2:]
    rules["overrides"] = [
        {"id": "x", "district": "moon", "rule": "lunch", "valid_from": "2026-01-01T00:00:00Z"}
    ]
    file = draft.with_suffix(".json")
    file.write_text(json.dumps(rules), "utf-8")
    checked = relight(database_url, "rules", "check", str(file))
    assert checked.exit_code == 1
    for said in (
        "rules.json: rules arrival_commitment is missing; expected to be kept, with in_use = false",
        "rules.json: overrides x.district is 'moon'; expected ",
        "rules.json: overrides x.rule is 'lunch'; expected the id of one of the rules",
    ):
        assert said in checked.output
    refused = relight(database_url, "rules", "adopt", str(file), "--reason", "x")
    assert refused.exit_code == 1 and refused.output.count("rules.json: ") == 5
    assert checked.output.startswith(refused.output)
    with database.connect() as c:
        assert c.scalar(text("SELECT count(*) FROM rule_set")) == 1


def test_a_file_that_is_neither_toml_nor_json_is_refused(draft: Path, database_url: str):
    draft.write_text("{", "utf-8")
    refused = relight(database_url, "rules", "check", str(draft))
    assert isinstance(refused.exception, InvalidInput)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("rules = 3", "rules is 3; expected a list"),
        ("[[rules]]\ncolour = 1", "rules[0].colour is 1; expected no field of this name"),
    ],
)
def test_a_file_that_holds_no_rules_says_so(
    draft: Path, database_url: str, content: str, said: str
):
    draft.write_text(content, "utf-8")
    checked = relight(database_url, "rules", "check", str(draft))
    assert checked.exit_code == 1 and said in checked.output


def test_faults_of_form_and_of_meaning_are_told_in_one_go(draft: Path, database_url: str):
    rules = json.loads(relight(database_url, "rules", "show", "--as", "json").stdout)
    first, second, third = rules["rules"][:3]
    first |= {"minutes": {"urban": "soon", "moon": 3, "rural": 5}, "colour": "red", "title": ""}
    second["scope"] = ["job", "average"]
    third["levels"][0]["to"] = ["crew", "dog", "cat"]
    rules["repeats"][0]["days"] = 0
    rules["overrides"] = [
        {"id": "x", "district": "moon", "rule": first["id"], "valid_from": "2026-01-01T00:00:00Z"},
        {"id": "y", "district": "west", "rule": "lunch", "valid_from": "soon"},
    ]
    file = draft.with_suffix(".json")
    file.write_text(json.dumps(rules), "utf-8")
    checked = relight(database_url, "rules", "check", str(file))
    assert checked.exit_code == 1
    told = [line.partition(" is ")[0].partition(": ")[2] for line in checked.output.splitlines()]
    assert told == [
        "rules[0].title",
        "rules[0].minutes.urban",
        "rules[0].minutes",
        "rules[0].colour",
        "rules[1].scope",
        "rules[2].levels[0].to",
        "rules[2].levels[0].to",
        "repeats[0].days",
        "overrides[1].valid_from",
        "overrides x.district",
        "overrides x",
        "",
    ]
    assert "rely on it" not in checked.output
    assert "rules[0].title is ''; expected text" in checked.output
    assert not any(of_python in checked.output for of_python in ("None", "{'", "datetime"))
