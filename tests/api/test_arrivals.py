"""From a button pressed far away to the record of what the track showed, over HTTP."""

from datetime import timedelta

import pytest

from tests.api.conftest import Town
from tests.store.builders import LAT, LON, METRE

KM = 1000 * METRE


@pytest.fixture
def order(town: Town) -> int:
    """An order that C1 is on its way to; its outage lies at LON, LAT."""
    outage = town.report().json()["outage"]["id"]
    etag = town.get(f"outages/{outage}", "dispatcher").headers["etag"]
    sent = town.put(
        f"outages/{outage}/assignment",
        body={"crew_id": "C1", "reason": "near"},
        **{"If-Match": etag},
    )
    order = int(sent.json()["order"]["id"])
    act(town, order, "accept", "en_route")
    return order


def act(town: Town, order: int, *kinds: str, crew: str = "C1") -> list[str]:
    actions = [
        {
            "id": f"{order}-{kind}-{town.clock.now.isoformat()}",
            "seq": n,
            "kind": kind,
            "order_id": order,
            "occurred_at": town.clock.now.isoformat(),
        }
        for n, kind in enumerate(kinds)
    ]
    answer = town.post("crew/actions", crew, {"actions": actions}).json()
    return [action["outcome"] for action in answer["actions"]]


def stays(town: Town, minutes: int, east_km: float = 0.0, crew: str = "C1", tag: str = "") -> None:
    """Time passes at a place; each fix is sent as it comes."""
    for n in range(2 * minutes):
        town.clock.advance(0.5)
        fix = {
            "id": f"{crew}{tag}{town.clock.now.isoformat()}",
            "lon": LON + (east_km * KM) / 0.877 + (n % 3) * 2e-5,
            "lat": LAT + (n % 2) * 1e-5,
            "fixed_at": town.clock.now.isoformat(),
            "accuracy_m": 8,
        }
        town.post("crew/positions", crew, {"positions": [fix]})


def judged(town: Town, order: int) -> list[str]:
    found = town.get(f"orders/{order}/arrival", "dispatcher").json()
    return [each["verdict"] for each in found["judgements"]]


def page(town: Town, path: str, who: str) -> str:
    return town.client.get(path, headers=town.headers(who)).text


def status(town: Town, order: int) -> str:
    return town.get(f"orders/{order}", "dispatcher").json()["status"]


def test_a_claim_far_away_asks_the_crew_and_alarms_the_console(town: Town, order: int):
    stays(town, 3, east_km=4)
    assert "arrival_stands" not in page(town, "/crew/orders", "C1")
    act(town, order, "arrive")
    assert judged(town, order) == ["contradicted"]
    assert "arrival_stands" in page(town, "/crew/orders", "C1")
    assert f"arrival_doubted:{order}." in page(town, "/console/alarms", "dispatcher")


def test_pressed_by_mistake_takes_the_arrival_back(town: Town, order: int):
    stays(town, 3, east_km=4)
    act(town, order, "arrive")
    assert act(town, order, "arrival_mistaken") == ["applied"]
    assert status(town, order) == "en_route"
    assert judged(town, order) == ["withdrawn", "contradicted"]
    assert "arrival_doubted" not in page(town, "/console/alarms", "dispatcher")
    assert "arrival_stands" not in page(town, "/crew/orders", "C1")


def test_after_a_mistake_the_true_arrival_is_judged_and_its_clock_counts_from_it(
    town: Town, order: int
):
    stays(town, 3, east_km=4)
    act(town, order, "arrive")
    pressed = town.clock.now
    act(town, order, "arrival_mistaken")
    stays(town, 10, east_km=2, tag="on")
    stays(town, 4, tag="there")
    assert judged(town, order) == ["confirmed", "withdrawn", "contradicted"]
    assert status(town, order) == "arrived"
    full = town.get(f"orders/{order}", "dispatcher").json()
    assert full["arrived_at"] > (pressed + timedelta(minutes=9)).isoformat()


def test_i_am_there_stays_on_record_and_is_asked_once(town: Town, order: int):
    stays(town, 3, east_km=4)
    act(town, order, "arrive")
    assert act(town, order, "arrival_stands") == ["applied"]
    assert "arrival_stands" not in page(town, "/crew/orders", "C1")
    listed = page(town, "/console/alarms", "dispatcher")
    assert f"arrival_doubted:{order}." in listed
    steps = town.get(f"orders/{order}", "dispatcher").json()["steps"]
    assert "there" in steps[-1]["reason"]["en"]


