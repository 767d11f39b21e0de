"""Suspected links on the store: what they are judged by, the list, decisions and their undoing."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from api.learning import look_for_links
from dispatch.domain.link import LinkDecision, LinkVerdict
from dispatch.domain.words import Disposition, UsagePointId
from dispatch.errors import IllegalStep, NotFound, ReasonRequired, StaleVersion
from dispatch.store.links import read_links
from dispatch.store.reads.links import link_decisions, suspected_links
from dispatch.store.transaction import PgStore
from dispatch.usecases.decide_link import DecideLink, decide_link
from dispatch.usecases.undo_link import UndoLink, undo_link
from tests.store import builders as build
from tests.store.past_record import SINCE, UNTIL, Record, a_fuse

DAY = 1440.0


@pytest.fixture
def record(connection: Connection) -> Record:
    return a_fuse(connection)


def test_links_are_judged_by_who_was_out_and_who_called_more_than_once(record: Record):
    first, second = record.outage(0, ("T2", 60)), record.outage(3000, ("T2", 3060))
    record.call(5, "T1", 0, None)
    record.call(3005, "T1", 0, None)
    record.call(8, "T2", 3, first)
    record.call(9, "T2", 4, first, disposition=Disposition.PLANNED)
    history = read_links(record.connection, SINCE, UNTIL)
    (customer,) = history.customers
    assert (customer.account, customer.transformer_id, customer.nearby) == ("T1-0", "T1", ("T2",))
    assert customer.district_id == "west"
    assert [r.at for r in history.reports] == [build.at(5), build.at(8), build.at(3005)]
    assert [(d.outage_id, d.transformer_id, d.customers, d.callers) for d in history.darkness] == [
        (first, "T2", 5, 2),
        (second, "T2", 5, 0),
    ]
    assert history.darkness[0].to_at - history.darkness[0].from_at == timedelta(hours=1)
    assert history.served == {"T1": 5}


def test_a_meter_that_goes_dark_while_its_transformer_has_light_is_heard_as_well(record: Record):
    record.outage(0, ("T2", 60))
    record.outage(3000, ("T2", 3060))
    record.outage(6000, ("T1", 6060))
    for minute in (-1, 2999):
        record.gasp(minute, "T1", 0)
        record.gasp(minute + 0.1, "T2", 3)
    record.gasp(5999, "T1", 1)
    history = read_links(record.connection, SINCE, UNTIL)
    assert [customer.account for customer in history.customers] == ["T1-0"]
    assert [g.at for g in history.gasps] == [build.at(-1), build.at(2999), build.at(5999)]
    assert [d.gasps for d in history.darkness] == [1, 1, 1]


@pytest.fixture
def store(record: Record) -> PgStore:
    """T1-0 calls three times when only T2 is out; nobody has decided anything."""
    for month in range(1, 4):
        calls_with_t2(record, month)
    opened = PgStore(record.connection)
    looked(opened)
    return opened


def calls_with_t2(record: Record, month: float) -> None:
    began = -12 * DAY * month
    outage = record.outage(began, ("T2", began + 90))
    record.call(began + 4, "T1", 0, None)
    record.call(began + 6, "T2", 2, outage)


def looked(store: PgStore, after: float = 0.0) -> None:
    """The night's look, in the test's own transaction."""

    class Same:
        def __enter__(self) -> PgStore:
            return store

        def __exit__(self, *_: object) -> None:
            store.finish()

    look_for_links(Same, SINCE, UNTIL, by="relight", now=build.at(after))


def listed(record: Record, *districts: str, **asked):
    asked = {"limit": 10, **asked}
    return suspected_links(record.connection, districts or None, **asked)


def hung(record: Record) -> tuple[str, dict[str, int]]:
    """Where T1-0 hangs on record, and how many customers each transformer has."""
    c = record.connection
    counted = c.execute(text("SELECT id, customers FROM transformer")).all()
    where = c.scalar(text("SELECT transformer_id FROM usage_point WHERE account = 'T1-0'"))
    return where, {row.id: row.customers for row in counted}


def who(record: Record) -> UsagePointId:
    return record.homes["T1"][0]


def decided(store: PgStore, record: Record, verdict: LinkVerdict, **more) -> LinkDecision:
    given = {"candidate_id": "T2", "by": "chief", "reason": "looked at the pole", **more}
    command = DecideLink(usage_point_id=who(record), verdict=verdict, **given)
    made = decide_link(store, command, now=build.at(1))
    store.finish()
    return made


def undone(store: PgStore, decision: LinkDecision) -> LinkDecision:
    command = UndoLink(decision_id=decision.id, by="chief", reason="the wrong house")
    return undo_link(store, command, now=build.at(2))


def test_the_list_is_kept_with_its_date_and_its_evidence(store: PgStore, record: Record):
    (found,) = listed(record)
    assert (found.link.account, found.link.candidate_id) == ("T1-0", "T2")
    assert (found.on_record, found.candidate) == ("transformer T1", "transformer T2")
    assert found.link.outages == 3 and len(found.link.evidence) == 3
    assert all(e.called_at is not None for e in found.link.evidence)
    look = store.links.last_look()
    assert look is not None
    assert (look.made_at, look.judged, look.rates_version) == (build.at(0), 2, 1)


def test_a_list_is_paged_and_narrowed_to_a_district(store: PgStore, record: Record):
    (found,) = listed(record, "west", district_id="west")
    place = (found.link.probability, found.link.account)
    assert listed(record, after=place) == []
    assert listed(record, "east") == listed(record, district_id="east") == []


def test_a_correction_moves_the_customer_and_is_journalled(store: PgStore, record: Record):
    assert hung(record) == ("T1", {"T1": 5, "T2": 5})
    made = decided(store, record, LinkVerdict.CORRECTED)
    assert hung(record) == ("T2", {"T1": 4, "T2": 6})
    assert listed(record) == []
    assert link_decisions(record.connection, ["west"], limit=5) == [made]
    body = record.connection.scalar(
        text("SELECT body FROM event WHERE kind = 'link.corrected'"),
    )
    assert (body["from"], body["to"], body["reason"]) == ("T1", "T2", "looked at the pole")


def test_a_correction_that_is_taken_back_leaves_everything_as_it_was(
    store: PgStore, record: Record
):
    made = decided(store, record, LinkVerdict.CORRECTED)
    taken_back = undone(store, made)
    assert taken_back.undone_for == "the wrong house"
    assert hung(record) == ("T1", {"T1": 5, "T2": 5})
    assert [each.link.account for each in listed(record)] == ["T1-0"]
    with pytest.raises(IllegalStep, match="taken back before"):
        undone(store, made)


def test_a_correction_is_not_taken_back_over_a_later_change(store: PgStore, record: Record):
    made = decided(store, record, LinkVerdict.CORRECTED)
    build.add_transformer(record.connection, "T3", 0)
    record.connection.execute(
        text("UPDATE usage_point SET transformer_id = 'T3' WHERE account = 'T1-0'")
    )
    with pytest.raises(IllegalStep, match="hangs on another transformer"):
        undone(store, made)


def test_what_was_dismissed_is_not_listed_until_two_more_outages_speak_for_it(
    store: PgStore, record: Record
):
    decided(store, record, LinkVerdict.DISMISSED)
    assert hung(record)[0] == "T1"
    calls_with_t2(record, 4)
    looked(store, 10)
    assert listed(record) == []
    calls_with_t2(record, 5)
    looked(store, 20)
    assert [each.link.outages for each in listed(record)] == [5]


def test_a_dismissal_that_is_taken_back_lists_the_customer_again(store: PgStore, record: Record):
    undone(store, decided(store, record, LinkVerdict.DISMISSED))
    assert len(listed(record)) == 1
    looked(store, 10)
    assert len(listed(record)) == 1


def test_nobody_decides_without_a_reason_twice_or_on_what_was_not_shown(
    store: PgStore, record: Record
):
    with pytest.raises(ReasonRequired):
        decided(store, record, LinkVerdict.DISMISSED, reason=" ")
    with pytest.raises(StaleVersion):
        decided(store, record, LinkVerdict.CORRECTED, candidate_id="T9")
    decided(store, record, LinkVerdict.DISMISSED)
    with pytest.raises(NotFound):
        decided(store, record, LinkVerdict.CORRECTED)
