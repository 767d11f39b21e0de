"""The rules that outage systems group calls by, as baselines: each with a few settings to tune.

All of them leave to a confirmed outage the reports from below its device that came while it was
out, and cut what is left anew at every look; an outage keeps its number through its reports.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from dispatch.domain.facts import (
    DeviceNode,
    FeederEvidence,
    FeederTree,
    OutageFact,
    ReportFact,
    TransformerNode,
)
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import TicketId
from dispatch.drill.storms.records import Group, Picture
from gis.crs import EARTH_RADIUS_M

CELLS = 4
"""Clustering works on cells of a quarter of the radius and of the time, or storms take minutes."""

Cut = Callable[["Branches", Sequence[ReportFact]], "list[Part]"]


@dataclass(frozen=True, slots=True)
class Part:
    """Reports that a rule takes for one outage, and its device (None: one home)."""

    reports: tuple[ReportFact, ...]
    device_id: str | None


@dataclass(slots=True, eq=False)
class Branches:
    """A feeder's tree with the look-ups that the rules need."""

    tree: FeederTree
    devices: Mapping[str, DeviceNode] = field(init=False)
    transformers: Mapping[str, TransformerNode] = field(init=False)
    shielding: Sequence[DeviceNode] = field(init=False)
    served: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.devices = {d.id: d for d in self.tree.devices}
        self.transformers = {t.id: t for t in self.tree.transformers}
        own = {t.device_id for t in self.tree.transformers}
        places = np.array(sorted(t.pre for t in self.tree.transformers))
        counts = {
            d.id: int(np.diff(np.searchsorted(places, [d.pre, d.post]))[0])
            for d in self.tree.devices
        }
        self.served = counts
        self.shielding = [
            d
            for d in sorted(self.tree.devices, key=lambda d: d.pre)
            if d.id not in own and counts[d.id] > 1
        ]

    def place(self, report: ReportFact) -> int:
        """The preorder number of a report's transformer, -1 where it has none here."""
        node = self.transformers.get(report.transformer_id or "")
        return -1 if node is None else node.pre

    def own_device(self, transformer_id: str | None) -> str | None:
        """The device of a transformer."""
        node = self.transformers.get(transformer_id or "")
        return None if node is None else node.device_id

    def common_device(self, reports: Iterable[ReportFact]) -> str | None:
        """The lowest device above all reports; the transformer's where they have one only."""
        known = {r.transformer_id for r in reports if self.place(r) >= 0}
        if not known:
            return None
        if len(known) == 1:
            return self.own_device(known.pop())
        places = [self.transformers[id_].pre for id_ in known if id_ is not None]
        low, high = min(places), max(places)
        fitting = [d for d in self.shielding if d.pre <= low and high < d.post]
        return fitting[-1].id if fitting else None


@dataclass(slots=True, eq=False)
class _Feeder:
    """A feeder's tree, and which confirmed outage each report was left to, by the same facts."""

    branches: Branches
    facts: object = None
    held_by: dict[TicketId, int | None] = field(default_factory=dict)

    def claim(
        self, confirmed: Sequence[OutageFact], evidence: FeederEvidence
    ) -> tuple[Mapping[int, list[TicketId]], list[ReportFact]]:
        """Share out reports: to confirmed outages those sent while their transformer was out."""
        facts = ([(o.id, o.transformers) for o in confirmed], evidence.lit)
        if facts != self.facts:
            self.facts, self.held_by = facts, {}
        lowest_first = sorted(confirmed, key=lambda o: len(o.transformers) or 10**9)
        claimed: dict[int, list[TicketId]] = defaultdict(list)
        free: list[ReportFact] = []
        for report in evidence.reports:
            ticket_id = report.ticket_id
            if ticket_id not in self.held_by:
                self.held_by[ticket_id] = _holder(report, lowest_first, evidence)
            holder = self.held_by[ticket_id]
            if holder is None:
                free.append(report)
            else:
                claimed[holder].append(ticket_id)
        return claimed, free


def _holder(
    report: ReportFact, confirmed: Sequence[OutageFact], evidence: FeederEvidence
) -> int | None:
    """The first confirmed outage that explains a report; one of a single home keeps its own."""
    lit_at = evidence.lit.get(report.transformer_id or "")
    for outage in confirmed:
        is_relit = lit_at is not None and outage.started_at < lit_at < report.received_at
        if report.transformer_id in outage.transformers and not is_relit:
            return outage.id
        if not outage.transformers and report.outage_id == outage.id:
            return outage.id
    return None