def test_a_proven_arrival_is_not_taken_back(town: Town, order: int):
    stays(town, 4)
    assert status(town, order) == "arrived"
    assert act(town, order, "arrival_mistaken") == ["refused"]
    assert status(town, order) == "arrived"


def test_a_forgotten_button_is_filled_in_and_the_history_says_so(town: Town, order: int):
    stays(town, 4)
    found = town.get(f"orders/{order}/arrival", "dispatcher").json()
    (judgement,) = found["judgements"]
    assert (judgement["verdict"], judgement["filled_in"]) == ("confirmed", True)
    assert len(found["track"]) >= 5
    steps = town.get(f"orders/{order}", "dispatcher").json()["steps"]
    (arrived,) = [step for step in steps if step["kind"] == "arrived"]
    assert arrived["by"] == "track"
    assert any("did not press" in why["en"] for why in arrived["why"])


def test_a_late_batch_judges_anew_beside_what_was_judged(town: Town, order: int):
    began = town.clock.now
    stays(town, 3, east_km=4)
    town.clock.advance(20)
    stays(town, 4)
    (first,) = town.get(f"orders/{order}/arrival", "dispatcher").json()["judgements"]
    late = [
        {
            "id": f"late{n}",
            "lon": LON + (n % 3) * 2e-5,
            "lat": LAT + (n % 2) * 1e-5,
            "fixed_at": (began + timedelta(minutes=12 + n / 2)).isoformat(),
            "accuracy_m": 8,
        }
        for n in range(20)
    ]
    town.post("crew/positions", "C1", {"positions": late})
    newest, older = town.get(f"orders/{order}/arrival", "dispatcher").json()["judgements"]
    assert older == first
    assert newest["latest"] < first["latest"]


def test_the_panel_shows_interval_reasons_and_track(town: Town, order: int):
    stays(town, 4)
    outage = town.get(f"orders/{order}", "dispatcher").json()["outage_id"]
    shown = page(town, f"/console/outages/{outage}", "dispatcher")
    assert 'id="arrival"' in shown
    assert '<svg class="track"' in shown and 'class="fence"' in shown
    assert "arrival_confirmed" not in shown  # a word of the field, not a code


def test_of_two_crews_in_one_vehicle_both_are_named(town: Town, order: int):
    for n in range(16):
        town.clock.advance(0.5)
        for crew in ("C1", "C2"):
            fix = {
                "id": f"{crew}-{n}",
                "lon": LON + max(0, 10 - n) ** 1.2 * 300 * METRE + (n % 3) * 2e-5,
                "lat": LAT + (n % 2) * 1e-5,
                "fixed_at": town.clock.now.isoformat(),
                "accuracy_m": 8,
            }
            town.post("crew/positions", crew, {"positions": [fix]})
    found = town.get(f"orders/{order}/arrival", "dispatcher").json()["judgements"][0]
    assert found["verdict"] == "confirmed"
    assert any("C2" in reason["en"] for reason in found["reasons"])


def test_yesterdays_drive_played_again_is_not_believed(town: Town, order: int):
    def drive(day: int) -> list[dict[str, object]]:
        return [
            {
                "id": f"{day}-{n}",
                "lon": LON + max(0, 14 - n) ** 1.2 * 250 * METRE + (n % 3) * 2e-5,
                "lat": LAT + (n % 2) * 1e-5,
                "fixed_at": (town.clock.now + timedelta(minutes=n / 2 - 12, days=day)).isoformat(),
                "accuracy_m": 8,
            }
            for n in range(24)
        ]

    town.post("crew/positions", "C1", {"positions": drive(-1)})
    town.clock.advance(12)
    act(town, order, "arrive")
    town.post("crew/positions", "C1", {"positions": drive(0)})
    newest = town.get(f"orders/{order}/arrival", "dispatcher").json()["judgements"][0]
    assert newest["verdict"] == "claimed_only"
    assert any("played again" in reason["en"] for reason in newest["reasons"])


def test_another_districts_dispatcher_sees_no_arrival(town: Town, order: int):
    assert town.get(f"orders/{order}/arrival", "east-dispatcher").status_code == 404


def test_what_only_says_the_same_again_is_no_new_judgement(town: Town, order: int):
    stays(town, 3, east_km=4)
    act(town, order, "arrive")
    stays(town, 5, east_km=4.1, tag="on")
    assert judged(town, order) == ["contradicted"]
