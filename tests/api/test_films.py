"""The film: one file, nothing from elsewhere, nobody's district but the viewer's."""

import json
import re

import pytest

from tests.api.conftest import Town
from tests.api.test_dossiers import call_of
from tests.api.whole_outage import play


@pytest.fixture
def outage(town: Town) -> int:
    return play(call_of(town), town.clock.advance, town.engine, town.clock)


def film(town: Town, who: str, **asked: str) -> str:
    headers = town.headers(who, **{"Accept-Language": "en"})
    answer = town.client.get("/reports/film", params=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def data_of(page: str) -> dict:
    found = re.search(r'<script type="application/json" id="film">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_a_film_shows_when_an_outage_came_grew_and_ended(town: Town, outage: int):
    data = data_of(film(town, "supervisor"))
    (shown,) = data["outages"]
    assert [state for _, state in shown["states"]] == ["predicted", "confirmed", "closed"]
    begun, ended = shown["out"]
    assert begun[1] == 4 and ended[1] == 0
    assert ended[0] - begun[0] == 61 * 60


def test_a_film_begins_with_the_first_event_ends_with_the_last_and_names_the_quiet_hours(
    town: Town, outage: int
):
    town.clock.advance(300)
    assert town.report("B1", "T1-0").status_code == 201
    town.clock.advance(300)
    page = film(town, "supervisor")
    data = data_of(page)
    first, second = sorted(data["outages"], key=lambda each: each["from"])
    assert first["from"] == 300
    happened = [at for each in (first, second) for at, _ in (*each["states"], *each["out"])]
    assert data["seconds"] == max(happened) + 900
    ended = max(at for at in happened if at < second["from"])
    assert data["quiet"] == [[ended + 900, second["from"] - 300]]
    assert "from the first event to the last of " in page


def test_a_film_of_nothing_is_as_long_as_was_asked_for(town: Town):
    data = data_of(film(town, "supervisor"))
    assert (data["seconds"], data["quiet"]) == (86_400, [])


def test_the_speeds_of_a_film_are_in_the_readers_language(town: Town):
    headers = town.headers("supervisor", **{"Accept-Language": "zh-CN"})
    page = town.client.get("/reports/film", headers=headers).text
    assert '<option value="900" selected>15 分/秒</option>' in page


def test_crews_are_shown_to_supervisors_and_only_on_shift(town: Town, outage: int):
    assert data_of(film(town, "dispatcher"))["crews"] == []
    (crew,) = data_of(film(town, "supervisor"))["crews"]
    assert len(crew["t"]) >= 5
    with town.engine.begin() as c:
        c.exec_driver_sql("UPDATE shift_pattern SET starts = '01:00', ends = '02:00'")
    assert data_of(film(town, "supervisor"))["crews"] == []
    with town.engine.begin() as c:  # noon, UTC, lies in a shift that runs over midnight
        c.exec_driver_sql("UPDATE shift_pattern SET starts = '11:00', ends = '02:00'")
    assert len(data_of(film(town, "supervisor"))["crews"]) == 1


def test_a_film_holds_nothing_of_another_district(town: Town, outage: int):
    page = film(town, "east-dispatcher")
    assert data_of(page)["outages"] == []
    assert "fuse F1-a" not in page
    headers = town.headers("east-dispatcher")
    asked = town.client.get("/reports/film?district=west", headers=headers)
    assert asked.status_code == 404
    assert town.client.get("/reports/film", headers=town.headers("agent")).status_code == 403


def test_a_film_is_one_file_that_names_no_other(town: Town, outage: int):
    page = film(town, "supervisor", **{"as": "file"})
    assert not re.search(r"<script[^>]*\ssrc=|<link\s|<img\s|@import", page)
    assert not re.search(
        r"url\((?!data:)", re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    )
    assert "default-src 'none'" in page


def test_a_name_cannot_end_the_films_own_script(town: Town, outage: int):
    with town.engine.begin() as c:
        c.exec_driver_sql("UPDATE outage SET device_name = '</script><script>alert(1)</script>'")
    page = film(town, "supervisor")
    assert "<script>alert(1)" not in page
    assert data_of(page)["outages"][0]["name"].startswith("</script>")


def test_no_film_is_longer_than_a_week(town: Town):
    asked = {"from": "2026-03-01T00:00:00Z", "until": "2026-03-09T00:00:00Z"}
    answer = town.client.get("/reports/film", params=asked, headers=town.headers("supervisor"))
    assert answer.status_code == 422


def test_one_outage_can_be_looked_at_on_a_map_to_move_in(town: Town, outage: int):
    answer = town.client.get(f"/outages/{outage}/map", headers=town.headers("dispatcher"))
    data = data_of(answer.text)
    assert [each["id"] for each in data["outages"]] == [outage]
    assert data["seconds"] == 61 * 60
