"""Which device opened? First form: a rule on the feeder's tree of protective devices.

Predictions of single transformers are raised to the lowest protective device that has all of them
below it, when at least two of its branches report within a short time, a fair share of its
transformers does, and nobody below it is known to have light. Confirmed outages are facts: they
are neither moved nor merged. A human's separation of a ticket from an outage is respected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatch.domain.facts import (
    DeviceNode,
    FeederEvidence,
    OutageFact,
    ReportFact,
    TransformerNode,
)
from dispatch.domain.outage import OutageStatus, PredictedDevice
from dispatch.domain.words import OutageId, TicketId, UsagePointId
from dispatch.sayings import reason


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingPolicy:
    """Thresholds of the rule; all assumptions."""

    within: timedelta = timedelta(minutes=45)
    share: float = 0.2
    probability: float = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Several predictions that are one: `keep` takes over the device, `merge` become part of it.

    `tickets` are those that move, with the probability that the device explains them.
    """

    keep: OutageId
    merge: tuple[OutageId, ...]
    device: PredictedDevice
    lon: float
    lat: float
    transformers: frozenset[str]
    tickets: tuple[TicketId, ...]
    probability: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reporting:
    """A transformer that reports: its node, when first, through which outages."""

    node: TransformerNode
    first_at: datetime
    homes: frozenset[UsagePointId]
    outages: frozenset[OutageId]


def group(evidence: FeederEvidence, policy: GroupingPolicy) -> tuple[Proposal, ...]:
    """Propose which predictions of one feeder are one outage; the empty tuple changes nothing."""
    movable = {
        o.id: o
        for o in evidence.outages
        if o.status is OutageStatus.PREDICTED and not _kept_apart(o, evidence)
    }
    reporting = _reporting(evidence, movable)
    proposals = _by_device(evidence, reporting, movable, policy)
    taken = {outage for p in proposals for outage in (p.keep, *p.merge)}
    return (
        *proposals,
        *(
            proposal
            for seen in reporting
            if not seen.outages & taken
            and (proposal := _whole_transformer(seen, evidence, movable, policy)) is not None
        ),
    )


def _kept_apart(outage: OutageFact, evidence: FeederEvidence) -> bool:
    """Whether a human took one of its tickets out of another outage that is still open."""
    return any(r.outage_id == outage.id and r.kept_apart_from for r in evidence.reports)


def _reporting(
    evidence: FeederEvidence, movable: Mapping[OutageId, OutageFact]
) -> list[_Reporting]:
    by_transformer: dict[str, list[ReportFact]] = {}
    for report in evidence.reports:
        if report.outage_id in movable and report.transformer_id is not None:
            by_transformer.setdefault(report.transformer_id, []).append(report)
    return [
        _Reporting(
            node=node,
            first_at=min(r.received_at for r in by_transformer[node.id]),
            homes=frozenset(
                r.usage_point_id for r in by_transformer[node.id] if r.usage_point_id is not None
            ),
            outages=frozenset(
                r.outage_id for r in by_transformer[node.id] if r.outage_id is not None
            ),
        )
        for node in evidence.tree.transformers
        if node.id in by_transformer
    ]


def _by_device(
    evidence: FeederEvidence,
    reporting: Sequence[_Reporting],
    movable: Mapping[OutageId, OutageFact],
    policy: GroupingPolicy,
) -> list[Proposal]:
    """Walk the tree from the head: the highest device that fits takes all that is below it."""
    proposals: list[Proposal] = []
    claimed_until = 0
    for device in sorted(evidence.tree.devices, key=lambda d: d.pre):
        if device.pre < claimed_until or device.kind == "transformer":
            continue
        below = [r for r in reporting if device.pre <= r.node.pre < device.post]
        if _fits(device, below, evidence, policy):
            claimed_until = device.post
            proposal = _proposal(device, below, evidence, movable, policy)
            if proposal is not None:
                proposals.append(proposal)
    return proposals


