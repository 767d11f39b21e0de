"""Saying honestly what is unsure, and which of two outages lives on."""

from dataclasses import replace

import pytest

from dispatch.domain.outage import Outage, OutageStatus, PredictedDevice
from dispatch.domain.words import AreaClass, Disposition, NetworkLevel, OutageId
from dispatch.journal import SYSTEM
from dispatch.sayings import reason
from dispatch.store.reads.corrections import NearOutage
from dispatch.store.reads.details import AttachedTicket
from dispatch.store.reads.suspects import Suspect
from maps.judging import line_up, marriages, of_belonging, percent, weakly_explained
from tests.store import builders as build


def suspect(name: str, probability: float) -> Suspect:
    return Suspect(
        id=name,
        kind="fuse",
        name=name,
        probability=probability,
        lon=None,
        lat=None,
        transformers=1,
        customers=10,
    )


@pytest.mark.parametrize(
    ("probabilities", "certainty", "leading"),
    [
        ((0.51, 0.49), "tied", 2),
        ((0.30, 0.28, 0.25, 0.01), "tied", 3),
        ((0.82, 0.12), "leading", 1),
        ((0.41, 0.2), "unsure", 1),
    ],
)
def test_a_tie_is_called_a_tie(probabilities, certainty, leading):
    found = line_up([suspect(f"F{n}", p) for n, p in enumerate(probabilities)])
    assert found is not None
    assert (found.certainty, len(found.leading)) == (certainty, leading)


@pytest.mark.parametrize(
    ("probability", "said"), [(1.0, 100), (0.9997, 99), (0.514, 51), (0.001, 1), (0.0, 0)]
)
def test_only_what_is_certain_is_said_to_be(probability: float, said: int):
    assert percent(probability) == said


def test_what_is_hardly_possible_is_not_shown():
    assert line_up([]) is None
    assert line_up([suspect("F1", 0.01)]) is None


def attached(name: str, probability: float | None, by: str = SYSTEM) -> AttachedTicket:
    ticket = build.a_ticket(name, disposition=Disposition.ATTACHED)
    return AttachedTicket(
        ticket=ticket,
        probability=probability,
        basis="feeder_model",
        reasons=(),
        attached_by=by,
        attached_at=build.NOW,
        told_at=None,
        power_on=None,
    )


def test_a_report_is_weakly_explained_when_the_system_is_unsure_and_no_person_put_it_there():
    callers = [attached("A1", 0.95), attached("A2", 0.7), attached("A3", 0.7, by="dispatcher")]
    assert weakly_explained([*callers, attached("A4", None)]) == {"A2"}
    assert weakly_explained([attached("A2", 0.7)]) == frozenset()


def test_why_an_order_waits_is_not_why_a_report_belongs():
    written = [reason("first_report"), reason("held_back", percent=97), reason("split_off")]
    assert of_belonging(written) == ["first_report"]


def outage(**fields: object) -> Outage:
    made = Outage(
        id=OutageId(5),
        district_id=build.WEST,
        level=NetworkLevel.FEEDER_MODEL,
        feeder_id="F1",
        device=PredictedDevice(id="F1-a", kind="fuse", name="fuse F1-a"),
        lon=build.LON,
        lat=build.LAT,
        accuracy_m=20,
        area_class=AreaClass.URBAN,
        started_at=build.NOW,
        opened_at=build.NOW,
    )
    return replace(made, **fields)


def near(number: int, started: float, **fields: object) -> NearOutage:
    made = NearOutage(
        id=OutageId(number),
        version=3,
        status=OutageStatus.PREDICTED,
        device_kind="fuse",
        device_name="F",
        started_at=build.at(started),
        same_feeder=True,
        same_device=False,
        distance_m=100,
        reports=1,
        crew_on_its_way=False,
    )
    return replace(made, **fields)


def test_of_two_predictions_the_older_lives_on_unless_a_crew_is_under_way():
    mine = outage(started_at=build.at(5))
    older, younger = near(7, 0), near(8, 10)
    assert [m.whole_id for m in marriages(mine, [older, younger], crew_on_its_way=False)] == [7, 5]
    assert [m.whole_id for m in marriages(mine, [older], crew_on_its_way=True)] == [5]


def test_a_confirmed_outage_lives_on_and_two_of_them_cannot_be_merged():
    mine = outage(status=OutageStatus.CONFIRMED, started_at=build.at(5))
    older = near(7, 0)
    (joined,) = marriages(mine, [older], crew_on_its_way=False)
    assert (joined.whole_id, joined.part_id) == (5, 7)
    confirmed = replace(older, status=OutageStatus.CONFIRMED)
    assert marriages(mine, [confirmed], crew_on_its_way=False) == []


def test_two_outages_confirmed_with_one_device_are_merged_and_what_is_partly_back_lives_on():
    mine = outage(status=OutageStatus.CONFIRMED, started_at=build.at(5))
    twin = near(7, 10, status=OutageStatus.CONFIRMED, same_device=True)
    (joined,) = marriages(mine, [twin], crew_on_its_way=False)
    assert (joined.whole_id, joined.part_id) == (5, 7)
    partly = replace(twin, status=OutageStatus.PARTIALLY_RESTORED)
    (joined,) = marriages(mine, [partly], crew_on_its_way=True)
    assert (joined.whole_id, joined.part_id) == (7, 5)
    begun = outage(status=OutageStatus.PARTIALLY_RESTORED, started_at=build.at(5))
    assert marriages(begun, [partly], crew_on_its_way=False) == []
