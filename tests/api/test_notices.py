"""The burst breaker over HTTP: draft, release, whom a notice answers and whom it never does."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from dispatch.domain.outage import Calling, Prediction
from dispatch.explaining import calling_of
from dispatch.rates import Rates, Stirring
from dispatch.store.predictions import written
from tests.api.conftest import Town
from tests.store.builders import add_home


def report(town: Town, ticket_id: str, account: str, **fields: object) -> dict:
    answer = town.report(ticket_id, account, **fields)
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


@pytest.fixture
def outage(town: Town) -> int:
    """T1 is out: reported by a caller whose neighbours are out as well, and confirmed."""
    outage_id = report(town, "first", "T1-0", multiple_premises=True)["outage"]["id"]
    body = {"cause": "变压器故障"}
    assert town.post(f"outages/{outage_id}/confirm", "dispatcher", body).status_code == 200
    return int(outage_id)


def drafted(town: Town, outage: int) -> dict:
    return town.get(f"outages/{outage}/notice", "dispatcher").json()["draft"]


def release(town: Town, outage: int, mark: str | None = None, **headers: str):
    body = {"mark": mark or drafted(town, outage)["mark"]}
    return town.post(f"outages/{outage}/notice", "dispatcher", body, **headers)


@pytest.fixture
def notice(town: Town, outage: int) -> dict:
    answer = release(town, outage)
    assert answer.status_code == 201, answer.text
    return answer.json()


def avoided(town: Town, notice: dict) -> dict[str, int]:
    return town.get(f"notices/{notice['id']}", "dispatcher").json()["avoided"]


NOTHING = dict.fromkeys(("customers", "told", "told_only", "attached", "unattended", "repeats"), 0)


def test_a_draft_states_area_customers_cause_and_how_sure_but_promises_no_guess(town, outage):
    draft = drafted(town, outage)
    stated, say = draft["stated"], draft["say"]
    assert (stated["district"], stated["feeder"]) == ("West", "line F1")
    assert (stated["customers"], stated["transformers"]) == (4, ["T1"])
    assert stated["communities"] == ["transformer T1"]
    assert stated["restore_at"] is None  # the estimate on record is a rule's guess
    assert "变压器故障" in say["zh"] and "已核实" in say["zh"] and "前再次通告" in say["zh"]
    assert "confirmed" in say["en"] and "20:30" in say["en"]


def test_a_restoration_that_somebody_stands_for_is_in_the_notice(town: Town, outage: int):
    at = (town.clock.now + timedelta(hours=2)).isoformat()
    town.post(f"outages/{outage}/estimate", "dispatcher", {"at": at, "confidence": "high"})
    assert "今天22:00恢复供电" in drafted(town, outage)["say"]["zh"]


def test_only_single_homes_out_are_not_published(town: Town):
    alone = report(town, "alone", "T1-0")["outage"]["id"]
    assert drafted(town, alone) is None
    answer = release(town, alone, mark="any")
    assert answer.status_code == 409 and "single homes" in answer.json()["detail"]


def test_a_burst_brings_the_draft_to_the_list(town: Town, outage: int):
    assert town.get("notice-drafts", "dispatcher").json() == []
    for n in range(4):
        report(town, f"again{n}", "T1-0")
    (draft,) = town.get("notice-drafts", "dispatcher").json()
    assert (draft["outage_id"], draft["is_burst"], draft["calls"]) == (outage, True, 5)
    town.clock.advance(11)
    assert town.get("notice-drafts", "dispatcher").json() == []


def test_a_covered_caller_is_answered_in_the_words_of_the_notice(town: Town, notice: dict):
    known = town.get("known-outage", account="T1-1").json()
    assert known["notice"] == notice["id"]
    assert known["say"] == notice["say"]
    assert any(why["en"] == f"public notice {notice['id']} is out" for why in known["reasons"])


def test_a_covered_report_is_attached_at_once_and_answered_the_same_when_sent_again(
    town: Town, notice: dict
):
    first = report(town, "covered", "T1-1")
    assert (first["disposition"], first["outage"]["id"]) == ("attached", notice["outage_id"])
    assert first["say"] == notice["say"]
    assert report(town, "covered", "T1-1")["say"] == notice["say"]
    assert avoided(town, notice)["attached"] == 1


def test_danger_always_passes_through_with_an_order_of_its_own(town: Town, notice: dict):
    taken = report(town, "danger", "T1-1", hazards=["wire_down"], symptoms=["no_power"])
    assert taken["disposition"] == "incident" and taken["say"] is None
    titles = [item["hazards"] for item in town.get("worklist", "dispatcher").json()]
    assert ["wire_down"] in titles
    assert avoided(town, notice) == NOTHING


@pytest.mark.parametrize(
    "said",
    [
        {"symptoms": ["neighbours_lit"]},
        {"multiple_premises": False},
        {"symptoms": ["main_switch_tripped"]},
        {"symptoms": ["no_power", "flicker"]},
        {"symptoms": ["partial_power"]},
        {"symptoms": ["it smells of burning"]},
    ],
)
def test_a_caller_who_stands_alone_or_says_more_passes_through(
    town: Town, notice: dict, said: dict
):
    asked = town.get("known-outage", account="T1-1", **said).json()
    assert asked["notice"] is None and asked["say"] != notice["say"]
    assert report(town, "alone", "T1-1", **said)["say"] is None
    assert avoided(town, notice) == NOTHING


def test_a_critical_customer_passes_through(town: Town, notice: dict):
    with town.engine.begin() as c:
        add_home(c, "hospital", "T1", critical="hospital")
    assert town.get("known-outage", account="hospital").json()["notice"] is None
    taken = report(town, "critical", "hospital")
    assert (taken["disposition"], taken["say"]) == ("attached", None)  # as without a notice
    assert avoided(town, notice) == NOTHING


def test_a_caller_outside_the_scope_passes_through(town: Town, notice: dict):
    assert town.get("known-outage", account="T2-0").json()["notice"] is None
    taken = report(town, "outside", "T2-0")
    assert (taken["disposition"], taken["say"]) == ("new_outage", None)
    assert avoided(town, notice) == NOTHING


def test_a_transformer_that_was_restored_is_covered_no_more(town: Town):
    outage = report(town, "one", "T1-0", multiple_premises=True)["outage"]["id"]
    other = report(town, "two", "T2-0", multiple_premises=True)["outage"]["id"]
    body = {"outage_id": other, "reason": "one fuse"}
    assert town.post(f"outages/{outage}/merge", "dispatcher", body).status_code == 200
    town.post(f"outages/{outage}/confirm", "dispatcher")
    assert release(town, outage).json()["stated"]["transformers"] == ["T1", "T2"]
    assert town.get("known-outage", account="T2-1").json()["notice"] is not None
    town.clock.advance(5)
    town.post(f"outages/{outage}/restore", "dispatcher", {"transformers": ["T2"]})
    assert town.get("known-outage", account="T2-1").json()["notice"] is None
    assert town.get("known-outage", account="T1-1").json()["notice"] is not None


def test_a_weakly_explained_caller_passes_through(town: Town):
    outage = report(town, "first", "T1-0", multiple_premises=True)["outage"]["id"]
    hours_ago = town.clock() - timedelta(hours=3)
    thinks(town, outage, 0.8, calling_of(Rates(), hours_ago, stirring=STORM))
    assert release(town, outage).status_code == 201
    known = town.get("known-outage", account="T1-1").json()
    assert known["answer"] == "known_fault" and known["probability"] < 0.9
    assert known["notice"] is None
    assert report(town, "second", "T1-1")["say"] is None


def test_a_customer_with_another_open_report_passes_through(town: Town, notice: dict):
    report(town, "danger", "T1-1", hazards=["sparks"], symptoms=["flicker"])
    assert town.get("known-outage", account="T1-1").json()["notice"] is None


def test_what_was_answered_is_counted_once_each_and_nothing_is_estimated(town, notice):
    for _ in range(3):
        town.get("known-outage", account="T1-1")
    town.get("known-outage", account="west-phone")
    assert avoided(town, notice) == NOTHING | {"customers": 2, "told": 2, "told_only": 2}
    report(town, "r1", "T1-1")
    report(town, "r2", "T1-2", channel="app")
    report(town, "r3", "T1-2", channel="app")
    counted = {
        "customers": 3,
        "told": 2,
        "told_only": 1,
        "attached": 2,
        "unattended": 1,
        "repeats": 1,
    }
    assert avoided(town, notice) == counted
    town.clock.advance(1)
    figures = town.get("calls-avoided", "supervisor").json()
    assert figures["notices"] == 1
    assert {name: figures[name] for name in counted} == counted


def test_the_desk_counts_as_well(town: Town, notice: dict):
    page = town.client.get("/desk/answer", params={"q": "T1-1"}, headers=town.headers("agent"))
    assert notice["say"]["zh"] in page.text
    assert avoided(town, notice)["told"] == 1


def test_a_notice_that_no_longer_holds_answers_nobody_until_it_is_released_again(town, notice):
    outage = notice["outage_id"]
    at = (town.clock.now + timedelta(hours=2)).isoformat()
    town.post(f"outages/{outage}/estimate", "dispatcher", {"at": at, "confidence": "high"})
    assert town.get("known-outage", account="T1-1").json()["notice"] is None
    assert drafted(town, outage)["differs"]
    again = release(town, outage).json()
    known = town.get("known-outage", account="T1-1").json()
    assert known["notice"] == again["id"] and "今天22:00" in known["say"]["zh"]
    before = town.get(f"notices/{notice['id']}", "dispatcher").json()
    assert before["withdrawn_for"]["en"] == "replaced by a newer notice" and not before["is_out"]
    town.clock.advance(121)  # the restoration that was stated has passed
    assert town.get("known-outage", account="T1-1").json()["notice"] is None


def test_a_missed_word_ends_the_notice(town: Town, notice: dict):
    town.clock.advance(29)
    assert town.get("known-outage", account="T1-1").json()["notice"] == notice["id"]
    town.clock.advance(2)
    assert town.get("known-outage", account="T1-1").json()["notice"] is None


def test_a_draft_that_changed_since_it_was_read_is_not_released(town: Town, outage: int):
    mark = drafted(town, outage)["mark"]
    town.post(f"outages/{outage}/confirm", "dispatcher", {"cause": "树障"})
    answer = release(town, outage, mark)
    assert (answer.status_code, answer.json()["type"]) == (412, "/problems/stale-version")
    assert release(town, outage, **{"If-Match": '"0"'}).status_code == 412


def test_of_two_dispatchers_at_once_one_releases_and_the_other_looks_again(town, outage):
    mark = drafted(town, outage)["mark"]
    with ThreadPoolExecutor(4) as desks:
        answers = list(desks.map(lambda _: release(town, outage, mark).status_code, range(4)))
    assert sorted(answers) == [201, 412, 412, 412]


def test_a_caller_whom_inference_doubts_passes_through(town: Town):
    outage = report(town, "one", "T1-0", multiple_premises=True)["outage"]["id"]
    for n in (1, 2):
        report(town, f"more{n}", f"T1-{n}", multiple_premises=True)
    release(town, outage)
    assert town.get("known-outage", account="west-phone").json()["notice"] is not None
    thinks(town, outage, 0.7)
    assert town.get("known-outage", account="west-phone").json()["notice"] is None
    assert drafted(town, outage)["stated"]["percent"] == 70
    thinks(town, outage, 0.93)
    assert town.get("known-outage", account="west-phone").json()["notice"] is not None


STORM = Stirring(devices=3000.0, singles=3000.0)


def thinks(town: Town, outage: int, probability: float, calling: Calling | None = None) -> None:
    """Let inference hold that T1's fuse has opened with this probability."""
    prediction = Prediction(
        devices=(("F1-a", probability),),
        probability=probability,
        customers_out=4.0,
        calling=calling,
    )
    with town.engine.begin() as c:
        c.execute(
            text("UPDATE outage SET prediction = CAST(:it AS jsonb) WHERE id = :id"),
            {"it": json.dumps(written(prediction)), "id": outage},
        )


