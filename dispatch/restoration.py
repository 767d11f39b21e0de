"""When a crew is there and supply is back: what is foreseen, and what people are told of it.

What is foreseen is a curve of quantiles for each wait (`dispatch.learning.forecaster`). People are
told one time that holds four times in five, to the quarter hour: a time that passes in the dark is
worse than one that comes early. It stays as it was told until it is worth moving.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.outage import (
    Confidence,
    EstimateBasis,
    EstimatedRestoration,
    EstimateSource,
    Outage,
    OutageStatus,
)
from dispatch.domain.repair import (
    BEFORE_ARRIVAL,
    DistrictNow,
    Milestone,
    RepairMoment,
    Telling,
)
from dispatch.domain.words import DistrictId
from dispatch.learning.curves import Curve
from dispatch.learning.forecaster import Forecaster
from dispatch.learning.moments import STORM

DISPLACED = 0.3
"""A planned order is reached earlier or later than planned, as others come between: the spread of
that over the wait, beside the plan's own (assumption)."""

BUSY = 1.0
"""From so many unreached outages for each crew the plan tells more than history (assumption)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedArrival:
    """When the plan has a crew at an order, in minutes from now, with its standard deviation."""

    mean_min: float
    sd_min: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is known of an outage beside its own record.

    `customers` are out now, `partly_at` is when the last of those who have light again got it;
    `storm` where the place lies in a zone that somebody declared.
    """

    around: DistrictNow
    customers: int = 1
    partly_at: datetime | None = None
    planned: PlannedArrival | None = None
    storm: bool = False


