"""From a button pressed far away to the record of what the track showed, over HTTP."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import event, text

from api.trackers.weighing import Weighing
from dispatch.domain.crew import PositionFix
from dispatch.domain.words import CrewId
from dispatch.usecases.record_tracks import RecordTracks, record_tracks
from tests.api.conftest import Town
from tests.loops import run_async
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
    for fix in passes(town, minutes, east_km, crew, tag):
        town.post("crew/positions", crew, {"positions": [fix]})


def passes(
    town: Town, minutes: int, east_km: float = 0.0, crew: str = "C1", tag: str = ""
) -> Iterator[dict[str, object]]:
    """Time passes at a place; what the phone measures there."""
    for n in range(2 * minutes):
        town.clock.advance(0.5)
        yield {
            "id": f"{crew}{tag}{town.clock.now.isoformat()}",
            "lon": LON + (east_km * KM) / 0.877 + (n % 3) * 2e-5,
            "lat": LAT + (n % 2) * 1e-5,
            "fixed_at": town.clock.now.isoformat(),
            "accuracy_m": 8,
        }


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


def returns(town: Town, order: int, crew: str = "C1") -> None:
    """A crew gives its order back."""
    action = {
        "id": f"{order}-return-{town.clock.now.isoformat()}",
        "seq": 99,
        "kind": "return",
        "order_id": order,
        "occurred_at": town.clock.now.isoformat(),
        "reason": "no parts aboard",
    }
    answer = town.post("crew/actions", crew, {"actions": [action]})
    assert answer.json()["actions"][0]["outcome"] == "applied", answer.text
    town.clock.advance(1)


def sends(town: Town, order: int, crew: str) -> None:
    """The dispatcher sends a crew to the order's outage, and it sets out."""
    outage = town.get(f"orders/{order}", "dispatcher").json()["outage_id"]
    etag = town.get(f"outages/{outage}", "dispatcher").headers["etag"]
    sent = town.put(
        f"outages/{outage}/assignment",
        body={"crew_id": crew, "reason": "again"},
        **{"If-Match": etag},
    )
    assert sent.status_code == 200, sent.text
    act(town, order, "accept", "en_route", crew=crew)


def test_a_second_claim_far_away_is_asked_about_again(town: Town, order: int):
    stays(town, 3, east_km=4)
    act(town, order, "arrive")
    act(town, order, "arrival_stands")
    act(town, order, "arrival_mistaken")
    stays(town, 3, east_km=4, tag="on")
    act(town, order, "arrive")
    assert "arrival_stands" in page(town, "/crew/orders", "C1")


def cab_is_elsewhere(town: Town, began: datetime, count: int) -> None:
    """The terminal in C1's vehicle says, later, that it stood five kilometres away."""
    fixes = [
        PositionFix(
            id=f"t{n}",
            crew_id=CrewId("C1"),
            lon=LON + 5 * KM / 0.877 + (n % 3) * 2e-5,
            lat=LAT + (n % 2) * 1e-5,
            fixed_at=began + timedelta(minutes=n / 2),
            received_at=town.clock.now,
            accuracy_m=8,
            device="jt808:13800001234",
        )
        for n in range(count)
    ]
    hears(town, fixes)


def hears(town: Town, fixes: list[PositionFix]) -> None:
    """What terminals tell the gateway is stored, and weighed by itself."""
    command = RecordTracks(fixes=fixes)
    with town.house.transaction() as store:
        kept = record_tracks(store, command, tracking=town.house.policies.tracking)
    weighing = Weighing(town.house)
    weighing.note(kept.taken)
    run_async(weighing.weigh())


def test_the_repair_is_timed_from_the_true_arrival_by_the_districts_own_figures(town: Town):
    (newest, *_) = town.get("rule-sets", "supervisor").json()
    rules = town.get(f"rule-sets/{newest['version']}", "supervisor").json()
    own = {
        "id": "west-bridge",
        "district": "west",
        "rule": "restoration_after_arrival",
        "valid_from": town.clock.now.isoformat(),
        "minutes": {"urban": 100, "rural": 100},
        "note": "bridge closed",
    }
    parts = {part: rules[part] for part in ("rules", "ahead", "repeats", "pauses")}
    made = town.post("rule-sets", "admin", {**parts, "overrides": [own], "reason": "bridge"})
    assert made.status_code == 201, made.text
    town.clock.advance(1)
    order = town.report().json()["outage"]["id"]
    sends(town, order, "C1")
    stays(town, 3, east_km=4)
    act(town, order, "arrive", "arrival_mistaken")
    stays(town, 10, east_km=2, tag="on")
    stays(town, 4, tag="there")
    arrived_at = town.get(f"orders/{order}", "dispatcher").json()["arrived_at"]
    with town.engine.connect() as c:
        (repair,) = c.execute(text("SELECT * FROM clock WHERE order_id IS NOT NULL")).all()
    assert repair.started_at == datetime.fromisoformat(arrived_at)
    assert repair.due_at == repair.started_at + timedelta(minutes=100)
    assert repair.next_level_at == repair.started_at + timedelta(minutes=50)


