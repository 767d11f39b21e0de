"""Outages on PostGIS: versions, who is out, what restoration records."""

from dataclasses import replace

import pytest
from sqlalchemy import Connection, text

from dispatch.domain.outage import (
    Confidence,
    EstimatedRestoration,
    EstimateSource,
    OutageStatus,
    Scope,
)
from dispatch.errors import Collision, NotFound, StaleVersion
from dispatch.store.constraints import in_our_words
from dispatch.store.outages import PgOutages
from tests.store.builders import (
    NOW,
    add_district,
    add_feeder,
    add_home,
    add_transformer,
    an_outage,
    at,
    interruptions,
)


@pytest.fixture
def outages(connection: Connection) -> PgOutages:
    add_district(connection)
    add_feeder(connection)
    return PgOutages(connection)


def test_what_was_added_can_be_read(connection, outages):
    estimate = EstimatedRestoration(
        at=at(90), source=EstimateSource.CREW, confidence=Confidence.HIGH
    )
    outage = an_outage(
        connection, feeder_id="F1", cause="树木", estimate=estimate, started_at=at(-5)
    )
    outages.add(outage, Scope())
    assert outages.get(outage.id) == outage
    assert outages.lock(outage.id) == outage


def test_an_unknown_outage_is_not_found(outages):
    with pytest.raises(NotFound):
        outages.get(10**12)
    with pytest.raises(NotFound):
        outages.lock(10**12)


def test_saving_counts_the_version_and_the_second_writer_is_stale(connection, outages):
    outage = an_outage(connection)
    outages.add(outage, Scope())
    saved = outages.save(replace(outage, status=OutageStatus.CONFIRMED, confirmed_at=NOW))
    assert saved.version == outage.version + 1
    assert outages.get(outage.id) == saved
    with pytest.raises(StaleVersion):
        outages.save(outage)


def test_scope_is_who_is_still_out(connection, outages):
    add_transformer(connection, "T1")
    add_transformer(connection, "T2")
    home = add_home(connection, "A1")
    outage = an_outage(connection)
    scope = Scope(transformers=frozenset({"T1", "T2"}), usage_points=frozenset({home}))
    outages.add(outage, scope)
    assert outages.scope_out(outage.id) == scope
    assert outages.transformers_out({"T1", "T2", "T9"}) == {"T1", "T2"}
    assert outages.transformers_out({"T1", "T2"}, but=outage.id) == frozenset()
    outages.restore(outage.id, Scope(transformers=frozenset({"T1"})), at(10))
    assert outages.scope_out(outage.id) == replace(scope, transformers=frozenset({"T2"}))
    outages.release_part(outage.id, Scope(usage_points=frozenset({home})))
    assert outages.scope_out(outage.id) == Scope(transformers=frozenset({"T2"}))
    outages.release(outage.id)
    assert not outages.scope_out(outage.id)


def test_customers_out_are_counted_for_many_outages_at_once(connection, outages):
    add_transformer(connection, "T1", 3)
    add_transformer(connection, "T2", 2)
    home = add_home(connection, "A1")
    street, alone, nobody = (an_outage(connection) for _ in range(3))
    outages.add(street, Scope(transformers=frozenset({"T1", "T2"})))
    outages.add(alone, Scope(usage_points=frozenset({home})))
    outages.add(nobody, Scope())
    outages.restore(street.id, Scope(transformers=frozenset({"T2"})), at(5))
    assert outages.customers_out({street.id, alone.id, nobody.id}) == {street.id: 3, alone.id: 1}
    assert outages.customers_out(set()) == {}


def test_widening_over_what_another_outage_holds_is_a_collision(connection, outages):
    add_transformer(connection, "T1")
    held, other = an_outage(connection), an_outage(connection)
    outages.add(held, Scope(transformers=frozenset({"T1"})))
    outages.add(other, Scope())
    with pytest.raises(Collision), in_our_words(), connection.begin_nested():
        outages.widen(other.id, Scope(transformers=frozenset({"T1"})), NOW)
    assert not outages.scope_out(other.id)


def test_widening_leaves_what_is_out_as_it_is(connection, outages):
    (home,) = add_transformer(connection, "T1", 1)
    outage = an_outage(connection)
    scope = Scope(transformers=frozenset({"T1"}))
    outages.add(outage, scope)
    outages.widen(outage.id, scope, at(20))
    outages.restore(outage.id, scope, at(30))
    assert interruptions(connection) == {home: [(NOW, at(30))]}


