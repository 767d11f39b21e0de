"""The parts of the desk that are read again: how the box is read, and whom to call back."""

import pytest

from tests.api.conftest import Town
from tests.store import builders as build


def part(town: Town, path: str, who: str = "agent", **asked: object) -> str:
    answer = town.client.get(path, params=asked, headers=town.headers(who))
    assert answer.status_code == 200, answer.text
    return answer.text


@pytest.mark.parametrize(
    "typed",
    [
        "13800001234",
        "138 0000 1234",
        "138-0000-1234",
        "１３８００００１２３４",
        "13800001234，",
        "west-phone",
    ],
)
def test_a_caller_is_found_however_the_number_is_written(town: Town, typed: str):
    assert "<h2>west-phone</h2>" in part(town, "/desk/answer", q=typed)


def test_a_number_and_an_account_are_told_apart_in_any_order(town: Town):
    for typed in ("T1-0 13911112222", "13911112222、T1-0"):
        found = part(town, "/desk/answer", q=typed)
        assert "<h2>T1-0</h2>" in found
        assert "13911112222" in found


def test_a_caller_of_another_district_is_not_known_here(town: Town):
    assert "west-phone" not in part(town, "/desk/answer", "east-agent", q="13800001234").replace(
        'data-q="13800001234"', ""
    )


@pytest.mark.parametrize("typed", ["A1B2C3D4E5F6", "0b0e7a52-0000-4000-8000-a1b2c3d4e5f6"])
def test_a_report_is_found_by_the_number_that_people_say(town: Town, typed: str):
    town.report("0b0e7a52-0000-4000-8000-a1b2c3d4e5f6", "T1-0")
    town.report("elsewhere", "T2-0")
    found = part(town, "/desk/answer", q=typed)
    assert "<h2>T1-0</h2>" in found
    assert 'class="report"' in found and "a1b2c3d4e5f6" in found
    assert 'class="report"' not in part(town, "/desk/answer", q="T1-0")


def test_a_report_of_a_place_alone_is_found_with_what_holds_it(town: Town):
    place = {"lon": build.LON, "lat": build.LAT}
    town.report("R-77", None, location=place)
    found = part(town, "/desk/answer", q="R-77")
    assert 'class="report"' in found and "R-77" in found


def test_a_report_of_another_district_is_not_found_by_its_number(town: Town):
    town.report("R-77", "T1-0")
    assert 'class="report"' not in part(town, "/desk/answer", "east-agent", q="R-77")


def test_two_characters_ask_nothing_of_the_database(town: Town):
    assert 'id="found"' not in part(town, "/desk/answer", q="红旗")


def restored(town: Town) -> None:
    outage = town.report("A1", phone="13811112222").json()["outage"]["id"]
    for step in ("confirm", "restore"):
        assert town.post(f"outages/{outage}/{step}", "dispatcher").status_code == 200


def test_who_is_to_be_told_is_listed_until_they_were_told(town: Town):
    restored(town)
    assert 'data-ticket="A1"' in part(town, "/desk/callbacks")
    told = town.post("tickets/A1/callback", body={"power_on": True})
    assert told.status_code == 200, told.text
    assert 'data-ticket="A1"' not in part(town, "/desk/callbacks")


def test_who_was_not_reached_comes_again_after_half_an_hour(town: Town):
    restored(town)
    town.post("tickets/A1/callback", body={"power_on": None})
    assert 'data-ticket="A1"' not in part(town, "/desk/callbacks")
    town.clock.advance(31)
    assert 'data-ticket="A1"' in part(town, "/desk/callbacks")


def test_another_district_does_not_see_whom_to_call(town: Town):
    restored(town)
    assert 'data-ticket="A1"' not in part(town, "/desk/callbacks", "east-agent")