def test_an_order_passed_on_does_not_make_its_customers_wait_anew(town: Town, order: int):
    act(town, order, "arrive")
    since = town.clock.now
    town.clock.advance(30)
    returns(town, order)
    sends(town, order, "C2")
    town.clock.advance(20)
    act(town, order, "arrive", crew="C2")
    with town.engine.connect() as c:
        (repair,) = c.execute(text("SELECT * FROM clock WHERE order_id IS NOT NULL")).all()
    assert (repair.started_at, repair.due_at) == (since, since + timedelta(minutes=180))


def test_in_a_long_back_fill_the_stay_is_found_wherever_it_lies(town: Town, order: int):
    began = town.clock.now

    def east_km(n: int) -> float:
        away = 120 - n if n < 120 else max(0, n - 300)
        return 0.03 * away**1.1

    fixes = [
        PositionFix(
            id=f"x{n}",
            crew_id=CrewId("C1"),
            lon=LON + east_km(n) * KM / 0.877 + (n % 3) * 2e-5,
            lat=LAT + (n % 2) * 1e-5,
            fixed_at=began + timedelta(seconds=10 * n),
            received_at=began + timedelta(minutes=70),
            accuracy_m=8,
            device="jt808:13800001234",
        )
        for n in range(400)
    ]
    town.clock.advance(70)
    hears(town, fixes)
    newest, *_ = town.get(f"orders/{order}/arrival", "dispatcher").json()["judgements"]
    assert (newest["verdict"], newest["filled_in"]) == ("confirmed", True)


def test_a_promise_kept_by_a_proof_that_is_none_any_more_is_open_again(town: Town, order: int):
    began = town.clock.now
    stays(town, 4)
    promise = "SELECT id, verdict, due_at FROM clock WHERE rule_id = 'arrival_commitment'"
    with town.engine.connect() as c:
        (kept,) = c.execute(text(promise)).all()
    assert kept.verdict == "kept"
    cab_is_elsewhere(town, began, 9)
    assert judged(town, order) == ["withdrawn", "confirmed"]
    with town.engine.connect() as c:
        (again,) = c.execute(text(promise)).all()
    assert (again.verdict, again.due_at) == ("running", kept.due_at)
    story = town.get(f"clocks/{kept.id}", "supervisor").json()
    assert [each["verdict"] for each in story["judgements"]] == ["kept", "cannot_say"]
    assert "later speak against it" in story["judgements"][1]["why"]


def test_the_end_of_an_order_finds_an_arrival_that_was_not_weighed(town: Town, order: int):
    began = town.clock.now
    fixes = [
        PositionFix(
            id=f"x{n}",
            crew_id=CrewId("C1"),
            lon=LON + max(0, 20 - n) ** 1.2 * 200 * METRE + (n % 3) * 2e-5,
            lat=LAT + (n % 2) * 1e-5,
            fixed_at=began + timedelta(minutes=n / 2),
            received_at=began + timedelta(minutes=n / 2),
            accuracy_m=8,
            device="jt808:13800001234",
        )
        for n in range(40)
    ]
    town.clock.advance(25)
    with town.house.transaction() as store:
        command = RecordTracks(fixes=fixes)
        record_tracks(store, command, tracking=town.house.policies.tracking)
    assert act(town, order, "restore", "field_complete") == ["applied", "applied"]
    newest, *_ = town.get(f"orders/{order}/arrival", "dispatcher").json()["judgements"]
    assert (newest["verdict"], newest["filled_in"]) == ("confirmed", True)
    clocks = town.get("tickets/A1").json()["clocks"]
    assert "cannot_say" not in {clock["verdict"] for clock in clocks}
    assert status(town, order) == "field_complete"


def test_a_claim_long_unproven_is_looked_at_once_a_minute_and_proven_all_the_same(
    town: Town, order: int
):
    stays(town, 3, east_km=4)
    act(town, order, "arrive")
    town.clock.advance(25)
    read = []

    def note(*executed: object) -> None:
        read.append("FROM position_fix" in str(executed[2]) and "BETWEEN" in str(executed[2]))

    event.listen(town.engine, "before_cursor_execute", note)
    stays(town, 10, east_km=2, tag="on")
    event.remove(town.engine, "before_cursor_execute", note)
    assert 0 < sum(read) <= 11, "of twenty positions"
    assert judged(town, order) == ["contradicted"]
    stays(town, 4, tag="there")
    assert judged(town, order)[0] == "confirmed"
