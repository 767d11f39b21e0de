"""Promises over HTTP: rule sets, pauses, warnings, judgements that stay, the month's ledger."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from api.ledger import ledger_of
from api.worker import Work
from tests.api.conftest import Town
from tests.store.builders import NOW, at

WHO = "dispatcher"


def clock_of(town: Town, rule: str = "arrival_commitment", ticket: str = "A1") -> dict:
    clocks = town.get(f"tickets/{ticket}").json()["clocks"]
    return next(clock for clock in clocks if clock["rule"] == rule)


def the_rules(town: Town) -> dict:
    (newest, *_) = town.get("rule-sets", "supervisor").json()
    given = town.get(f"rule-sets/{newest['version']}", "supervisor").json()
    return {part: given[part] for part in ("rules", "ahead", "repeats", "pauses", "overrides")}


def with_minutes(rules: dict, rule_id: str, **minutes: float) -> dict:
    changed = [
        {**rule, "minutes": {**rule["minutes"], **minutes}} if rule["id"] == rule_id else rule
        for rule in rules["rules"]
    ]
    return {**rules, "rules": changed}


def press(town: Town, kind: str, seq: int) -> None:
    """Crew C1 presses a button of its order."""
    order = town.get("crew/orders", "C1").json()[0]["order"]["id"]
    action = {
        "id": f"{order}-{kind}",
        "seq": seq,
        "kind": kind,
        "order_id": order,
        "occurred_at": town.clock.now.isoformat(),
    }
    done = town.post("crew/actions", "C1", {"actions": [action]})
    assert done.json()["actions"][0]["outcome"] == "applied", done.text


def arrived(town: Town, ticket: str = "A1") -> None:
    """Send crew C1 to the ticket's outage, and let it press the button."""
    outage = town.get(f"tickets/{ticket}").json()["outage_id"]
    tag = town.get(f"outages/{outage}").headers["ETag"]
    sent = town.put(
        f"outages/{outage}/assignment",
        body={"crew_id": "C1", "reason": "test"},
        **{"If-Match": tag},
    )
    assert sent.status_code == 200, sent.text
    press(town, "arrive", 1)


def test_an_administrator_puts_rules_into_force_and_running_clocks_keep_theirs(town: Town):
    town.report("A1")
    rules = with_minutes(the_rules(town), "arrival_commitment", rural=60)
    checked = town.post("rule-sets/check", "supervisor", rules).json()
    assert checked["faults"] == []
    assert [c["where"] for c in checked["changes"]] == ["rules arrival_commitment: minutes"]
    made = town.post("rule-sets", "admin", {**rules, "reason": "new agreement"})
    assert made.status_code == 201, made.text
    assert made.json()["in_force"]
    town.clock.advance(1)
    town.report("A2", account="T2-0")
    versions = {ticket: clock_of(town, ticket=ticket)["rule_version"] for ticket in ("A1", "A2")}
    assert versions["A2"] == made.json()["version"] != versions["A1"]


def test_rules_hold_from_a_later_day_or_are_withdrawn_before_it(town: Town):
    rules = the_rules(town)
    later = {**rules, "reason": "from May on", "valid_from": at(90_000).isoformat()}
    version = town.post("rule-sets", "admin", later).json()["version"]
    town.report("A1")
    assert clock_of(town)["rule_version"] != version
    taken = town.post(f"rule-sets/{version}/withdraw", "admin", {"reason": "not agreed"})
    assert taken.json()["withdrawn_for"] == "not agreed"
    again = town.post(f"rule-sets/{version}/withdraw", "admin", {"reason": "again"})
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"valid_from": at(-1).isoformat()}, "what was judged stays judged"),
        ({"rules": []}, "other programs rely on it"),
        ({"pauses": [{"id": "x"}]}, "pauses[0].title"),
        ({"reason": " "}, "needs a reason"),
    ],
)
def test_a_set_with_faults_is_refused_with_what_is_wrong(town: Town, change, said):
    refused = town.post("rule-sets", "admin", {**the_rules(town), "reason": "x", **change})
    assert refused.status_code == 422
    assert said in refused.text


