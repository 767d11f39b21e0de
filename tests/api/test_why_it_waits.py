"""Why an order has no crew, as the console says it: what holds it up now, not what is past."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import text

from dispatch.journal import SYSTEM, outage_event
from dispatch.sayings import reason
from tests.api.conftest import Town
from tests.api.test_dispatching import open_outage, send
from tests.api.test_zones import declare

HELD = {"en": "held for a moment: with 97 %", "zh": "暂缓派单：97%"}


def panel(town: Town, outage: int, language: str = "en") -> str:
    headers = town.headers("dispatcher", **{"Accept-Language": language})
    answer = town.client.get(f"/console/outages/{outage}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.text


def waits(page: str) -> str:
    found = re.search(r'<dd id="waits">(.*?)</dd>', page, re.DOTALL)
    return "" if found is None else re.sub(r"<[^>]+>", " ", found.group(1)).strip()


def hold(town: Town, outage_id: int, minutes: float) -> None:
    """Hold an outage's order back, as a look at its feeder does."""
    now = town.clock.now
    with town.house.transaction() as store:
        outage = store.outages.get(outage_id)
        why = [reason("alone_most_likely", percent=99), reason("held_back", percent=97)]
        store.events.append(outage_event(outage, "predicted", at=now, by=SYSTEM, reasons=why))
    with town.engine.begin() as c:
        c.execute(
            text("UPDATE trouble_order SET hold_until = :until WHERE outage_id = :outage"),
            {"until": now + timedelta(minutes=minutes), "outage": outage_id},
        )


@pytest.mark.parametrize(
    ("language", "busy"),
    [("en", "no crew is free: 1 on shift, all with an order"), ("zh", "当班1个，手上都有工单")],
)
def test_once_the_hold_has_run_out_it_says_that_all_crews_are_busy(
    town: Town, language: str, busy: str
):
    waiting = open_outage(town)
    hold(town, waiting, 2)
    held = panel(town, waiting, language)
    assert HELD[language] in waits(held)
    assert held.count(HELD[language]) == 1
    with town.engine.begin() as c:
        c.execute(text("DELETE FROM shift_pattern WHERE crew_id = 'C2'"))
    assert send(town, open_outage(town, "B1", "T2-0")).status_code == 200
    town.clock.advance(3)
    free = panel(town, waiting, language)
    assert busy in waits(free)
    assert HELD[language] not in free


def test_in_a_no_go_zone_it_waits_for_the_zone_and_not_for_a_crew(town: Town):
    waiting = open_outage(town)
    declare(town, "no_go", ends_at=None, name="burning plant")
    town.clock.advance(3)
    assert "burning plant" in waits(panel(town, waiting))


def test_with_a_crew_it_waits_for_nothing(town: Town):
    outage = open_outage(town)
    town.clock.advance(3)
    assert waits(panel(town, outage))
    send(town, outage)
    assert waits(panel(town, outage)) == ""


def test_an_incident_says_it_too(town: Town):
    town.report("W1", "T1-0", hazards=["wire_down"])
    headers = town.headers("dispatcher", **{"Accept-Language": "en"})
    page = town.client.get("/console/incidents/1", headers=headers).text
    assert "goes" in waits(page)