def test_a_transformer_that_trips_again_is_out_again_since_then(connection, outages):
    (home,) = add_transformer(connection, "T1", 1)
    outage = an_outage(connection)
    scope = Scope(transformers=frozenset({"T1"}))
    outages.add(outage, scope)
    outages.restore(outage.id, scope, at(10))
    outages.widen(outage.id, scope, NOW)
    outages.restore(outage.id, scope, at(25))
    outages.widen(outage.id, scope, at(40))
    outages.restore(outage.id, scope, at(50))
    assert interruptions(connection) == {home: [(NOW, at(10)), (at(10), at(25)), (at(40), at(50))]}


def test_a_home_cut_off_on_purpose_is_not_interrupted(connection, outages):
    (lit,) = add_transformer(connection, "T1", 1)
    add_home(connection, "owes", "T1", disconnected_for="arrears")
    outage = an_outage(connection)
    outages.add(outage, Scope(transformers=frozenset({"T1"})))
    assert outages.restore(outage.id, outages.scope_out(outage.id), at(10)) == 1
    assert list(interruptions(connection)) == [lit]


def test_a_home_that_another_outage_keeps_dark_is_not_counted_as_restored(connection, outages):
    bright, dark = add_transformer(connection, "T1", 2)
    street, home = an_outage(connection), an_outage(connection, started_at=at(20))
    outages.add(street, Scope(transformers=frozenset({"T1"})))
    outages.add(home, Scope(usage_points=frozenset({dark})))
    assert outages.restore(street.id, outages.scope_out(street.id), at(60)) == 1
    assert outages.restore(home.id, outages.scope_out(home.id), at(90)) == 1
    assert interruptions(connection) == {
        bright: [(NOW, at(60))],
        dark: [(NOW, at(60)), (at(60), at(90))],
    }


def test_a_home_repaired_under_a_dark_transformer_is_not_counted_as_restored(connection, outages):
    (home,) = add_transformer(connection, "T1", 1)
    street, service = an_outage(connection), an_outage(connection, started_at=at(10))
    outages.add(street, Scope(transformers=frozenset({"T1"})))
    outages.add(service, Scope(usage_points=frozenset({home})))
    assert outages.restore(service.id, outages.scope_out(service.id), at(20)) == 0
    assert outages.restore(street.id, outages.scope_out(street.id), at(60)) == 1
    assert interruptions(connection) == {home: [(NOW, at(10)), (at(10), at(20)), (at(20), at(60))]}


def test_a_nested_outage_records_only_what_was_not_recorded(connection, outages):
    (home,) = add_transformer(connection, "T1", 1)
    street = an_outage(connection)
    outages.add(street, Scope(transformers=frozenset({"T1"})))
    outages.restore(street.id, outages.scope_out(street.id), at(30))
    nested = an_outage(connection, parent_id=street.id)
    outages.add(nested, Scope(usage_points=frozenset({home})))
    assert outages.restore(nested.id, outages.scope_out(nested.id), at(75)) == 1
    rows = connection.execute(
        text(
            "SELECT outage_id, extract(epoch FROM upper(period) - lower(period)) / 60 AS minutes"
            " FROM interruption"
        )
    )
    assert {row.outage_id: float(row.minutes) for row in rows} == {street.id: 30, nested.id: 45}


def test_restored_before_it_was_reported_out_is_no_interruption(connection, outages):
    add_transformer(connection, "T1", 1)
    outage = an_outage(connection, started_at=at(5))
    outages.add(outage, Scope(transformers=frozenset({"T1"})))
    assert outages.restore(outage.id, outages.scope_out(outage.id), NOW) == 1
    assert interruptions(connection) == {}
    assert not outages.scope_out(outage.id)


def test_restoring_twice_changes_nothing(connection, outages):
    add_transformer(connection, "T1", 3)
    outage = an_outage(connection)
    scope = Scope(transformers=frozenset({"T1"}))
    outages.add(outage, scope)
    assert outages.restore(outage.id, scope, at(10)) == 3
    before = interruptions(connection)
    assert outages.restore(outage.id, scope, at(40)) == 0
    assert interruptions(connection) == before