def test_a_district_has_figures_of_its_own_for_a_time(town: Town):
    own = {
        "id": "west-storm",
        "district": "west",
        "rule": "arrival_commitment",
        "valid_from": NOW.isoformat(),
        "valid_until": at(60).isoformat(),
        "minutes": {"rural": 75, "urban": 75, "remote": 75},
        "note": "bridge closed",
    }
    adopted = {**the_rules(town), "overrides": [own], "reason": "bridge closed"}
    assert town.post("rule-sets", "admin", adopted).status_code == 201
    town.report("A1")
    clock = clock_of(town)
    assert clock["override"] == "west-storm"
    assert clock["due_at"] == clock_after(clock, 75)
    town.clock.advance(61)
    town.report("A2", account="T2-0")
    assert clock_of(town, ticket="A2")["override"] is None


def clock_after(clock: dict, minutes: float) -> str:
    started = NOW.fromisoformat(clock["started_at"])
    return (started + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def test_a_pause_lengthens_the_time_visibly_and_ends(town: Town):
    town.report("A1")
    before = clock_of(town)
    town.clock.advance(10)
    given = {"reason": "unsafe", "note": "lightning over the line", "evidence": "weather:1207"}
    stood = town.post("tickets/A1/pause", WHO, given)
    assert [c["rule"] for c in stood.json()] == ["arrival_commitment", "arrival_national"]
    again = town.post("tickets/A1/pause", WHO, given)
    assert again.json() == stood.json()
    town.clock.advance(200)
    Work(town.house).tick()
    asked = town.get("warnings", "supervisor").json()
    assert {alarm["rule_id"] for alarm in asked} == {"dispatch_desk"}
    running = town.post("tickets/A1/resume", WHO).json()
    assert {clock["paused_s"] for clock in running} == {200 * 60.0}
    after = clock_of(town)
    lengthened = NOW.fromisoformat(after["due_at"]) - NOW.fromisoformat(before["due_at"])
    assert lengthened == timedelta(minutes=200)
    story = town.get(f"clocks/{after['id']}", "supervisor").json()
    (pause,) = story["pauses"]
    assert (pause["reason"], pause["by"], pause["evidence"]) == ("unsafe", WHO, "weather:1207")


def test_a_pause_needs_an_allowed_reason_a_note_and_the_right_person(town: Town):
    town.report("A1")
    lunch = town.post("tickets/A1/pause", WHO, {"reason": "lunch", "note": "hungry"})
    assert lunch.status_code == 422
    assert "customer_absent" in lunch.text
    silent = town.post("tickets/A1/pause", WHO, {"reason": "unsafe", "note": ""})
    assert silent.status_code == 422
    arrived(town)
    order = town.get("crew/orders", "C1").json()[0]["order"]["id"]
    waits = {"reason": "other_authority", "note": "road is dug up"}
    assert town.post(f"crew/orders/{order}/pause", "C1", waits).status_code == 403
    away = {"reason": "customer_absent", "note": "nobody at home, rang twice"}
    stood = town.post(f"crew/orders/{order}/pause", "C1", away)
    assert [clock["rule"] for clock in stood.json()] == ["restoration_after_arrival"]
    assert town.post(f"crew/orders/{order}/pause", "C2", away).status_code == 404
    town.clock.advance(5)
    assert town.post(f"crew/orders/{order}/resume", "C1").status_code == 200


def test_a_pause_beyond_what_its_reason_allows_ends_by_itself(town: Town):
    town.report("A1")
    refused = {"reason": "access_refused", "note": "gate locked"}
    town.post("tickets/A1/pause", WHO, refused)
    town.clock.advance(481)
    Work(town.house).tick()
    clock = clock_of(town)
    assert (clock["paused_since"], clock["paused_s"]) == (None, 480 * 60.0)


@pytest.mark.parametrize("how", ["resumed", "judged"])
def test_nobody_need_look_for_a_pause_to_end_when_its_reason_allows_no_more(town: Town, how: str):
    town.report("A1")
    town.post("tickets/A1/pause", WHO, {"reason": "access_refused", "note": "gate locked"})
    town.clock.advance(1000)
    if how == "resumed":
        assert town.post("tickets/A1/resume", WHO).status_code == 200
    else:
        arrived(town)
        outage = town.get("tickets/A1").json()["outage_id"]
        town.post(f"outages/{outage}/restore", WHO)
        press(town, "field_complete", 2)
    clock = clock_of(town)
    assert (clock["paused_since"], clock["paused_s"]) == (None, 480 * 60.0)
    if how == "judged":
        assert clock["verdict"] == "missed"


def test_each_level_is_sent_once_and_acknowledged(town: Town):
    town.report("A1")
    for _ in range(3):
        town.clock.advance(4)
        Work(town.house).tick()
    (desk,) = [w for w in town.get("warnings", "supervisor", all=True).json() if w["level"] == 4]
    assert (desk["rule_id"], desk["to"]) == ("dispatch_desk", ["supervisor", "company"])
    taken = town.post(f"warnings/{desk['id']}/acknowledge", "supervisor", {"note": "on it"})
    assert taken.status_code == 204
    again = town.post(f"warnings/{desk['id']}/acknowledge", "supervisor")
    assert again.status_code == 409
    assert desk["id"] not in [w["id"] for w in town.get("warnings", "supervisor").json()]
    assert town.post(f"crew/warnings/{desk['id']}/acknowledge", "C1").status_code == 404


def test_a_clock_is_judged_again_and_the_first_judgement_stays(town: Town):
    town.report("A1")
    town.clock.advance(200)
    arrived(town)
    clock = clock_of(town)
    running = town.post(f"clocks/{clock['id']}/rejudge", "supervisor", {"reason": "early"})
    assert running.status_code == 409
    desk = clock_of(town, "dispatch_desk")
    assert desk["verdict"] == "missed"
    given = {
        "reason": "the radio log shows it was given out at once",
        "earliest": at(1).isoformat(),
        "latest": at(2).isoformat(),
        "event": "radio:4711",
    }
    story = town.post(f"clocks/{desk['id']}/rejudge", "supervisor", given).json()
    assert [j["verdict"] for j in story["judgements"]] == ["missed", "kept"]
    assert story["judgements"][1]["why"] == given["reason"]
    assert clock_of(town, "dispatch_desk")["rejudged"] == 1
    entries = town.get("commitments/clocks", "supervisor", rule="dispatch_desk").json()
    assert [(e["verdict"], e["judgements"]) for e in entries] == [("kept", 2)]


def test_another_version_of_the_rules_judges_again_only_when_asked(town: Town):
    town.report("A1")
    town.clock.advance(10)
    arrived(town)
    rules = with_minutes(the_rules(town), "dispatch_desk", urban=15, rural=15, remote=15)
    version = town.post("rule-sets", "admin", {**rules, "reason": "agreed"}).json()["version"]
    desk = clock_of(town, "dispatch_desk")
    assert desk["verdict"] == "missed"
    given = {"reason": "agreed to hold from the first", "rule_version": version}
    story = town.post(f"clocks/{desk['id']}/rejudge", "supervisor", given).json()
    assert [(j["rule_version"], j["verdict"]) for j in story["judgements"]] == [
        (desk["rule_version"], "missed"),
        (version, "kept"),
    ]
    assert town.post(f"clocks/{desk['id']}/rejudge", WHO, given).status_code == 403


def test_a_pause_told_afterwards_judges_again(town: Town):
    town.report("A1")
    town.clock.advance(200)
    arrived(town)
    outage = town.get("tickets/A1").json()["outage_id"]
    town.post(f"outages/{outage}/restore", WHO, {"at": town.clock.now.isoformat()})
    press(town, "field_complete", 2)
    given = {
        "reason": "unsafe",
        "note": "flood on the road, photographs in the file",
        "since": at(5).isoformat(),
        "until": at(190).isoformat(),
    }
    before = clock_of(town, "arrival_national")
    stood = town.post("tickets/A1/pause", "supervisor", given)
    assert stood.status_code == 200, stood.text
    after = clock_of(town, "arrival_national")
    assert after["paused_s"] == 185 * 60
    assert (before["verdict"], after["rejudged"]) == ("missed", 1)
    assert after["without_pauses"] == "missed"


def test_the_ledger_counts_shares_headroom_and_what_is_behind_them(town: Town):
    town.report("A1")
    town.report("A2", account="T2-0")
    town.clock.advance(2)
    arrived(town)
    ledger = town.get("commitments/ledger", "supervisor").json()
    lines = {line["standing"]["rule_id"]: line for line in ledger["lines"]}
    desk = lines["dispatch_desk"]["standing"]
    assert (desk["kept"], desk["running"], desk["kept_share"]) == (1, 1, 1.0)
    arrival = lines["arrival_commitment"]
    assert arrival["scope"] == ["each", "average"]
    assert arrival["budget"]["open_jobs"] + arrival["budget"]["unforeseen_jobs"] == 2
    assert {kpi["name"] for kpi in ledger["kpis"]} == {
        *("dispatched_in_time", "arrived_in_time", "called_back", "satisfied"),
    }
    by_district = town.get("commitments/ledger", "supervisor", by_district=True).json()
    assert {line["standing"]["district_id"] for line in by_district["lines"]} == {"west"}
    sheet = town.get("commitments/ledger.csv", "supervisor")
    assert sheet.text.startswith("\ufeffrule_id,area_class")
    assert "dispatch_desk" in sheet.text
    behind = town.get("commitments/clocks", "supervisor", rule="dispatch_desk", verdict="kept")
    assert [each["ticket_id"] for each in behind.json()] == ["A1"]
    none = town.get("commitments/ledger", "supervisor", month="2025-01").json()
    assert none["lines"] == []
    assert town.get("commitments/ledger", "supervisor", month="2026-13").status_code == 422
    assert town.get("commitments/ledger", "west-dispatcher", district="east").status_code == 404


def test_a_month_is_told_by_the_rules_that_held_in_it(town: Town):
    town.report("A1")
    version = clock_of(town)["rule_version"]
    zone = ZoneInfo("Asia/Shanghai")
    april = datetime(2026, 4, 1, tzinfo=zone)
    rules = {**the_rules(town), "reason": "from April on", "valid_from": april.isoformat()}
    assert town.post("rule-sets", "admin", rules).status_code == 201
    town.clock.now = april + timedelta(days=3)
    march = ledger_of(town.house, None, datetime(2026, 3, 1, tzinfo=zone), april, foresee=False)
    assert march.rules_version == version


def test_a_rule_that_is_left_out_stays_in_the_month_in_which_it_was_promised(town: Town):
    before = the_rules(town)
    like = next(rule for rule in before["rules"] if rule["id"] == "arrival_commitment")
    own = {**like, "id": "arrival_at_once", "title": "our own", "goal": 0.5}
    more = {**before, "rules": [*before["rules"], own], "reason": "a promise of our own"}
    assert town.post("rule-sets", "admin", more).status_code == 201
    town.report("A1")
    town.clock.advance(1)
    assert town.post("rule-sets", "admin", {**before, "reason": "no more"}).status_code == 201
    town.clock.advance(1)
    town.report("A2", account="T2-0")
    found = town.get("commitments/ledger", "supervisor").json()["lines"]
    lines = {line["standing"]["rule_id"]: line for line in found}
    line = lines["arrival_at_once"]
    assert (line["left_out"], line["title"], line["goal"]) == (True, "our own", 0.5)
    assert line["budget"] is not None
    assert line["standing"]["clocks"] == line["standing"]["running"] == 1
    assert not lines["arrival_commitment"]["left_out"]
    assert lines["arrival_commitment"]["standing"]["clocks"] == 2
    assert "our own" not in town.get("tickets/A2").text


def test_planned_work_is_held_against_how_long_ahead_it_was_told(town: Town):
    for number, ahead in (("T1", 8 * 1440), ("T2", 60)):
        body = {
            "transformers": [number],
            "reason": "works",
            "starts_at": at(ahead).isoformat(),
            "ends_at": at(ahead + 60).isoformat(),
        }
        assert town.post("planned-outages", WHO, body).status_code == 201
    told = {
        cut["starts_at"]: cut["told"] for cut in town.get("planned-notices", "supervisor").json()
    }
    seven, hour = sorted(told, reverse=True)
    assert told[seven]["planned_notice"] == "in_time"
    assert told[hour]["planned_notice"] == "late"


def test_repeats_say_which_rules_are_in_use(town: Town):
    found = {each["rule"]: each for each in town.get("repeated-outages", "supervisor").json()}
    assert not found["frequent_outage"]["in_use"]
    assert found["repeated_fault"]["faults"] == []


def test_why_the_published_rules_hold_is_said_in_the_language_of_the_page(town: Town):
    said = {
        language: town.client.get(
            "/commitments", headers=town.headers("supervisor", **{"Accept-Language": language})
        ).text
        for language in ("zh-CN", "en")
    }
    assert "按公布的规则" in said["zh-CN"] and "as published" not in said["zh-CN"]
    assert "as published" in said["en"] and " · the system</small>" in said["en"]
    assert town.get("rule-sets", "supervisor").json()[0]["note"] == "as published"