QUIET = DistrictNow(opened_lately=0, unreached=0, crews=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Curves counted from now; `arrival` is None once a crew is there.

    `version` is that of the forecaster, 1 where it is the table. In a declared `storm` nobody knows
    much, whatever the curves are made from.
    """

    restoration: Curve
    arrival: Curve | None
    basis: EstimateBasis
    version: int
    milestone: Milestone
    storm: bool = False

    @property
    def spread(self) -> float:
        """Half the width between P10 and P90 over the median."""
        low, middle, high = (self.restoration.quantile(p) for p in (0.1, 0.5, 0.9))
        return (high - low) / 2 / max(middle, 1.0)


def forecast(
    forecaster: Forecaster,
    outage: Outage,
    order: TroubleOrder | None,
    situation: Situation,
    *,
    now: datetime,
) -> Forecast:
    """Foresee arrival and restoration of an open outage, given that it is still out now.

    History speaks of the milestone that was reached last, and only its cases count that took longer
    than has passed since. An order that waits in a plan is foreseen by that where there is no
    history, and in a storm: as planned, and then the work that history knows. A crew's or a
    dispatcher's word is not looked at here; see `steady`.
    """
    milestone, at = reached(outage, order, situation.partly_at)
    moment = _moment(
        forecaster, outage, order, situation, milestone, at.astimezone(ZoneInfo(forecaster.zone))
    )
    passed = max(0.0, (now - at).total_seconds() / 60)
    if (
        situation.planned is not None
        and milestone is Milestone.OPENED
        and goes_by_plan(forecaster, outage.district_id, situation.around, storm=situation.storm)
    ):
        planned = _by_plan(forecaster, moment, situation.planned, passed)
        return replace(planned, storm=situation.storm)
    return Forecast(
        restoration=forecaster.restoration(moment).after(passed),
        arrival=forecaster.arrival(moment).after(passed) if milestone in BEFORE_ARRIVAL else None,
        basis=EstimateBasis.HISTORY if forecaster.is_learned else EstimateBasis.ASSUMED,
        version=forecaster.version,
        milestone=milestone,
        storm=situation.storm,
    )


def goes_by_plan(
    forecaster: Forecaster, district_id: DistrictId, around: DistrictNow, *, storm: bool
) -> bool:
    """Whether the plan tells more than history of orders that wait.

    That is in a declared storm, where as much breaks or waits, and where nothing was learned.
    """
    if storm or not forecaster.is_learned:
        return True
    stirring = forecaster.stirring(district_id, around)
    return stirring >= STORM or forecaster.queue(around) >= BUSY


def reached(
    outage: Outage, order: TroubleOrder | None, partly_at: datetime | None
) -> tuple[Milestone, datetime]:
    """The last milestone of a repair, and when it was reached."""
    if outage.status is OutageStatus.PARTIALLY_RESTORED and partly_at is not None:
        return Milestone.PARTLY, partly_at
    if order is None or not order.is_under_way:
        return Milestone.OPENED, outage.opened_at
    if order.status is OrderStatus.ARRIVED and order.arrived_at is not None:
        if outage.cause is not None and outage.confirmed_at is not None:
            return Milestone.FOUND, max(outage.confirmed_at, order.arrived_at)
        return Milestone.ARRIVED, order.arrived_at
    if order.status is OrderStatus.EN_ROUTE and order.en_route_at is not None:
        return Milestone.EN_ROUTE, order.en_route_at
    return Milestone.ASSIGNED, order.assigned_at or outage.opened_at


def _moment(
    forecaster: Forecaster,
    outage: Outage,
    order: TroubleOrder | None,
    situation: Situation,
    milestone: Milestone,
    at: datetime,
) -> RepairMoment:
    drive = None
    arrived = order.arrived_at if order is not None and order.is_under_way else None
    if order is not None and order.assigned_at is not None and milestone in BEFORE_ARRIVAL:
        since = (at - order.assigned_at).total_seconds()
        drive = None if order.travel_s is None else max(0.0, (order.travel_s - since) / 60)
    return RepairMoment(
        milestone=milestone,
        at=at,
        district_id=outage.district_id,
        kind=outage.device.kind,
        area_class=outage.area_class,
        customers=situation.customers,
        cause=outage.cause if milestone in {Milestone.FOUND, Milestone.PARTLY} else None,
        stirring=forecaster.stirring(outage.district_id, situation.around),
        queue=forecaster.queue(situation.around),
        since_opened_min=max(0.0, (at - outage.opened_at).total_seconds() / 60),
        drive_min=drive,
        on_site_min=None if arrived is None else max(0.0, (at - arrived).total_seconds() / 60),
    )


def _by_plan(
    forecaster: Forecaster, moment: RepairMoment, planned: PlannedArrival, passed: float
) -> Forecast:
    """The crew when the plan has it, others coming between, and then the work."""
    spread = (planned.sd_min**2 + (DISPLACED * planned.mean_min) ** 2) ** 0.5
    arrival = Curve.of_mean(planned.mean_min, spread)
    due = passed + planned.mean_min
    there = replace(
        moment,
        milestone=Milestone.ARRIVED,
        at=moment.at + timedelta(minutes=due),
        since_opened_min=moment.since_opened_min + due,
        drive_min=None,
        on_site_min=0.0,
    )
    return Forecast(
        restoration=arrival.then(forecaster.restoration(there)),
        arrival=arrival,
        basis=EstimateBasis.PLAN,
        version=forecaster.version,
        milestone=moment.milestone,
    )


def tell(foreseen: Forecast, *, now: datetime, telling: Telling) -> EstimatedRestoration:
    """What people are told: a time that holds in `telling.share` of the cases, and a range.

    It lies at least `telling.renew_within` ahead, however long the outage has lasted.
    """

    def ahead(share: float) -> datetime:
        minutes = min(foreseen.restoration.quantile(share), FARTHEST_MIN)
        return now + timedelta(minutes=minutes)

    at = _up(max(ahead(telling.share), now + telling.renew_within), telling.round_to)
    by_table = foreseen.basis is EstimateBasis.ASSUMED and foreseen.version == 1
    return EstimatedRestoration(
        at=at,
        source=EstimateSource.RULE if by_table else EstimateSource.MODEL,
        confidence=_confidence(foreseen, telling),
        from_at=max(now, _up(ahead(0.1), telling.round_to) - telling.round_to),
        to_at=max(at, _up(ahead(0.9), telling.round_to)),
        basis=EstimateBasis.STORM if foreseen.storm else foreseen.basis,
        said_at=now,
    )


FARTHEST_MIN = 60.0 * 24 * 14
"""Nobody is told of a time more than two weeks ahead."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def _up(at: datetime, step: timedelta) -> datetime:
    return at + (_EPOCH - at) % step


_ORDER: Mapping[Confidence, int] = {each: n for n, each in enumerate(Confidence)}


def _confidence(foreseen: Forecast, telling: Telling) -> Confidence:
    """From the spread; the table alone is never sure, and knows little before a crew is sent."""
    if foreseen.storm:
        return Confidence.LOW
    if foreseen.spread <= telling.high_spread:
        found = Confidence.HIGH
    elif foreseen.spread <= telling.medium_spread:
        found = Confidence.MEDIUM
    else:
        found = Confidence.LOW
    if foreseen.version != 1:
        return found
    most = Confidence.MEDIUM if foreseen.milestone is not Milestone.OPENED else Confidence.LOW
    return min(found, most, key=_ORDER.__getitem__)


def steady(
    held: EstimatedRestoration | None,
    fresh: EstimatedRestoration,
    *,
    now: datetime,
    telling: Telling,
) -> EstimatedRestoration:
    """What is told from now on: `held` itself unless the new one is worth it.

    A person's word stays. The told time moves where it would pass soon or is far off; where it
    stays and the new one is as sure on the same basis, nothing changes at all.
    """
    if held is None:
        return fresh
    if held.is_entered:
        return held
    off = abs(fresh.at - held.at)
    if (
        held.at <= now + telling.renew_within
        or off >= max(telling.move_by, telling.move_share * (held.at - now))
        or held.said_at is None
    ):
        return fresh
    if (held.confidence, held.basis, held.source) == (fresh.confidence, fresh.basis, fresh.source):
        return held
    latest = max(held.at, fresh.to_at or held.at)
    return replace(fresh, at=held.at, to_at=latest, alarm=held.alarm)


def asks_crew(outage: Outage, order: TroubleOrder, *, telling: Telling, now: datetime) -> bool:
    """Whether the crew on site is to be asked when supply will be back.

    As long as nobody on site has said so, and again when what was said is about to pass.
    """
    if order.status is not OrderStatus.ARRIVED or not outage.is_open:
        return False
    held = outage.estimate
    if held is None or held.source is not EstimateSource.CREW:
        return True
    return held.has_passed(now) or held.at - now <= telling.ask_within
