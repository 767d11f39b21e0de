"""What each type of line does in a replay, on a real utility's network."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from sqlalchemy import text

from api.replaying import replay_on
from dispatch.drill.replay.driving import Office
from dispatch.drill.replay.lines import must_read
from dispatch.store.cluster import Layout
from tests.conftest import a_database
from tests.data import test_data
from tests.e2e.replays import (
    Fault,
    Told,
    Utility,
    at,
    call,
    jsonl,
    members,
    of,
    say,
    utility_of,
)

MUX = "network_mux_tapejara_2024/mux_2024.gpkg.zip"
ROUND_THE_CLOCK = """
INSERT INTO crew (id, name, district_id, skills, base)
    SELECT 'north', 'north', district.id, '{mv,lv}', substation.point
    FROM district, substation LIMIT 1;
INSERT INTO shift_pattern (crew_id, starts, ends, zone) VALUES ('north', '00:00', '00:00', 'UTC');
"""
EARLY_SHIFT = ROUND_THE_CLOCK.replace("'00:00', '00:00'", "'14:00', '22:00'")


@pytest.fixture(scope="module")
def utility(test_cluster: Layout) -> Iterator[Utility]:
    with utility_of(test_cluster, test_data(MUX)) as loaded:
        yield loaded


@pytest.fixture(scope="module")
def faults(utility: Utility) -> list[Fault]:
    """Transformers with many homes, far from one another in the list."""
    return utility.faults("transformer", (1, 1), 20)


@pytest.fixture(scope="module")
def fault(faults: list[Fault]) -> Fault:
    return faults[0]


@pytest.fixture(scope="module")
def calls(fault: Fault) -> list[Told]:
    return fault.calls("A", 0, 8)


def z(minutes: float) -> str:
    return at(minutes).replace("+00:00", "Z")


def last_device(told: Sequence[Told]) -> Told:
    return of(told, "predict")[-1]["devices"][0]


def test_a_position_near_a_home_is_enough(utility: Utility, fault: Fault):
    with utility.after([call(0, "A", fault.accounts[0])]) as (_, c):
        where = c.execute(text("SELECT ST_X(point) AS lon, ST_Y(point) AS lat FROM ticket")).one()
    location = {"lon": where.lon, "lat": where.lat, "accuracy_m": 20}
    told = utility.replay([call(0, "A", location=location)])
    assert list(members(told).values()) == [["A"]]


def test_nowhere_is_unlocated_and_never_a_failure(utility: Utility):
    lines = [
        call(0, "A"),
        call(1, "B", phone="5499000001"),
        call(2, "C", address="nowhere at all"),
        call(3, "D", location={"lon": 0, "lat": 0}),
        call(4, "E", "no such account", meter="no such meter"),
    ]
    told = utility.replay(lines)
    assert told[-1]["unlocated"] + told[-1]["alone"] == ["A", "B", "C", "E", "D"]
    assert of(told, "refused") + of(told, "failed") == []


def test_the_same_ticket_twice_is_one(utility: Utility, fault: Fault):
    account = fault.accounts[0]
    told = utility.replay([call(0, "A", account), call(5, "A", account)])
    assert list(members(told).values()) == [["A"]]


def test_calls_name_the_transformer_that_they_share(utility: Utility, calls: list[Told], fault):
    told = utility.replay(calls)
    assert last_device(told)["id"] == fault.device
    assert last_device(told)["probability"] > 0.8


def test_last_gasps_are_evidence(utility: Utility, fault: Fault):
    lone = call(0, "A", fault.accounts[0])
    gasps = [
        say(0.1 + 0.01 * n, "meter", account=account, kind="last_gasp")
        for n, account in enumerate(fault.accounts[1:9])
    ]
    without, told = utility.replay([lone, call(30, "Z", "x")]), utility.replay([lone, *gasps])

    def chance(lines: Sequence[Told]) -> float:
        devices = of(lines, "predict")[-1]["devices"]
        return {d["id"]: d["probability"] for d in devices}.get(fault.device, 0.0)

    assert chance(told) > chance(without) + 0.3


def test_an_unknown_meter_is_told(utility: Utility):
    told = utility.replay([say(0, "meter", meter="nobody", kind="last_gasp")])
    (refused,) = of(told, "refused")
    assert (refused["line"], "nobody" in refused["why"]) == (1, True)


@pytest.mark.parametrize("named", [lambda device: device, lambda device: device.split(":")[1]])
def test_a_switch_goes_by_our_id_or_its_own(utility: Utility, fault: Fault, named):
    lines = [say(0, "scada", device=named(fault.device), state="open")]
    with utility.after(lines) as (told, c):
        seen = c.execute(text("SELECT device_id, is_open, source FROM device_sighting")).one()
    assert tuple(seen) == (fault.device, True, "scada")
    assert of(told, "refused") + of(told, "failed") == []


def test_findings_confirm_the_outage_that_holds_the_device(
    utility: Utility, calls: list[Told], fault: Fault
):
    seen = say(20, "crew_action", kind="findings", crew="C7", device=fault.device, cause="raio")
    told = utility.replay([*calls, seen])
    (confirmed,) = of(told, "confirmed")
    assert (confirmed["device"], confirmed["by"]) == (fault.device, "C7")
    assert (confirmed["cause"], confirmed["at"]) == ("raio", z(20))
    assert told[-1]["outages"][-1]["status"] == "confirmed"


def test_findings_where_nothing_is_out_are_a_sighting(utility: Utility, fault: Fault):
    seen = say(0, "crew_action", kind="confirm", device=fault.device)
    with utility.after([seen]) as (told, c):
        sighting = c.execute(text("SELECT device_id, is_open, source FROM device_sighting")).one()
    assert tuple(sighting) == (fault.device, True, "crew")
    assert of(told, "refused") + of(told, "failed") == []


def test_a_device_that_was_found_closed_confirms_nothing(
    utility: Utility, calls: list[Told], fault: Fault
):
    seen = say(20, "crew_action", kind="findings", device=fault.device, state="closed")
    with utility.after([*calls, seen]) as (told, c):
        assert c.scalar(text("SELECT is_open FROM device_sighting")) is False
    assert of(told, "confirmed") == []


def test_a_crew_of_the_replays_own_does_what_no_crew_is_named_for(
    utility: Utility, calls: list[Told], fault: Fault
):
    steps = [
        say(20 + n, "crew_action", kind=kind, device=fault.device)
        for n, kind in enumerate(("accept", "en_route", "arrive"))
    ]
    lines = [
        *calls,
        *steps,
        say(40, "crew_action", kind="restore", device=fault.device),
        say(41, "crew_action", kind="field_complete", crew="replay-1"),
    ]
    with utility.after(lines) as (told, c):
        order = c.execute(
            text("SELECT status, crew_id FROM trouble_order WHERE crew_id IS NOT NULL")
        )
        assert tuple(order.one()) == ("field_complete", "replay-1")
    assert of(told, "refused") + of(told, "failed") == []
    assert [line["crew"] for line in of(told, "assigned")] == ["replay-1"]


def test_a_named_crew_goes_on_when_supply_is_back(
    utility: Utility, calls: list[Told], faults: list[Fault]
):
    other = faults[-1]
    lines = [
        *calls,
        *other.calls("B", 10, 8),
        say(30, "crew_action", kind="arrive", crew="C1", device=faults[0].device),
        say(35, "crew_action", kind="arrive", crew="C1", device=other.device),
        say(40, "restore", device=faults[0].device),
        say(45, "crew_action", kind="arrive", crew="C1", device=other.device),
    ]
    told = utility.replay(lines)
    (refused,) = of(told, "refused")
    assert (refused["line"], refused["code"]) == (len(lines) - 2, "crew-busy")
    assert [line["at"] for line in of(told, "assigned")] == [z(30), z(45)]


def test_the_track_of_a_named_crew_is_kept(utility: Utility, calls: list[Told], fault: Fault):
    lines = [
        *calls,
        say(20, "crew_action", kind="en_route", crew="C1", device=fault.device),
        say(21, "fix", crew="C1", lon=-52.0, lat=-28.0, accuracy_m=8),
        say(2000, "fix", crew="C1", lon=-52.0, lat=-28.0),
    ]
    with utility.after(lines) as (told, c):
        assert c.scalar(text("SELECT count(*) FROM position_fix")) == 2
    assert of(told, "refused") + of(told, "failed") == []


def test_an_estimate_is_the_crews_word(utility: Utility, calls: list[Told], fault: Fault):
    said = say(20, "crew_action", kind="estimate", device=fault.device, restore_at=at(90))
    with utility.after([*calls, said]) as (told, c):
        sources = c.scalars(text("SELECT etr_source FROM outage WHERE merged_into_id IS NULL"))
        assert sources.all() == ["crew"]
    assert of(told, "refused") + of(told, "failed") == []


@pytest.mark.parametrize(
    "there",
    [
        lambda fault: {"device": fault.device},
        lambda fault: {"transformers": sorted(fault.homes)},
        lambda fault: {"accounts": fault.accounts[:3]},
        lambda fault: {"ticket": "A00"},
    ],
)
def test_restoring_finds_the_outage_however_it_is_named(
    utility: Utility, calls: list[Told], fault: Fault, there
):
    told = utility.replay([*calls, say(60, "restore", **there(fault))])
    (restored,) = of(told, "restored")
    assert (restored["at"], restored["part"]) == (z(60), False)
    assert restored["customers"] >= 8


def test_what_was_restored_cannot_be_restored_again(utility: Utility, calls: list[Told]):
    told = utility.replay(
        [*calls, say(60, "restore", ticket="A00"), say(70, "restore", ticket="A00")]
    )
    assert of(told, "refused")[0]["why"] == "no open outage holds any of it"


def test_restoring_what_is_not_out_is_refused(utility: Utility, fault: Fault):
    told = utility.replay([say(0, "restore", device=fault.device)])
    assert of(told, "refused")[0]["why"] == "no open outage holds any of it"


def test_a_call_inside_planned_work_sends_nobody_and_the_work_ends_as_announced(
    utility: Utility, fault: Fault
):
    account = fault.accounts[0]
    work = {"starts_at": at(10), "ends_at": at(120), "reason": "poste"}
    lines = [
        say(0, "planned_outage", transformers=sorted(fault.homes), **work),
        call(30, "inside", account),
        call(500, "after", account),
    ]
    with utility.after(lines) as (told, c):
        assert c.scalar(text("SELECT ended_at FROM planned_outage")).isoformat() == at(120)
    assert told[-1]["planned"] == ["inside"]
    assert list(members(told).values()) == [["after"]]
    (order,) = of(told, "order")
    assert order["at"] >= z(500)


def test_crews_that_are_loaded_are_sent(utility: Utility, calls: list[Told]):
    told = utility.replay(calls, prepare=ROUND_THE_CLOCK)
    assigned = of(told, "assigned")
    assert assigned and {line["crew"] for line in assigned} == {"north"}
    ordered = of(told, "order")
    assert ordered[0]["order"] == assigned[0]["order"]


def test_an_order_waits_for_the_shift_to_begin(utility: Utility, calls: list[Told]):
    told = utility.replay([*calls, call(200, "Z", "x")], prepare=EARLY_SHIFT)
    assert of(told, "assigned")[0]["at"] == z(120)


def test_without_crews_orders_are_told_all_the_same(utility: Utility, calls: list[Told]):
    told = utility.replay(calls)
    assert len(of(told, "order")) == 1
    assert of(told, "assigned") == []


def test_an_order_that_is_held_is_told_after_the_last_line(utility: Utility, fault: Fault):
    told = utility.replay([call(0, "A", fault.accounts[0])])
    (order,) = of(told, "order")
    assert z(0) <= order["at"] <= z(60)
    assert told[-1]["at"] == order["at"]


def test_a_week_in_which_nothing_happens_is_passed_over(utility: Utility, fault: Fault):
    a_week = 7 * 24 * 60
    lines = [call(0, "A", fault.accounts[0]), call(a_week, "B", "nobody")]
    told = utility.replay(lines)
    between = {line["at"] for line in told if z(0) < line["at"] < z(a_week)}
    assert max(between) < z(300)
    assert told[-1]["at"] == z(a_week)


class Stumbling:
    """An office whose first job fails each time."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def jobs(self, *, tick: bool) -> Iterator[tuple[str, Callable[[], None]]]:
        yield "stumble", self._fail
        yield from self._office.jobs(tick=tick)

    def _fail(self) -> None:
        raise ValueError("over a stone")


