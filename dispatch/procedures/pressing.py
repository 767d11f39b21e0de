"""Which promises of this month press: their average or their share is about to be missed."""

from collections.abc import Mapping
from datetime import datetime

from dispatch.commitments import pressures_between
from dispatch.domain.clock import ARRIVAL_COMMITMENT
from dispatch.domain.words import AreaClass
from dispatch.ports import Store


def pressures(store: Store, now: datetime) -> Mapping[AreaClass, float]:
    """How much the company's month of arrivals presses by area class; see `pressures_between`."""
    rules = store.clocks.rules_at(now)
    goals = [rule.goal for rule in rules.rules if rule.id == ARRIVAL_COMMITMENT]
    if not goals:
        return {}
    return pressures_between(store.clocks.month_so_far(ARRIVAL_COMMITMENT, now), goals[0])