def _fits(
    device: DeviceNode,
    below: Sequence[_Reporting],
    evidence: FeederEvidence,
    policy: GroupingPolicy,
) -> bool:
    if len(below) < 2 or _one_branch(device, below, evidence.tree.devices):  # noqa: PLR2004
        return False
    first, last = min(r.first_at for r in below), max(r.first_at for r in below)
    if last - first > policy.within:
        return False
    served = [t for t in evidence.tree.transformers if device.pre <= t.pre < device.post]
    if len(below) < policy.share * len(served):
        return False
    return not any(evidence.lit.get(t.id, first) > first for t in served)


def _one_branch(
    device: DeviceNode, below: Sequence[_Reporting], devices: Sequence[DeviceNode]
) -> bool:
    """Whether one protective device below `device` already has all the reports under it."""
    low, high = min(r.node.pre for r in below), max(r.node.pre for r in below)
    return any(
        child.parent_id == device.id
        and child.kind != "transformer"
        and child.pre <= low
        and high < child.post
        for child in devices
    )


def _proposal(
    device: DeviceNode,
    below: Sequence[_Reporting],
    evidence: FeederEvidence,
    movable: Mapping[OutageId, OutageFact],
    policy: GroupingPolicy,
) -> Proposal | None:
    outages = sorted({o for r in below for o in r.outages}, key=lambda o: _seniority(movable[o]))
    keep, *merge = outages
    served = [t for t in evidence.tree.transformers if device.pre <= t.pre < device.post]
    if not merge and movable[keep].device_id == device.id:
        return None
    minutes = (max(r.first_at for r in below) - min(r.first_at for r in below)).seconds // 60
    elsewhere = {t for o in evidence.outages if o.id not in outages for t in o.transformers}
    lon, lat = _position(device, below)
    return Proposal(
        keep=keep,
        merge=tuple(merge),
        device=PredictedDevice(id=device.id, kind=device.kind, name=device.name),
        lon=lon,
        lat=lat,
        transformers=frozenset(t.id for t in served) - elsewhere,
        tickets=_tickets(evidence, merge),
        probability=policy.probability,
        reasons=(
            reason("several_transformers", name=device.name, count=len(below), total=len(served)),
            reason("within_minutes", minutes=minutes),
            reason("nobody_lit_below"),
        ),
    )


def _whole_transformer(
    seen: _Reporting,
    evidence: FeederEvidence,
    movable: Mapping[OutageId, OutageFact],
    policy: GroupingPolicy,
) -> Proposal | None:
    """Two homes of one transformer, each thought to be out alone, are the transformer."""
    outages = sorted(seen.outages, key=lambda o: _seniority(movable[o]))
    if len(outages) < 2 or len(seen.homes) < 2:  # noqa: PLR2004
        return None
    if evidence.lit.get(seen.node.id, seen.first_at) > seen.first_at:
        return None
    keep, *merge = outages
    return Proposal(
        keep=keep,
        merge=tuple(merge),
        device=PredictedDevice(id=seen.node.device_id, kind="transformer", name=seen.node.name),
        lon=seen.node.lon,
        lat=seen.node.lat,
        transformers=frozenset({seen.node.id}),
        tickets=_tickets(evidence, merge),
        probability=policy.probability,
        reasons=(
            reason("several_homes", count=len(seen.homes)),
            reason("same_transformer", name=seen.node.name),
        ),
    )


def _seniority(outage: OutageFact) -> tuple[bool, datetime, OutageId]:
    """A crew on its way decides which outage lives on, then age."""
    return (not outage.crew_on_its_way, outage.started_at, outage.id)


def _tickets(evidence: FeederEvidence, merge: Sequence[OutageId]) -> tuple[TicketId, ...]:
    return tuple(r.ticket_id for r in evidence.reports if r.outage_id in merge)


def _position(device: DeviceNode, below: Sequence[_Reporting]) -> tuple[float, float]:
    if device.lon is not None and device.lat is not None:
        return device.lon, device.lat
    nodes = [r.node for r in below]
    return sum(n.lon for n in nodes) / len(nodes), sum(n.lat for n in nodes) / len(nodes)
