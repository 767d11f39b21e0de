"""Which doubted reports belong together, where their fault would be, and what speaks for it."""

from dataclasses import replace

import pytest

from dispatch.domain.facts import (
    FeederEvidence,
    MeterSignal,
    MeterSignalKind,
    OutageFact,
    ReportFact,
)
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import OutageId, TicketId, UsagePointId
from dispatch.grouping import judge
from dispatch.hidden import Hidden
from dispatch.rates import Rates, Stirring
from dispatch.sayings import say_reason
from dispatch.verdict import Costs
from tests.unit.core import after, evidence

STREET = """
[F1] -B:cb1- a(T4:40) -F:k1- b(T1:40) -250- c(T2:40) -250- d(T3:40)
             a -F:k2- e(T5:40)
"""
OUTAGE = OutageId(1)
LATE = 600.0
STORM = Stirring(devices=1_000.0, singles=1_000.0)
"""In the calm somebody who calls ten hours late has only just come home."""


def held(name: str, transformer: str, minutes: float, home: int, **facts: object) -> ReportFact:
    return ReportFact(
        ticket_id=TicketId(name),
        usage_point_id=UsagePointId(home),
        transformer_id=transformer,
        outage_id=OUTAGE,
        received_at=after(minutes),
        **facts,
    )


def confirmed(*reports: ReportFact, device: str = "switch:k1", **facts: object) -> FeederEvidence:
    """The fuse is known to be open since NOW, with its transformers, and so is who reported."""
    outage = OutageFact(
        id=OUTAGE,
        status=OutageStatus.CONFIRMED,
        device_id=device,
        started_at=after(0),
        crew_on_its_way=False,
        transformers=frozenset({"T1", "T2", "T3"}),
    )
    return replace(evidence(STREET, ""), reports=reports, outages=(outage,), **facts)


def hidden(known: FeederEvidence) -> tuple[Hidden, ...]:
    now = max(r.received_at for r in known.reports)
    return judge(known, Rates(), Costs(), now=now, stirring=STORM).hidden


def said(found: Hidden) -> list[str]:
    return [say_reason(each).en for each in found.reasons]


def test_what_an_outage_explains_well_hides_nothing():
    assert hidden(confirmed(held("a", "T1", 10, 1), held("b", "T2", 30, 2))) == ()


def test_one_late_report_is_a_fault_of_its_home():
    (found,) = hidden(confirmed(held("a", "T1", 10, 1), held("late", "T1", LATE, 2)))
    assert (found.outage_id, found.tickets) == (OUTAGE, ("late",))
    assert (found.device_id, found.home) == (None, 2)
    assert 1 / 3 < found.probability < 1
    assert said(found)[0].startswith("reported 600 minutes after the outage began")


def test_two_late_reports_of_one_transformer_are_a_fault_of_it():
    (found,) = hidden(confirmed(held("x", "T1", LATE, 2), held("y", "T1", LATE + 3, 3)))
    assert (found.device_id, found.home) == ("transformer:T1", None)
    assert found.tickets == ("x", "y")
    assert found.probability > 0.9
    assert said(found)[0] == "2 reports below T1 within 3 minutes: one fault, it seems"


def test_the_open_device_itself_is_no_hidden_fault():
    found = hidden(confirmed(held("x", "T1", LATE, 2), held("y", "T3", LATE + 3, 3)))
    assert [(h.device_id, h.tickets) for h in found] == [(None, ("x",)), (None, ("y",))]


def test_two_calls_of_one_customer_are_one_report():
    (found,) = hidden(confirmed(held("x", "T1", LATE, 2), held("again", "T1", LATE + 3, 2)))
    assert (found.device_id, found.tickets) == (None, ("again", "x"))


def test_where_somebody_has_light_since_no_common_device_has_opened():
    reports = held("x", "T1", LATE, 2), held("y", "T1", LATE + 3, 3)
    found = hidden(confirmed(*reports, lit={"T1": after(LATE + 1)}))
    assert all(h.device_id is None for h in found)


def test_each_transformer_has_its_own_fault():
    reports = (
        held("x", "T1", LATE, 2),
        held("y", "T1", LATE + 2, 3),
        held("u", "T3", LATE + 20, 4),
        held("v", "T3", LATE + 22, 5),
    )
    found = hidden(confirmed(*reports))
    assert {h.device_id: h.tickets for h in found} == {
        "transformer:T1": ("x", "y"),
        "transformer:T3": ("u", "v"),
    }


@pytest.mark.parametrize(
    ("minutes", "facts", "sentence"),
    [
        (100.0, {"neighbours_out": False}, "the neighbours have light"),
        (LATE, {}, "another fault hides"),
    ],
)
def test_what_the_caller_says_is_a_reason(minutes: float, facts: dict[str, object], sentence: str):
    (found,) = hidden(confirmed(held("late", "T1", minutes, 2, **facts)))
    assert any(sentence in each for each in said(found))


def test_meters_next_to_it_that_tell_of_light_are_a_reason():
    meter = MeterSignal(
        usage_point_id=UsagePointId(9),
        transformer_id="T1",
        kind=MeterSignalKind.PING_ON,
        at=after(95.0),
    )
    (found,) = hidden(confirmed(held("late", "T1", 100.0, 2), signals=(meter,)))
    assert "meters next to it have light (1)" in said(found)


def test_light_before_the_report_is_a_reason():
    known = confirmed(held("late", "T1", 100.0, 2), lit={"T1": after(70.0)})
    (found,) = hidden(known)
    assert "its transformer was known to have light 30 minutes before the report" in said(found)


def test_what_a_person_attached_is_not_doubted():
    assert hidden(confirmed(held("late", "T1", LATE, 2, by_hand=True))) == ()


def test_a_place_that_is_most_probably_not_below_the_open_device_is_a_reason():
    astray = held("late", "T5", 540, 2, spread=(("T5", 0.6), ("T1", 0.4)))
    (found,) = hidden(confirmed(astray))
    assert "the place is not below the outage's open device" in said(found)
