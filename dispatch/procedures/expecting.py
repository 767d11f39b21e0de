"""Say anew when supply is expected back, with what the district's history and record tell now."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from dispatch.domain.order import TroubleOrder
from dispatch.domain.outage import Outage, OutageStatus, Scope
from dispatch.domain.repair import DistrictNow, ForecastVersion, Telling
from dispatch.domain.words import DistrictId
from dispatch.domain.zone import first_there
from dispatch.journal import SYSTEM, outage_event
from dispatch.learning.forecaster import Forecaster
from dispatch.learning.moments import LATELY
from dispatch.ports import Store
from dispatch.restoration import (
    QUIET,
    Forecast,
    PlannedArrival,
    Situation,
    forecast,
    goes_by_plan,
    steady,
    tell,
)

TABLE = Forecaster()


def forecaster_of(store: Store) -> Forecaster:
    """What forecasts are made by now: the version in force, else the shipped table."""
    return store.forecasts.in_use(build_forecaster) or TABLE


def build_forecaster(kept: ForecastVersion) -> Forecaster:
    """Read a kept version."""
    return Forecaster.from_dict(kept.model, kept.version)


def around(
    store: Store, forecaster: Forecaster, district_id: DistrictId, now: datetime
) -> DistrictNow:
    """How busy the district is; not asked where the table alone would not care."""
    if not forecaster.is_learned:
        return QUIET
    return store.forecasts.around(district_id, now - LATELY)


def around_each(
    store: Store, forecaster: Forecaster, districts: Iterable[DistrictId], now: datetime
) -> Mapping[DistrictId, DistrictNow]:
    """How busy each of some districts is, asked once for everything that wants to know."""
    return {each: around(store, forecaster, each, now) for each in sorted(set(districts))}


def situation_of(store: Store, forecaster: Forecaster, outage: Outage, now: datetime) -> Situation:
    """What one outage's forecast needs beside its record and order."""
    partly = None
    if outage.status is OutageStatus.PARTIALLY_RESTORED:
        partly = store.outages.lit_last([outage.id]).get(outage.id)
    customers = 1
    if forecaster.is_learned:
        customers = store.outages.customers_out([outage.id]).get(outage.id, 1)
    return Situation(
        around=around(store, forecaster, outage.district_id, now),
        customers=customers,
        partly_at=partly,
        storm=in_storm(store, outage, now),
    )


def in_storm(store: Store, outage: Outage, now: datetime) -> bool:
    """Whether somebody declared a storm, flood or fire where an outage is."""
    zones = store.zones.list_in_force(now)
    place = (outage.district_id, outage.lon, outage.lat)
    return first_there(zones, *place, no_go=False) is not None


def foresee(
    store: Store,
    outage: Outage,
    order: TroubleOrder | None,
    *,
    now: datetime,
    planned: Callable[[], PlannedArrival | None] = lambda: None,
) -> Forecast:
    """Foresee an open outage as its record stands.

    `planned` says when the plan has it reached; it is asked only where the plan is gone by.
    """
    forecaster = forecaster_of(store)
    situation = situation_of(store, forecaster, outage, now)
    if goes_by_plan(forecaster, outage.district_id, situation.around, storm=situation.storm):
        situation = replace(situation, planned=planned())
    return forecast(forecaster, outage, order, situation, now=now)


def expect(store: Store, outage: Outage, order: TroubleOrder | None, *, now: datetime) -> Outage:
    """The open outage with what is told of it now; itself where nothing changes. Not saved."""
    foreseen = foresee(store, outage, order, now=now)
    return expect_by(outage, foreseen, telling=store.forecasts.telling, now=now)


def expect_by(outage: Outage, foreseen: Forecast, *, now: datetime, telling: Telling) -> Outage:
    """The same by a forecast made before."""
    held = outage.estimate
    told = steady(held, tell(foreseen, now=now, telling=telling), now=now, telling=telling)
    return outage if told is held else outage.expect(told)


def expect_first(store: Store, outage: Outage, scope: Scope, *, now: datetime) -> Outage:
    """A new outage, not stored yet, with the first estimate."""
    forecaster = forecaster_of(store)
    situation = Situation(around=QUIET, storm=in_storm(store, outage, now))
    if forecaster.is_learned:
        busy = store.forecasts.around(outage.district_id, now - LATELY)
        situation = replace(
            situation,
            around=DistrictNow(
                opened_lately=busy.opened_lately + 1,
                unreached=busy.unreached + 1,
                crews=busy.crews,
            ),
            customers=max(1, store.forecasts.count_customers(scope)),
        )
    foreseen = forecast(forecaster, outage, None, situation, now=now)
    return expect_by(outage, foreseen, telling=store.forecasts.telling, now=now)


def save_told(store: Store, before: Outage, expected: Outage, *, now: datetime) -> Outage:
    """Save what is told now, and write down where the told time itself has moved."""
    saved = store.outages.save(expected)
    held, told = before.estimate, saved.estimate
    if told is not None and (held is None or held.at != told.at):
        store.events.append(
            outage_event(
                saved,
                "estimated",
                at=now,
                by=SYSTEM,
                source=told.source.value,
                restore_at=told.at.isoformat(),
                basis=None if told.basis is None else told.basis.value,
                before=None if held is None else held.at.isoformat(),
            )
        )
    return saved
