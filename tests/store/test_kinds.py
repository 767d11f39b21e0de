"""A customer's kind on its way from the record to inference, to the desk and to learning."""

import pytest
from sqlalchemy import Connection, text

from dispatch.domain.ticket import Place
from dispatch.domain.words import FoundBy
from dispatch.learning.kinds import learn_kinds
from dispatch.store.evidence import of_feeder
from dispatch.store.known import PgKnown
from dispatch.store.links import PgLinks
from dispatch.store.loading.supply import recount
from dispatch.store.trees import Trees
from tests.store import builders as build
from tests.store.past_record import Record, a_fuse

KINDS = "SELECT id, kinds FROM transformer ORDER BY id"


@pytest.fixture
def record(connection: Connection) -> Record:
    """Two homes and two works on T1, another works cut off; nobody's kind is known on T2."""
    record = a_fuse(connection)
    for n, kind in enumerate(("residential", "residential", "industrial", "industrial")):
        connection.execute(
            text("UPDATE usage_point SET kind = :kind WHERE account = :account"),
            {"kind": kind, "account": f"T1-{n}"},
        )
    connection.execute(
        text(
            "UPDATE usage_point SET kind = 'industrial', disconnected_for = 'arrears'"
            " WHERE account = 'T1-4'"
        )
    )
    recount(connection)
    return record


def test_a_transformer_counts_its_connected_customers_of_each_kind(connection, record):
    found = dict(connection.execute(text(KINDS)).all())
    assert found == {"T1": {"industrial": 2, "residential": 2}, "T2": {}}
    counted = text("SELECT customers FROM transformer WHERE id = 'T1'")
    assert connection.scalar(counted) == 4


def test_inference_is_told_the_kinds_of_callers_and_of_who_is_silent(connection, record):
    record.call(-5, "T1", 2, None)
    record.call(-4, "T2", 0, None)
    seen = of_feeder(connection, Trees(), "F1", build.NOW)
    kinds = {t.id: t.kinds for t in seen.tree.transformers}
    assert kinds == {"T1": (("industrial", 2), ("residential", 2)), "T2": ()}
    assert [report.kind for report in seen.reports] == ["industrial", None]


def test_the_desk_is_told_the_kinds_of_the_caller_and_of_the_neighbours(connection, record):
    place = Place(
        usage_point_id=record.homes["T1"][0],
        lon=build.LON,
        lat=build.LAT,
        accuracy_m=50.0,
        found_by=FoundBy.ACCOUNT,
    )
    facts = PgKnown(connection).facts_at(place, None, build.NOW)
    assert facts.service_point.kind == "residential"
    assert facts.kinds == (("industrial", 2), ("residential", 2))


def test_a_customer_who_is_hung_elsewhere_takes_their_kind_along(connection, record):
    assert PgLinks(connection).move(record.homes["T1"][2], "T1", "T2")
    assert PgLinks(connection).move(record.homes["T2"][0], "T2", "T1")
    found = dict(connection.execute(text(KINDS)).all())
    assert found == {"T1": {"industrial": 1, "residential": 2}, "T2": {"industrial": 1}}


def test_learning_reads_the_kinds_of_who_was_out_and_of_who_called(connection, record):
    outage = record.outage(0, ("T1", 60), ("T2", 60))
    record.call(9, "T1", 0, outage)
    record.call(5, "T1", 1, outage)
    record.call(7, "T2", 1, outage)
    (part,) = record.only().parts
    assert part.kinds == (("industrial", 2), ("residential", 2))
    assert part.called_kinds == ("residential", None, "residential")
    found = learn_kinds([record.only()])
    assert found["residential"].factor > 1 > found["industrial"].factor
    assert {kind: each.calls for kind, each in found.items()} == {"industrial": 0, "residential": 2}
