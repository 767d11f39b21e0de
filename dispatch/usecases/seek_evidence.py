"""What would settle what has opened: the places whose answer tells most of an outage."""

from dataclasses import dataclass
from datetime import datetime

from dispatch.asking import NOTHING_TO_ASK, NextEvidence, next_evidence
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import OutageId
from dispatch.ports import Store
from dispatch.usecases.group_feeder import GroupingPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class SeekEvidence:
    """Which outage is to be settled, and how many places may be named."""

    outage_id: OutageId
    most: int = 3


def seek_evidence(
    store: Store, question: SeekEvidence, *, policy: GroupingPolicy, now: datetime
) -> NextEvidence:
    """Look along the outage's feeder and name the places to ask; changes nothing.

    Nothing is asked where inference is not used, or the outage is no longer only predicted.
    """
    outage = store.outages.get(question.outage_id)
    if outage.feeder_id is None or outage.status is not OutageStatus.PREDICTED:
        return NOTHING_TO_ASK
    evidence = store.outages.look_along(outage.feeder_id, now)
    fact = next((each for each in evidence.outages if each.id == outage.id), None)
    if fact is None or not evidence.tree.devices:
        return NOTHING_TO_ASK
    rates = policy.rates_in_force(store.rates, evidence.district_id)
    return next_evidence(
        evidence,
        rates,
        fact,
        now=now,
        feeder=policy.feeder_of(evidence.tree, rates),
        most=question.most,
    )