@dataclass(slots=True, eq=False)
class RuleMethod:
    """A rule at work: `cut` divides the reports; an order is held for `hold`."""

    name: str
    cut: Cut
    hold: timedelta
    feeders: dict[str, "_Feeder"] = field(default_factory=dict)
    last_key: int = 0

    def look(self, evidence: FeederEvidence, now: datetime) -> Picture:
        """Cut the reports of a feeder into outages."""
        feeder = self.feeders.get(evidence.tree.feeder_id)
        if feeder is None or feeder.branches.tree is not evidence.tree:
            feeder = _Feeder(Branches(evidence.tree))
            self.feeders[evidence.tree.feeder_id] = feeder
        confirmed = [o for o in evidence.outages if o.status is not OutageStatus.PREDICTED]
        claimed, free = feeder.claim(confirmed, evidence)
        groups = [
            Group(key=o.id, device_id=o.device_id, tickets=dict.fromkeys(claimed[o.id], 1.0))
            for o in confirmed
        ]
        sent = {o.id for o in evidence.outages if o.order_sent}
        known: set[int] = {o.id for o in evidence.outages if o.status is OutageStatus.PREDICTED}
        for key, part in self._numbered(self.cut(feeder.branches, free), known):
            first = min(r.received_at for r in part.reports)
            groups.append(
                Group(
                    key=key,
                    device_id=part.device_id,
                    tickets={r.ticket_id: 1.0 for r in part.reports},
                    devices=() if part.device_id is None else ((part.device_id, 1.0),),
                    send=key in sent or now - first >= self.hold,
                )
            )
        return Picture(groups=tuple(groups))

    def _numbered(self, parts: Sequence[Part], known: set[int]) -> list[tuple[int, Part]]:
        """Let each part take the number that most of its reports have, the largest part first."""
        numbered, free = [], set(known)
        for part in sorted(parts, key=lambda part: -len(part.reports)):
            votes = Counter(r.outage_id for r in part.reports if r.outage_id in free)
            if votes:
                key = int(votes.most_common(1)[0][0] or 0)
                free.discard(key)
            else:
                self.last_key += 1
                key = self.last_key
            numbered.append((key, part))
        return numbered


def _spells(reports: Sequence[ReportFact], within: timedelta) -> list[list[ReportFact]]:
    """Cut reports where nothing came for `within`."""
    spells: list[list[ReportFact]] = []
    for report in sorted(reports, key=lambda r: r.received_at):
        if spells and report.received_at - spells[-1][-1].received_at <= within:
            spells[-1].append(report)
        else:
            spells.append([report])
    return spells


def _homes(reports: Iterable[ReportFact]) -> int:
    """How many different callers; one whose account is not known is one more."""
    return len({r.usage_point_id or r.ticket_id for r in reports})


# --- the same transformer ---


@dataclass(frozen=True, slots=True)
class SameTransformer:
    """Reports of one transformer are one outage; `homes` callers make it the transformer's."""

    within: timedelta = timedelta(hours=2)
    homes: int = 1

    def __call__(self, branches: Branches, reports: Sequence[ReportFact]) -> list[Part]:
        """Cut by transformer and time."""
        by_transformer: dict[str | None, list[ReportFact]] = defaultdict(list)
        for report in reports:
            by_transformer[report.transformer_id].append(report)
        parts = []
        for transformer_id, here in by_transformer.items():
            for spell in _spells(here, self.within):
                device_id = branches.own_device(transformer_id)
                if transformer_id is None or _homes(spell) < self.homes:
                    parts += [Part((report,), None) for report in spell]
                else:
                    parts.append(Part(tuple(spell), device_id))
        return parts


# --- clusters in space and time ---


