"""Planned outages on PostGIS: transformers, versions, what is overdue, whose minutes count."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection

from dispatch.domain.outage import Scope
from dispatch.errors import IllegalStep, InvalidInput, NotFound, StaleVersion
from dispatch.store.constraints import in_our_words
from dispatch.store.outages import PgOutages
from dispatch.store.planned import PgPlannedOutages
from tests.store.builders import (
    NOW,
    a_planned_outage,
    add_district,
    add_feeder,
    add_transformer,
    an_outage,
    at,
    interruptions,
)


@pytest.fixture
def planned_outages(connection: Connection) -> PgPlannedOutages:
    add_district(connection)
    add_feeder(connection)
    return PgPlannedOutages(connection)


def test_an_unknown_planned_outage_is_not_found(planned_outages):
    with pytest.raises(NotFound):
        planned_outages.get(10**12)


def test_a_planned_outage_keeps_its_transformers(connection, planned_outages):
    for transformer_id in ("T1", "T2"):
        add_transformer(connection, transformer_id)
    planned = a_planned_outage(connection, "T1", "T2")
    planned_outages.add(planned)
    assert planned_outages.get(planned.id) == planned
    smaller = planned_outages.save(replace(planned, transformers=frozenset({"T2"})))
    assert planned_outages.get(planned.id) == smaller
    with pytest.raises(StaleVersion):
        planned_outages.save(planned)


def test_planned_work_past_its_end_is_overdue_once(connection, planned_outages):
    late, done, off, ahead = (
        a_planned_outage(connection, starts_at=at(-60), ends_at=end)
        for end in (at(-20), at(-30), at(-10), at(10))
    )
    planned_outages.add(late)
    planned_outages.add(done.end(at(-5)))
    planned_outages.add(off.cancel(at(-90)))
    planned_outages.add(ahead)
    assert planned_outages.list_overdue(NOW, 10) == [late]
    noted = planned_outages.save(late.run_late(NOW))
    assert planned_outages.get(late.id) == noted
    assert planned_outages.list_overdue(at(5), 10) == []
    with pytest.raises(IllegalStep):
        noted.run_late(at(5))


def test_a_planned_outage_that_ends_before_it_starts_is_refused(connection, planned_outages):
    planned = a_planned_outage(connection, starts_at=at(10), ends_at=at(5))
    with pytest.raises(InvalidInput), in_our_words(), connection.begin_nested():
        planned_outages.add(planned)


def test_planned_minutes_leave_out_what_a_fault_already_has(connection, planned_outages):
    outages = PgOutages(connection)
    (home,) = add_transformer(connection, "T1", 1)
    fault = an_outage(connection, started_at=at(-30))
    outages.add(fault, Scope(transformers=frozenset({"T1"})))
    outages.restore(fault.id, outages.scope_out(fault.id), at(-20))
    planned = a_planned_outage(connection, "T1", starts_at=at(-40), ends_at=at(10))
    planned_outages.add(planned)
    assert planned_outages.record_interruptions(planned, at(5)) == 1
    assert interruptions(connection) == {
        home: [(at(-40), at(-30)), (at(-30), at(-20)), (at(-20), at(5))]
    }
    planned_outages.record_interruptions(planned, at(5))
    assert len(interruptions(connection)[home]) == 3
