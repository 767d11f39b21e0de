"""How long the work on open orders takes, by all that is known of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.domain.outage import Outage, OutageStatus
from dispatch.domain.repair import DistrictNow, Milestone, RepairMoment
from dispatch.domain.words import DistrictId, OrderId, OutageId
from dispatch.learning.curves import means_and_sds
from dispatch.learning.forecaster import Awaited, Forecaster
from dispatch.planning.district import OnSite, PlanningPolicy
from dispatch.ports import Store
from dispatch.restoration import Situation, forecast

LEAST_MIN = 1.0
"""Work that is about to be over takes another minute."""

Pair = tuple[TroubleOrder, Outage]


def work_of(
    store: Store,
    pairs: Sequence[Pair],
    customers: Mapping[OrderId, int],
    forecaster: Forecaster,
    busy: Mapping[DistrictId, DistrictNow],
    *,
    policy: PlanningPolicy,
    now: datetime,
) -> Mapping[OrderId, OnSite]:
    """Work on orders, each with its outage: what history knows of it, else the shipped table.

    What a crew that is there, or a dispatcher, says of its end holds until it has passed. `busy` is
    how busy the outages' districts are.
    """
    if not pairs:
        return {}
    begun = [pair for pair in pairs if pair[0].status is OrderStatus.ARRIVED]
    ahead = [pair for pair in pairs if pair[0].status is not OrderStatus.ARRIVED]
    found = _ahead(forecaster, ahead, busy, customers, now)
    lit = store.outages.lit_last(
        [o.id for _, o in begun if o.status is OutageStatus.PARTIALLY_RESTORED]
    )
    for order, outage in begun:
        situation = Situation(
            around=busy[outage.district_id],
            customers=customers.get(order.id, 1),
            partly_at=lit.get(outage.id),
        )
        left = _said(outage, policy, now) or _left(forecaster, order, outage, situation, now)
        found[order.id] = left
    return found


def with_outages(store: Store, orders: Iterable[TroubleOrder]) -> list[Pair]:
    """Orders with their open outages; those without one are left out."""
    of_outages = [order for order in orders if order.outage_id is not None]
    districts = sorted({o.district_id for o in of_outages if o.district_id is not None})
    outages: dict[OutageId, Outage] = {
        each.id: each for district in districts for each in store.outages.list_open(district)
    }
    return [(o, outages[o.outage_id]) for o in of_outages if o.outage_id in outages]


def told_of(pairs: Iterable[Pair]) -> Mapping[OrderId, datetime]:
    """When people were told that supply will be back; a second crew's order tells nothing."""
    return {
        order.id: outage.estimate.at
        for order, outage in pairs
        if outage.estimate is not None and order.supports_id is None
    }


def _ahead(
    forecaster: Forecaster,
    pairs: Sequence[Pair],
    busy: Mapping[DistrictId, DistrictNow],
    customers: Mapping[OrderId, int],
    now: datetime,
) -> dict[OrderId, OnSite]:
    """Work that nobody is at: as if a crew were there now."""
    if not pairs:
        return {}
    at = now.astimezone(ZoneInfo(forecaster.zone))
    moments = [
        RepairMoment(
            milestone=Milestone.FOUND
            if outage.cause and outage.confirmed_at
            else Milestone.ARRIVED,
            at=at,
            district_id=outage.district_id,
            kind=outage.device.kind,
            area_class=outage.area_class,
            customers=customers.get(order.id, 1),
            cause=outage.cause if outage.confirmed_at else None,
            stirring=forecaster.stirring(outage.district_id, busy[outage.district_id]),
            queue=forecaster.queue(busy[outage.district_id]),
            since_opened_min=max(0.0, (now - outage.opened_at).total_seconds() / 60),
            on_site_min=0.0,
        )
        for order, outage in pairs
    ]
    forecaster.work_ahead({each: [m for m in moments if m.district_id == each] for each in busy})
    means, sds = means_and_sds(forecaster.log_minutes(Awaited.RESTORATION, moments))
    return {
        order.id: OnSite(mean_min=max(mean, LEAST_MIN), sd_min=sd)
        for (order, _), mean, sd in zip(pairs, means.tolist(), sds.tolist(), strict=True)
    }


def _said(outage: Outage, policy: PlanningPolicy, now: datetime) -> OnSite | None:
    """What a person says of the end of work that is under way, while that lies ahead."""
    said = outage.estimate
    if said is None or not said.is_entered or said.has_passed(now):
        return None
    left = max((said.at - now).total_seconds() / 60, LEAST_MIN)
    return OnSite(mean_min=left, sd_min=policy.said_cv * left)


def _left(
    forecaster: Forecaster,
    order: TroubleOrder,
    outage: Outage,
    situation: Situation,
    now: datetime,
) -> OnSite:
    """What is left of work that has gone on for a while and is not over."""
    mean, sd = forecast(forecaster, outage, order, situation, now=now).restoration.mean_and_sd()
    return OnSite(mean_min=max(mean, LEAST_MIN), sd_min=sd)