def test_a_mistake_of_ours_is_told_and_the_day_goes_on(
    test_cluster: Layout, utility: Utility, calls: list[Told]
):
    lines, _ = must_read(jsonl(calls).splitlines(), skip_bad=False)
    with (
        a_database(test_cluster, template=utility.template) as url,
        replay_on(url, lines[0].at) as ready,
    ):
        told = list(replace(ready, office=Stumbling(ready.office)).run(lines))
    assert {(line["job"], line["why"]) for line in of(told, "failed")} == {
        ("stumble", "ValueError: over a stone")
    }
    assert len(members(told)) == 1


def test_a_fault_suspected_behind_a_confirmed_outage_is_told_once(
    utility: Utility, fault: Fault, calls: list[Told]
):
    """Hours later one says that the neighbours have light, and a meter next door agrees."""
    confirmed = say(20, "crew_action", kind="confirm", device=fault.device, cause="fuse")
    *_, meter, home = max(fault.homes.values(), key=len)
    lit = say(650, "meter", account=meter, kind="ping_on")
    late = call(660, "late", home, symptoms=["neighbours_lit"])
    told = utility.replay([*calls, confirmed, lit, late, call(670, "Z", "x")])
    (line,) = of(told, "hidden_fault")
    assert (line["what"], line["tickets"]) == ("proposed", ["late"])
    assert line["outage"] == next(k for k, ids in members(told).items() if "late" in ids)
    assert line["place"] == home and "device" not in line
