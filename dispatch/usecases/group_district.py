"""Look at a district again where no feeder is modelled: on its transformers, then on positions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.outage import Outage
from dispatch.domain.words import DistrictId, NetworkLevel
from dispatch.feeder import Feeder
from dispatch.levels import View, by_position, by_transformer, judge_views, rates_at
from dispatch.ports import Store
from dispatch.procedures.predicting import Predicting
from dispatch.procedures.reweighing import weigh_anew
from dispatch.rates import Rates
from dispatch.usecases.group_feeder import GroupingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDistrict:
    """Which district has news."""

    district_id: DistrictId


def group_district(
    store: Store, command: GroupDistrict, *, policy: GroupingPolicy, now: datetime
) -> tuple[Outage, ...]:
    """Infer what is out in the district and act on it; the outages that changed.

    Each report is judged on the best that is known of its place: on its transformer, else on where
    it came from.
    """
    district = store.outages.district_evidence(command.district_id, now)
    rates = policy.rates_in_force(store.rates, command.district_id)
    changed: list[Outage] = []
    if district.transformers:
        felt, zones = policy.assumed_over(district.transformers, command.district_id, rates)
        for views in by_transformer(district, zones):
            changed += _act(store, views, felt, policy, now)
    points = by_position(district)
    if points.reports:
        felt = rates_at(NetworkLevel.POINTS, rates)
        changed += _act(store, [View(points, Feeder(points.tree, felt))], felt, policy, now)
    return tuple(changed)


def _act(
    store: Store, views: Sequence[View], rates: Rates, policy: GroupingPolicy, now: datetime
) -> tuple[Outage, ...]:
    evidence, verdict = judge_views(views, rates, policy.costs, now=now)
    changed = Predicting(store, evidence, verdict, now).apply()
    weigh_anew(store, evidence, verdict)
    return changed
