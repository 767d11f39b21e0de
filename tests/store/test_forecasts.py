"""Versions of what was learned of waits, and the record that it is learned from."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from dispatch.domain.arrival import ArrivalEvidence, Verdict
from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import (
    Confidence,
    EstimateAlarm,
    EstimateBasis,
    EstimatedRestoration,
    EstimateSource,
    OutageStatus,
    Scope,
)
from dispatch.domain.repair import DistrictNow, PastRepair
from dispatch.domain.words import DistrictId, OrderId
from dispatch.errors import IllegalStep, NotFound, ReasonRequired
from dispatch.journal import outage_event
from dispatch.procedures.expecting import TABLE, build_forecaster, forecaster_of
from dispatch.store.forecasts import Loaded
from dispatch.store.repairs import read_repairs
from dispatch.store.transaction import PgStore
from dispatch.usecases.apply_forecasts import ApplyForecasts, apply_forecasts
from dispatch.usecases.watch_estimates import WatchEstimates, watch_estimates
from tests.store import builders as build
from tests.store.made_up_forecasts import adopt, keep
from tests.unit.forecasts import a_learned_forecaster

SINCE, UNTIL = build.at(-10_000), build.at(10_000)


@pytest.fixture
def store(connection: Connection) -> PgStore:
    build.add_district(connection)
    build.add_feeder(connection)
    build.add_transformer(connection, "T1", 30)
    build.add_transformer(connection, "T2", 20)
    build.add_crew(connection, "C1")
    return PgStore(connection)


def put(store: PgStore, version: int, reason: str = "it held") -> int:
    return apply_forecasts(
        store, ApplyForecasts(version=version, by="li", reason=reason), now=build.NOW
    )


def test_until_a_version_is_put_into_force_the_table_counts(store: PgStore):
    keep(store)
    assert forecaster_of(store) is TABLE


def test_a_version_comes_back_as_it_was_kept_and_can_be_gone_back_from(store: PgStore):
    version = adopt(store)
    assert forecaster_of(store).to_dict() == a_learned_forecaster().to_dict()
    assert forecaster_of(store).version == version
    assert put(store, 1) == version
    assert forecaster_of(store) is TABLE


def test_a_version_is_read_once_for_each_process(connection: Connection, store: PgStore):
    adopt(store)
    loaded = Loaded()
    first, second = (
        PgStore(connection, loaded=loaded).forecasts.in_use(build_forecaster) for _ in range(2)
    )
    assert first is second


@pytest.mark.parametrize(
    ("version", "reason", "refusal"),
    [(1, "why", IllegalStep), (99, "why", NotFound), (99, " ", ReasonRequired)],
)
def test_what_cannot_be_put_into_force_is_refused(
    store: PgStore, version: int, reason: str, refusal: type[Exception]
):
    with pytest.raises(refusal):
        put(store, version, reason)


@pytest.mark.parametrize(
    "change", ["UPDATE forecast_version SET repairs = 1", "DELETE FROM forecast_in_force"]
)
def test_what_is_kept_is_never_changed(connection: Connection, store: PgStore, change: str):
    adopt(store)
    with pytest.raises(DBAPIError, match="append-only"):
        connection.execute(text(change))


def an_open_outage(store: PgStore, connection: Connection, minutes: float, **facts: object):
    outage = build.an_outage(
        connection,
        estimate=EstimatedRestoration(
            at=build.at(minutes),
            source=facts.pop("source", EstimateSource.CREW),
            confidence=Confidence.HIGH,
        ),
        **facts,
    )
    store.outages.add(outage, Scope())
    return store.outages.get(outage.id)


def raised(connection: Connection, store: PgStore) -> list[str]:
    store.finish()
    kinds = connection.scalars(text("SELECT kind FROM event WHERE kind ~ 'outage.estimate_'"))
    return list(kinds)


def test_an_estimate_alarms_once_before_it_passes_and_once_when_it_has(
    connection: Connection, store: PgStore
):
    outage = an_open_outage(store, connection, 60)
    counts = [
        watch_estimates(store, WatchEstimates(), now=build.at(minute))
        for minute in (0, 39, 41, 45, 61, 75)
    ]
    assert counts == [0, 0, 1, 0, 1, 0]
    assert store.outages.get(outage.id).estimate.alarm is EstimateAlarm.PASSED
    assert raised(connection, store) == ["outage.estimate_expiring", "outage.estimate_passed"]


def test_an_estimate_nobody_looked_at_before_it_passed_alarms_as_passed(
    connection: Connection, store: PgStore
):
    an_open_outage(store, connection, 60)
    watch_estimates(store, WatchEstimates(), now=build.at(90))
    assert raised(connection, store) == ["outage.estimate_passed"]


def test_an_outage_that_is_over_alarms_no_more(connection: Connection, store: PgStore):
    an_open_outage(store, connection, 60, status=OutageStatus.RESTORED, restored_at=build.at(5))
    assert watch_estimates(store, WatchEstimates(), now=build.at(90)) == 0


def test_what_is_worked_out_alarms_only_once_it_has_passed(connection: Connection, store: PgStore):
    an_open_outage(store, connection, 60, source=EstimateSource.MODEL)
    assert watch_estimates(store, WatchEstimates(), now=build.at(50)) == 0
    assert watch_estimates(store, WatchEstimates(), now=build.at(61)) == 1


def test_what_is_worked_out_and_passes_sooner_keeps_nobodys_word_from_its_alarm(
    connection: Connection, store: PgStore
):
    for n, source in enumerate((EstimateSource.MODEL, EstimateSource.RULE, EstimateSource.CREW)):
        an_open_outage(store, connection, 15 + n, source=source)
    assert watch_estimates(store, WatchEstimates(limit=1), now=build.NOW) == 1


def test_an_estimate_comes_back_with_its_range_and_what_it_rests_on(
    connection: Connection, store: PgStore
):
    told = EstimatedRestoration(
        at=build.at(90),
        source=EstimateSource.MODEL,
        confidence=Confidence.MEDIUM,
        from_at=build.at(45),
        to_at=build.at(120),
        basis=EstimateBasis.PLAN,
        said_at=build.NOW,
        alarm=EstimateAlarm.EXPIRING,
    )
    outage = build.an_outage(connection, estimate=told)
    store.outages.add(outage, Scope())
    assert store.outages.get(outage.id).estimate == told
    assert [each.estimate for each in store.outages.list_open(build.WEST)] == [told]


def test_a_district_is_as_busy_as_its_open_outages_without_a_crew_there(
    connection: Connection, store: PgStore
):
    outages = [build.an_outage(connection, opened_at=build.at(-n * 60)) for n in range(3)]
    for outage in outages:
        store.outages.add(outage, Scope())
    reached = build.an_order(1, outages[0].id, status=OrderStatus.ARRIVED, crew_id="C1")
    store.orders.add(reached)
    found = store.forecasts.around(DistrictId(build.WEST), build.at(-90))
    assert found == DistrictNow(opened_lately=2, unreached=2, crews=1)


def repaired(connection: Connection, store: PgStore) -> PastRepair:
    """Opened at 0, a crew sent at 5 and there at 30, the cause found at 40, light at 60 and 90."""
    outage = build.an_outage(
        connection, status=OutageStatus.CLOSED, restored_at=build.at(90), confirmed_at=build.at(40)
    )
    store.outages.add(outage, Scope(transformers=frozenset({"T1", "T2"})))
    for name, minute in (("T1", 60), ("T2", 90)):
        store.outages.restore(outage.id, Scope(transformers=frozenset({name})), build.at(minute))
    order = build.an_order(
        1,
        outage.id,
        status=OrderStatus.FIELD_COMPLETE,
        crew_id="C1",
        assigned_at=build.at(5),
        travel_s=1200.0,
        en_route_at=build.at(8),
        arrived_at=build.at(30),
    )
    store.orders.add(order)
    store.events.append(outage_event(outage, "confirmed", at=build.at(40), by="C1", cause="tree"))
    store.finish()
    return read_repairs(connection, SINCE, UNTIL).repairs[0]


def test_a_repair_is_read_with_all_its_milestones(connection: Connection, store: PgStore):
    found = repaired(connection, store)
    assert found == PastRepair(
        outage_id=found.outage_id,
        district_id=DistrictId(build.WEST),
        kind="transformer",
        area_class=found.area_class,
        customers=50,
        opened_at=build.NOW,
        restored_at=build.at(90),
        assigned_at=build.at(5),
        drive_s=1200.0,
        en_route_at=build.at(8),
        arrived_at=build.at(30),
        found_at=build.at(40),
        cause="tree",
        partly_at=build.at(60),
        customers_left=20,
    )


def test_a_proven_arrival_counts_before_the_word_of_the_crew_once_as_judged_last(
    connection: Connection, store: PgStore
):
    before = repaired(connection, store)
    sending = store.orders.get(OrderId(1)).sending
    assert sending is not None
    for latest in (26, 22):
        evidence = ArrivalEvidence(
            verdict=Verdict.CONFIRMED,
            earliest=build.at(20),
            latest=build.at(latest),
            claimed_at=None,
            reasons=(),
        )
        store.orders.add_arrival(OrderId(1), sending, evidence, build.at(50 - latest))
    (found,) = read_repairs(connection, SINCE, UNTIL).repairs
    assert (before.arrived_at, found.arrived_at) == (build.at(30), build.at(22))


def test_a_cause_that_was_filled_in_at_the_end_was_not_known_before(
    connection: Connection, store: PgStore
):
    outage = build.an_outage(
        connection, status=OutageStatus.CLOSED, restored_at=build.at(90), cause="tree"
    )
    store.outages.add(outage, Scope())
    (found,) = read_repairs(connection, SINCE, UNTIL).repairs
    assert (found.cause, found.found_at) == (None, None)


def test_what_was_no_repair_is_not_learned_from_and_what_is_open_is_counted(
    connection: Connection, store: PgStore
):
    kept = build.an_outage(connection, opened_at=build.at(1))
    nothing = build.an_outage(
        connection, status=OutageStatus.CLOSED, close_reason="nothing of ours"
    )
    merged = build.an_outage(
        connection, status=OutageStatus.CLOSED, restored_at=build.at(9), merged_into_id=kept.id
    )
    for outage in (kept, nothing, merged):
        store.outages.add(outage, Scope())
    (found,) = read_repairs(connection, SINCE, UNTIL).repairs
    assert (found.outage_id, found.restored_at) == (kept.id, None)
    assert read_repairs(connection, SINCE, build.NOW + timedelta(seconds=1)).repairs == ()
