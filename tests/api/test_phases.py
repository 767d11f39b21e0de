"""Open phases: said, corrected, merged, restored, and what they mean to callers on others."""

import pytest
from httpx import Response
from sqlalchemy import text

from tests.api.conftest import Town
from tests.api.test_named_devices import found_by_crew

HEAD = {"id": "F1-head", "kind": "breaker", "name": "head"}
FUSE = {"id": "F1-a", "kind": "fuse", "name": "fuse"}
OWN = {"id": "F1-a", "kind": "transformer", "name": "T1"}


def transformers_live_on(town: Town, **phases: str) -> None:
    with town.engine.begin() as c:
        for name, said in phases.items():
            c.execute(
                text("UPDATE transformer SET phases = :said WHERE id = :name"),
                {"said": said, "name": name},
            )


def homes_live_on(town: Town, **phases: str) -> None:
    """The first homes of T1, by their number: `h0="A"`; its fuse is that of its own winding."""
    with town.engine.begin() as c:
        c.execute(text("UPDATE device SET kind = 'transformer' WHERE id = 'F1-a'"))
        for name, said in phases.items():
            c.execute(
                text("UPDATE usage_point SET phases = :said WHERE account = :account"),
                {"said": said, "account": f"T1-{name[1:]}"},
            )


def reported(town: Town, ticket: str, account: str, **fields: object) -> int:
    assert town.report(ticket, account, **fields).status_code == 201
    return int(town.get(f"tickets/{ticket}").json()["outage_id"])


def tag_of(town: Town, outage: int) -> dict[str, str]:
    return {"If-Match": town.get(f"outages/{outage}").headers["ETag"]}


def confirm(town: Town, outage: int, **body: object) -> Response:
    return town.post(f"outages/{outage}/confirm", "dispatcher", body, **tag_of(town, outage))


def restore(town: Town, outage: int, **body: object) -> None:
    done = town.post(f"outages/{outage}/restore", "dispatcher", body, **tag_of(town, outage))
    assert done.status_code == 200, done.text


def kept(town: Town, outage: int) -> tuple[str | None, set[str]]:
    """The open phases on record, and the transformers that are out."""
    with town.engine.connect() as c:
        out = c.execute(
            text(
                "SELECT transformer_id FROM outage_transformer"
                " WHERE outage_id = :id AND restored_at IS NULL"
            ),
            {"id": outage},
        )
        return town.get(f"outages/{outage}").json()["phases"], set(out.scalars())


def test_phases_said_wrongly_are_corrected_to_others_and_to_all(town: Town):
    transformers_live_on(town, T1="A", T2="B")
    outage = reported(town, "A1", "T1-0")
    for said, phases, out in (
        ("A", "A", {"T1"}),
        ("b", "B", {"T2"}),
        ("ABC", None, {"T1", "T2"}),
        ("A", "A", {"T1"}),
        (None, "A", {"T1"}),
    ):
        answer = confirm(town, outage, device=HEAD, phases=said)
        assert answer.status_code == 200, answer.text
        assert kept(town, outage) == (phases, out)


def test_phases_said_of_one_device_are_not_those_of_another(town: Town):
    transformers_live_on(town, T1="A", T2="B")
    outage = reported(town, "A1", "T1-0")
    assert confirm(town, outage, device=FUSE, phases="A").status_code == 200
    other = confirm(town, outage, device=FUSE | {"id": "F1-b"})
    assert other.status_code == 200, other.text
    assert kept(town, outage) == (None, {"T2"})


def test_what_has_light_again_stays_lit_when_somebody_says_other_phases(town: Town):
    transformers_live_on(town, T1="AB", T2="AB")
    outage = reported(town, "A1", "T1-0")
    assert confirm(town, outage, device=HEAD, phases="A").status_code == 200
    town.clock.advance(10)
    restore(town, outage, transformers=["T1"])
    town.clock.advance(10)
    assert confirm(town, outage, device=HEAD, phases="B").status_code == 200
    assert kept(town, outage) == ("B", {"T2"})


@pytest.mark.parametrize(
    ("of_part", "of_both"),
    [({"phases": "B"}, "AB"), ({"phases": "BC"}, None), ({"phases": "AC"}, "AC"), ({}, "A")],
)
def test_outages_of_one_device_that_are_merged_have_lost_the_phases_of_both(
    town: Town, of_part: dict[str, str], of_both: str | None
):
    transformers_live_on(town, T1="A", T2="BC")
    whole, part = reported(town, "A1", "T1-0"), reported(town, "B1", "T2-0")
    assert confirm(town, whole, device=HEAD, phases="A").status_code == 200
    assert found_by_crew(town, part, "C1", device_id="F1-head", **of_part) == ("applied", "")
    body = {"outage_id": part, "reason": "one storm"}
    merged = town.post(f"outages/{whole}/merge", "dispatcher", body, **tag_of(town, whole))
    assert merged.status_code == 200, merged.text
    assert kept(town, whole) == (of_both, {"T1", "T2"})


def test_who_lives_on_another_phase_of_the_transformer_was_not_interrupted(town: Town):
    homes_live_on(town, h0="A", h1="B")
    outage = reported(town, "A1", "T1-0")
    assert confirm(town, outage, device=OWN, phases="A").status_code == 200
    town.clock.advance(10)
    restore(town, outage)
    with town.engine.connect() as c:
        who = c.execute(
            text(
                "SELECT account FROM interruption JOIN usage_point"
                " ON usage_point.id = usage_point_id"
            )
        )
        assert set(who.scalars()) == {"T1-0", "T1-2", "west-phone"}


@pytest.mark.parametrize(
    ("hazards", "disposition"), [([], "new_outage"), (["wire_down"], "incident")]
)
def test_a_caller_on_another_phase_is_told_of_no_known_fault_and_gets_an_order(
    town: Town, hazards: list[str], disposition: str
):
    homes_live_on(town, h0="A", h1="B")
    outage = reported(town, "A1", "T1-0")
    assert confirm(town, outage, device=OWN, phases="A").status_code == 200
    answers = [town.get("known-outage", account=a).json()["answer"] for a in ("T1-1", "T1-2")]
    assert answers == ["unknown", "known_fault"]
    assert town.report("B1", "T1-1", hazards=hazards).json()["disposition"] == disposition
    assert town.get("tickets/B1").json()["outage_id"] != outage
    assert len(town.get("worklist", "dispatcher").json()) == 2


@pytest.mark.parametrize("account", ["T9-0", "T9-1"])
def test_danger_reported_below_a_known_fault_without_a_feeder_model_is_an_order_of_its_own(
    town: Town, account: str
):
    outage = reported(town, "A1", "T9-0")
    said = confirm(town, outage, device={"kind": "transformer", "name": "T9"}, phases="A")
    assert said.status_code == 200, said.text
    told = town.report("B1", account, hazards=["wire_down"]).json()
    assert told["disposition"] == "incident"


def test_the_console_offers_to_correct_the_phases_of_a_confirmed_outage(town: Town):
    transformers_live_on(town, T1="AB")
    outage = reported(town, "A1", "T1-0")
    assert confirm(town, outage, device=FUSE, phases="A").status_code == 200
    headers = town.headers("dispatcher", **{"Accept-Language": "en"})
    page = town.client.get(f"/console/outages/{outage}", headers=headers).text
    assert 'id="act-phases"' in page and "as said before: A" in page