@dataclass(frozen=True, slots=True)
class Clusters:
    """ST-DBSCAN (Birant and Kut, 2007) on place and time, then the lowest device above a cluster.

    A report is a core where `least` reports, itself included, lie within `radius_m` and `within`.
    """

    radius_m: float = 400.0
    within: timedelta = timedelta(minutes=45)
    least: int = 2

    def __call__(self, branches: Branches, reports: Sequence[ReportFact]) -> list[Part]:
        """Cut by place and time."""
        if not reports:
            return []
        label = self._labels(reports)
        members: dict[int, list[ReportFact]] = defaultdict(list)
        for report, number in zip(reports, label, strict=True):
            members[number].append(report)
        return [
            Part(tuple(some), branches.common_device(some) if _homes(some) > 1 else None)
            for some in members.values()
        ]

    def _labels(self, reports: Sequence[ReportFact]) -> list[int]:
        """The cluster of each report; reports of one cell count together."""
        cells, cell_of, inside = np.unique(
            self._cells(reports), axis=0, return_inverse=True, return_counts=True
        )
        pairs = KDTree(cells[:, :2]).query_pairs(CELLS, output_type="ndarray")
        pairs = pairs[np.abs(cells[pairs[:, 0], 2] - cells[pairs[:, 1], 2]) <= CELLS]
        near = inside.copy()
        np.add.at(near, pairs[:, 0], inside[pairs[:, 1]])
        np.add.at(near, pairs[:, 1], inside[pairs[:, 0]])
        core = near >= self.least
        both = pairs[core[pairs].all(axis=1)]
        edge = pairs[core[pairs].sum(axis=1) == 1]
        outer = np.where(core[edge[:, 0]], edge[:, 1], edge[:, 0])
        links = np.concatenate([both, edge[np.unique(outer, return_index=True)[1]]])
        size = len(cells)
        graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(size, size))
        labels = connected_components(graph, directed=False)[1]
        return [int(label) for label in labels[cell_of.ravel()]]

    def _cells(self, reports: Sequence[ReportFact]) -> NDArray[np.float64]:
        """Place and time of each report, rounded to a part of the radius and of the time."""
        first = reports[0]
        metres = np.radians(1.0) * EARTH_RADIUS_M / self.radius_m * CELLS
        east = metres * np.cos(np.radians(first.lat or 0.0))
        span = self.within / CELLS
        rounded: NDArray[np.float64] = np.round(
            [
                (
                    (r.lon or 0.0) * east,
                    (r.lat or 0.0) * metres,
                    (r.received_at - first.received_at) / span,
                )
                for r in reports
            ]
        )
        return rounded


# --- escalation up the tree ---


@dataclass(frozen=True, slots=True)
class Escalation:
    """Calls escalate: homes to their transformer, transformers to the device above them.

    A device is taken, the highest first, when at least `calls` callers at `distinct` transformers
    below it report within `within`, on at least a `share` of its transformers, and they are not all
    below one device further down. `homes` callers make a transformer's outage.
    """

    calls: int = 3
    distinct: int = 2
    share: float = 0.2
    within: timedelta = timedelta(minutes=60)
    homes: int = 2

    def __call__(self, branches: Branches, reports: Sequence[ReportFact]) -> list[Part]:
        """Cut by time, then walk each spell's tree from the head."""
        placed = [r for r in reports if branches.place(r) >= 0]
        parts = [Part((r,), None) for r in reports if branches.place(r) < 0]
        for spell in _spells(placed, self.within):
            parts += self._walk(branches, spell)
        return parts

    def _walk(self, branches: Branches, spell: Sequence[ReportFact]) -> list[Part]:
        left = sorted(spell, key=branches.place)
        places = [branches.place(r) for r in left]
        parts, rest = [], []
        done = claimed_until = 0
        for device in branches.shielding:
            low = bisect_left(places, device.pre, done)
            high = bisect_left(places, device.post, low)
            if device.pre < claimed_until or high - low < self.calls:
                continue
            if self._fits(branches, device, left[low:high]):
                parts.append(Part(tuple(left[low:high]), device.id))
                rest += left[done:low]
                done, claimed_until = high, device.post
        rest += left[done:]
        return parts + SameTransformer(self.within, self.homes)(branches, rest)

    def _fits(self, branches: Branches, device: DeviceNode, below: Sequence[ReportFact]) -> bool:
        reporting = {r.transformer_id for r in below}
        return (
            len(reporting) >= max(self.distinct, self.share * branches.served[device.id])
            and _homes(below) >= self.calls
            and branches.common_device((below[0], below[-1])) == device.id
        )


# --- settings to tune ---


def _minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


HOLDS = (0, 10)
"""Minutes for which a rule may hold its order, to gather more."""

KINDS = ("same transformer", "clusters", "escalation")


def settings(kind: str) -> list[tuple[str, Cut]]:
    """All settings of a kind of rule, with their names: what tuning chooses from."""
    if kind == "same transformer":
        return [
            (f"within {minutes} min, homes {homes}", SameTransformer(_minutes(minutes), homes))
            for minutes in (60, 180)
            for homes in (1, 2)
        ]
    if kind == "clusters":
        return [
            (f"{radius} m, {minutes} min", Clusters(float(radius), _minutes(minutes)))
            for radius in (150, 400, 1000)
            for minutes in (30, 90)
        ]
    return [
        (
            f"calls {calls}, transformers {distinct} and {share:.0%}, {minutes} min",
            Escalation(calls, distinct, share, _minutes(minutes)),
        )
        for calls, distinct in ((2, 2), (4, 3))
        for share in (0.05, 0.2)
        for minutes in (30, 90)
    ]