def test_a_withdrawn_notice_answers_nobody_and_is_withdrawn_once(town: Town, notice: dict):
    path, body = f"notices/{notice['id']}/withdraw", {"reason": "wrong street"}
    stale = town.post(path, "dispatcher", body, **{"If-Match": '"7"'})
    assert stale.status_code == 412
    gone = town.post(path, "dispatcher", body, **{"If-Match": f'"{notice["version"]}"'}).json()
    assert gone["withdrawn_for"]["en"] == "wrong street" and not gone["is_out"]
    assert town.get("known-outage", account="T1-1").json()["notice"] is None
    assert town.post(path, "dispatcher", body).status_code == 409


def test_the_end_of_the_outage_ends_its_notice(town: Town, notice: dict):
    outage = notice["outage_id"]
    town.clock.advance(5)
    assert town.post(f"outages/{outage}/restore", "dispatcher").status_code == 200
    assert town.get("known-outage", account="T1-1").json()["notice"] is None
    (kept,) = town.get(f"outages/{outage}/notice", "dispatcher").json()["notices"]
    assert not kept["is_out"] and kept["withdrawn_at"] is None
    assert drafted(town, outage) is None
    assert release(town, outage, mark="any").status_code == 409


def test_another_district_has_no_such_notice(town: Town, notice: dict):
    path = f"notices/{notice['id']}"
    assert town.get(path, "east-dispatcher").status_code == 404
    assert town.post(f"{path}/withdraw", "east-dispatcher", {"reason": "x"}).status_code == 404
    assert town.get("notices", "east-dispatcher").json() == []
    assert town.get(f"outages/{notice['outage_id']}/notice", "east-dispatcher").status_code == 404
    town.clock.advance(1)
    (mine,) = town.get("notices", "west-dispatcher").json()
    assert mine["id"] == notice["id"]


def test_agents_and_programs_release_nothing(town: Town, outage: int):
    body = {"mark": drafted(town, outage)["mark"]}
    for who in ("agent", "supervisor", "integration", "crew"):
        assert town.post(f"outages/{outage}/notice", who, body).status_code == 403


def test_the_journal_tells_who_released_and_who_withdrew(town: Town, notice: dict):
    town.post(f"notices/{notice['id']}/withdraw", "dispatcher", {"reason": "wrong street"})
    with town.engine.connect() as c:
        told = c.exec_driver_sql(
            "SELECT kind, actor FROM event WHERE kind LIKE 'outage.notice%%' ORDER BY id"
        ).all()
    assert [tuple(each) for each in told] == [
        ("outage.notice_released", "dispatcher"),
        ("outage.notice_withdrawn", "dispatcher"),
    ]
