"""Meter signals and device states over HTTP."""

import pytest
from sqlalchemy import text

from tests.api.conftest import Town

GASP = {"id": "s1", "account": "T1-0", "kind": "last_gasp", "at": "2026-03-02T11:59:00Z"}
OPEN = {"id": "d1", "device": "F1-a", "state": "open", "at": "2026-03-02T11:59:00Z"}


def gasp(**fields: object) -> dict[str, object]:
    return {"signals": [GASP | fields]}


def state(**fields: object) -> dict[str, object]:
    return {"states": [OPEN | fields]}


def test_a_batch_may_be_sent_again(town: Town):
    first = town.post("meter-signals", "integration", gasp())
    again = town.post("meter-signals", "integration", gasp())
    assert first.json() == {"received": 1, "new": 1, "unknown": [], "refused": []}
    assert (again.status_code, again.json()["new"]) == (200, 0)


def test_unknown_names_come_back(town: Town):
    meters = town.post("meter-signals", "integration", gasp(account="nobody")).json()
    devices = town.post("device-states", "integration", state(device="nothing")).json()
    assert (meters["new"], meters["unknown"]) == (0, ["nobody"])
    assert (devices["new"], devices["unknown"]) == (0, ["nothing"])


@pytest.mark.parametrize("at", ["2026-03-02T12:05:00Z", "2026-01-02T12:00:00Z"])
def test_a_time_that_cannot_be_meant_is_refused_and_holds_up_no_other(town: Town, at: str):
    body = {"signals": [GASP, GASP | {"id": "s2", "at": at}]}
    answer = town.post("meter-signals", "integration", body).json()
    assert (answer["received"], answer["new"]) == (2, 1)
    assert [(each["id"], "at is" in each["why"]) for each in answer["refused"]] == [("s2", True)]


def test_a_time_a_moment_ahead_is_now(town: Town):
    town.post("device-states", "integration", state(at="2026-03-02T12:00:30Z"))
    with town.engine.connect() as c:
        assert c.scalar(text("SELECT at FROM device_sighting")) == town.clock.now


@pytest.mark.parametrize(
    ("who", "source"),
    [("integration", "scada"), ("dispatcher", "dispatcher"), ("admin", "dispatcher")],
)
def test_a_program_is_scada_and_a_person_is_a_dispatcher(town: Town, who: str, source: str):
    town.post("device-states", who, state())
    with town.engine.connect() as c:
        seen = c.execute(text("SELECT source, by FROM device_sighting")).one()
    assert tuple(seen) == (source, who)


def test_a_dispatcher_of_another_district_does_not_know_the_device(town: Town):
    answer = town.post("device-states", "east-dispatcher", state())
    assert answer.json()["unknown"] == ["F1-a"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("meter-signals", gasp(kind="dead")),
        ("meter-signals", gasp(account=None)),
        ("meter-signals", gasp(at="2026-03-02T11:59:00")),
        ("meter-signals", {"signals": []}),
        ("device-states", state(state="ajar")),
        ("device-states", state(colour="red")),
    ],
)
def test_what_cannot_be_meant_names_the_field(town: Town, path: str, body: dict[str, object]):
    answer = town.post(path, "integration", body)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_a_signal_asks_for_its_feeder_to_be_grouped(town: Town):
    town.post("meter-signals", "integration", gasp())
    with town.engine.connect() as c:
        assert c.scalars(text("SELECT feeder_id FROM feeder_news")).all() == ["F1"]
        jobs = c.scalars(text("SELECT task_name FROM procrastinate_jobs")).all()
    assert jobs == ["group_feeders"]
