"""Look at one feeder again, and make one of the predictions that are one outage."""

from dataclasses import dataclass, replace
from datetime import datetime

from dispatch.domain.order import OrderStatus
from dispatch.domain.outage import Outage, OutageStatus, Scope
from dispatch.inference import GroupingPolicy, Proposal, group
from dispatch.journal import SYSTEM, outage_event
from dispatch.ports import Store
from dispatch.procedures.merging import merge
from dispatch.procedures.opening import MEDIUM_VOLTAGE, WORK_SKILLS


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFeeder:
    """Which feeder has news."""

    feeder_id: str


def group_feeder(
    store: Store, command: GroupFeeder, *, policy: GroupingPolicy, now: datetime
) -> tuple[Outage, ...]:
    """Raise and merge predictions as far as the rule allows; the outages that changed."""
    evidence = store.outages.feeder_evidence(command.feeder_id, now)
    return tuple(_apply(store, proposal, now) for proposal in group(evidence, policy))


def _apply(store: Store, proposal: Proposal, now: datetime) -> Outage:
    kept = store.outages.lock(proposal.keep)
    merged = [store.outages.lock(outage_id) for outage_id in sorted(proposal.merge)]
    if any(o.status is not OutageStatus.PREDICTED for o in (kept, *merged)):
        return kept
    kept = replace(
        kept, started_at=min(kept.started_at, *(o.started_at for o in merged), kept.started_at)
    ).predict(proposal.device, proposal.lon, proposal.lat)
    kept = store.outages.save(kept)
    store.events.append(
        outage_event(
            kept,
            "predicted",
            at=now,
            by=SYSTEM,
            reasons=list(proposal.reasons),
            probability=proposal.probability,
            merged=[o.id for o in merged],
        )
    )
    for outage in merged:
        merge(
            store,
            outage,
            kept,
            probability=proposal.probability,
            reasons=proposal.reasons,
            by=SYSTEM,
            now=now,
        )
    others = store.outages.transformers_out(proposal.transformers, but=kept.id)
    store.outages.widen(
        kept.id, Scope(transformers=proposal.transformers - others), out_from=kept.started_at
    )
    _move_order(store, kept)
    return kept


def _move_order(store: Store, outage: Outage) -> None:
    """Send the waiting order to where the fault is now thought to be."""
    order = store.orders.find_open_of_outage(outage.id)
    if order is None or order.status is not OrderStatus.AWAITING_ASSIGNMENT:
        return
    skills = WORK_SKILLS.get(outage.device.kind, MEDIUM_VOLTAGE)
    received = min(order.received_at, outage.started_at)
    store.orders.save(
        replace(order, lon=outage.lon, lat=outage.lat, skills=skills, received_at=received)
    )
