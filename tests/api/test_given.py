"""What callers were told: kept once, shown to who is asked next, judged by what came."""

from datetime import timedelta

from tests.api.conftest import Town


def give(town: Town, given_id: str = "G1", who: str = "agent", **fields: object):
    body = {
        "id": given_id,
        "account": "T1-0",
        "answer": "known_fault",
        "said": "预计恢复供电",
        "language": "zh-CN",
        **fields,
    }
    return town.post("answers-given", who, {k: v for k, v in body.items() if v is not None})


def before(town: Town, who: str = "agent", **asked: object) -> list[dict]:
    answer = town.get("answers-given", who, **(asked or {"account": "T1-0"}))
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_an_answer_is_kept_in_its_words_with_who_gave_it_and_when(town: Town):
    outage = town.report("A1").json()["outage"]["id"]
    etr = town.clock.now + timedelta(hours=2)
    answer = give(town, outage_id=outage, etr_at=etr.isoformat(), checked=["neighbours_out"])
    assert answer.status_code == 201, answer.text
    (kept,) = before(town)
    assert (kept["said"], kept["by"], kept["language"]) == ("预计恢复供电", "agent", "zh-CN")
    assert (kept["truth"], kept["lit_at"], kept["checked"]) == ("ahead", None, ["neighbours_out"])


def test_the_same_answer_sent_twice_is_kept_once_and_as_it_was_first(town: Town):
    give(town)
    again = give(town, said="something else")
    assert again.status_code == 201
    assert again.json()["said"] == "预计恢复供电"
    assert len(before(town)) == 1


def test_an_answer_to_a_customer_is_found_by_the_telephone_and_the_other_way_round(town: Town):
    give(town, account=None, phone="13800001234")
    assert len(before(town, phone="13800001234")) == 1
    assert len(before(town, account="west-phone")) == 1
    assert before(town, account="T1-0") == []


def test_the_latest_stands_first(town: Town):
    give(town, "G1")
    town.clock.advance(5)
    give(town, "G2")
    assert [each["id"] for each in before(town)] == ["G2", "G1"]


def test_a_time_told_is_judged_by_the_restoration_of_that_customer(town: Town):
    reported = town.report("A1").json()
    etr = town.clock.now + timedelta(minutes=30)
    give(town, outage_id=reported["outage"]["id"], etr_at=etr.isoformat())
    town.clock.advance(60)
    assert before(town)[0]["truth"] == "overdue"
    path = f"outages/{reported['outage']['id']}"
    assert town.post(f"{path}/confirm", "dispatcher").status_code == 200
    restored = town.post(f"{path}/restore", "dispatcher")
    assert restored.status_code == 200, restored.text
    (kept,) = before(town)
    assert (kept["truth"], kept["late_by_s"]) == ("late", 1800)


def test_an_answer_that_came_late_says_when_it_was_given(town: Town):
    at = town.clock.now - timedelta(hours=3)
    give(town, at=at.isoformat())
    assert before(town)[0]["at"] == at.isoformat().replace("+00:00", "Z")


def test_another_districts_customer_and_outage_do_not_exist(town: Town):
    outage = town.report("A1").json()["outage"]["id"]
    assert give(town, who="east-agent", account=None, outage_id=outage).status_code == 404
    give(town)
    hidden = town.get("answers-given", "east-agent", account="T1-0")
    assert hidden.status_code == 404


def test_an_outage_that_does_not_exist_is_refused(town: Town):
    assert give(town, outage_id=999).status_code == 404


def test_somebody_has_to_be_asked_for(town: Town):
    assert town.get("answers-given").status_code == 422


def test_an_unknown_account_was_told_nothing_and_is_no_error(town: Town):
    assert before(town, account="nobody") == []
