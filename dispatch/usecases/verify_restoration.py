"""Has everybody light again? How sure that is, and whom to ask until it is sure enough."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.words import OutageId
from dispatch.ports import Store
from dispatch.usecases.group_feeder import GroupingPolicy
from dispatch.verifying import SURE, Verification, verify


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRestoration:
    """Which outage was restored, and how sure one wants to be."""

    outage_id: OutageId
    wanted: float = SURE


def verify_restoration(
    store: Store, question: VerifyRestoration, *, policy: GroupingPolicy, now: datetime
) -> Verification | None:
    """Say whom to ask; None as long as nothing of the outage is restored. Changes nothing."""
    outage = store.outages.get(question.outage_id)
    facts = store.outages.find_restored(outage, now)
    if facts is None:
        return None
    rates = policy.rates_in_force(store.rates, facts.district_id)
    feeder = policy.feeder_of(facts.tree, rates) if facts.tree.devices else None
    return verify(facts, rates, now=now, feeder=feeder, wanted=question.wanted)
