"""Rule sets: their form, their faults, what a district changes, what two sets differ in."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from api.rule_files import as_json, as_toml, read_draft_file
from dispatch.domain.published import PUBLISHED
from dispatch.domain.rule_faults import differences, faults_of
from dispatch.domain.rule_form import from_plain, to_plain
from dispatch.domain.rules import Level, Mark, Override, Recipient, Rule, RuleSet, StopsAt
from dispatch.domain.words import AreaClass, DistrictId
from dispatch.errors import InvalidInput
from tests.unit.core import NOW, after

WEST = DistrictId("west")


def own(name: str = "storm", **fields: object) -> Override:
    usual: dict[str, object] = {
        "id": name,
        "district_id": WEST,
        "rule_id": "arrival_commitment",
        "valid_from": NOW,
        "valid_until": after(60),
        "minutes": {AreaClass.URBAN: 70.0},
    }
    return Override(**{**usual, **fields})


def with_rule(**changes: object) -> RuleSet:
    rules = [replace(r, **changes) if r.id == "dispatch_desk" else r for r in PUBLISHED.rules]
    return replace(PUBLISHED, rules=tuple(rules))


SETS = [PUBLISHED, replace(PUBLISHED, overrides=(own(), own("more", valid_from=after(60))))]


@pytest.mark.parametrize("rules", SETS)
def test_a_set_comes_back_from_every_form_as_it_was(rules: RuleSet, tmp_path: Path):
    for name, text in (("a.json", as_json(rules)), ("a.toml", as_toml(rules, "two\nlines"))):
        file = tmp_path / name
        file.write_text(text, "utf-8")
        assert read_draft_file(file, valid_from=PUBLISHED.valid_from).rules == rules
    said = {part: things for part, things in json.loads(as_json(rules)).items() if things}
    assert tomllib.loads(as_toml(rules, "x")) == said


def test_what_is_shipped_has_no_faults_and_settings_are_out_of_use():
    assert faults_of(PUBLISHED, districts=()) == ()
    for part in (PUBLISHED.rules, PUBLISHED.ahead, PUBLISHED.repeats):
        assert all(each.source for each in part)
        assert {each.in_use for each in part if each.mark is Mark.SETTING} <= {False}
        assert all(each.in_use for each in part if each.mark is Mark.READ)


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        (replace(PUBLISHED, rules=PUBLISHED.rules[1:]), "other programs rely on it"),
        (
            replace(PUBLISHED, rules=(*PUBLISHED.rules, PUBLISHED.rules[0])),
            "there 2 times; expected each id once",
        ),
        (with_rule(stops=StopsAt.REPAIR_FILLED_IN), "nothing would stop it"),
        (with_rule(minutes={AreaClass.URBAN: 0.0}), "expected more than 0"),
        (with_rule(levels=()), "nobody would be warned"),
        (with_rule(levels=(Level(to=(Recipient.CREW,)),)), "either a share or minutes"),
        (
            with_rule(levels=(Level(minutes=-10, to=(Recipient.CREW,)),)),
            "before the clock begins",
        ),
        (
            with_rule(levels=tuple(Level(share=s, to=(Recipient.CREW,)) for s in (0.9, 0.5))),
            "follow one another",
        ),
        (
            replace(PUBLISHED, overrides=(own(district_id=DistrictId("east")),)),
            "'east'; expected one of west",
        ),
        (
            replace(PUBLISHED, overrides=(own(rule_id="lunch"),)),
            "'lunch'; expected the id of one of the rules",
        ),
        (replace(PUBLISHED, overrides=(own(minutes=None),)), "changes nothing"),
        (replace(PUBLISHED, overrides=(own(valid_until=NOW),)), "after valid_from"),
        (replace(PUBLISHED, overrides=(own(), own("b", valid_until=None))), "at the same time"),
        (replace(PUBLISHED, overrides=(own(minutes={AreaClass.URBAN: -1.0}),)), "more than 0"),
    ],
)
def test_a_fault_says_where_and_what(rules: RuleSet, said: str):
    assert any(said in fault.what for fault in faults_of(rules, districts=[WEST]))


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"minutes": {"urban": "fast"}}, "rules[0].minutes.urban"),
        ({"minutes": {"moon": 3}}, "rules[0].minutes"),
        ({"starts": "lunch"}, "rules[0].starts"),
        ({"scope": []}, "rules[0].scope"),
        ({"goal": float("nan")}, "rules[0].goal"),
        ({"in_use": "yes"}, "rules[0].in_use"),
        ({"title": ""}, "rules[0].title"),
        ({"colour": "red"}, "rules[0].colour"),
        ({"levels": [{"share": True, "to": ["crew"]}]}, "rules[0].levels[0].share"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(change: dict, field: str):
    plain = to_plain(PUBLISHED)
    plain["rules"][0] |= change
    with pytest.raises(InvalidInput) as refused:
        from_plain(plain, valid_from=NOW)
    assert refused.value.context["field"] == field


def test_a_district_s_own_figures_hold_there_and_then_only():
    rules = replace(PUBLISHED, overrides=(own(),))

    def minutes(district: str, minute: float) -> tuple[float, str | None]:
        found: list[tuple[Rule, str | None]] = [
            pair
            for pair in rules.applied(DistrictId(district), after(minute))
            if pair[0].id == "arrival_commitment"
        ]
        ((rule, override),) = found
        return rule.minutes[AreaClass.URBAN], override

    assert minutes("west", 0) == (70, "storm")
    assert minutes("west", 60) == (45, None)
    assert minutes("east", 0) == (45, None)
    assert rules.judged_by("arrival_commitment", "storm").minutes[AreaClass.RURAL] == 90


def test_rules_out_of_use_start_nothing_in_a_district():
    used = {rule.id for rule in PUBLISHED.of_district(WEST, NOW).rules}
    assert used == {rule.id for rule in PUBLISHED.rules if rule.in_use}


def test_what_two_sets_differ_in_is_named_field_by_field():
    changed = replace(with_rule(goal=0.9), overrides=(own(),))
    found = {each.where: (each.before, each.after) for each in differences(PUBLISHED, changed)}
    assert found["rules dispatch_desk: goal"] == (0.9995, 0.9)
    assert found["overrides storm: minutes"] == (None, {"urban": 70.0})
    assert differences(PUBLISHED, PUBLISHED) == ()


def test_a_reason_that_is_not_allowed_names_those_that_are():
    assert PUBLISHED.pause_reason("unsafe").longest_min == 1440
    with pytest.raises(InvalidInput, match="customer_absent"):
        PUBLISHED.pause_reason("lunch")
