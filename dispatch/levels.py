"""Judging where no feeder is modelled: on the transformers alone, or on positions alone.

The same inference as along a feeder, on a tree that is assumed (`dispatch.assumed`). What is said
of an area is never told surer than the level allows, for the true network may be cut elsewhere.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from dispatch.assumed import AREA, CELL, TRANSFORMER, tree_of_cells
from dispatch.domain.facts import (
    DistrictEvidence,
    FeederEvidence,
    FeederTree,
    OutageFact,
    ReportFact,
    Surroundings,
    TransformerNode,
)
from dispatch.domain.outage import OutageStatus
from dispatch.domain.words import NetworkLevel, TicketId
from dispatch.feeder import Feeder
from dispatch.gathered import gather
from dispatch.grouping import decide, judge
from dispatch.judging import MOST_DEVICES, SUREST, UNLIKELY_DEVICE, well_may_be
from dispatch.rates import Rates, Share
from dispatch.verdict import Costs, Judged, Verdict

ANY_SHARE = Share(mean=0.1, concentration=4.0, open_minded=0.3, hardly_any=0.01)
"""How many call where nobody knows how many live there: next to any share (assumption)."""

ALIKE = 0.5
"""So much of two sets of places must be common for an area to stand for an outage."""


@dataclass(frozen=True, slots=True)
class View:
    """Evidence on one of the trees that may be assumed."""

    evidence: FeederEvidence
    feeder: Feeder


def rates_at(level: NetworkLevel, rates: Rates) -> Rates:
    """The rates of a feeder, as they are felt where only so much is known."""
    if level is NetworkLevel.FEEDER_MODEL:
        return rates
    felt = replace(rates, per_device={**rates.per_device, AREA: 0.0, CELL: 0.0})
    return replace(felt, call_share=ANY_SHARE) if level is NetworkLevel.POINTS else felt


CELL_M = 120.0
"""Callers so near each other hang on one transformer, as far as anybody can tell (assumption)."""
CELL_KM2 = (CELL_M / 1000) ** 2
MANY_HOMES = 2
CUSTOMERS_PER_TRANSFORMER = 50  # where nobody knows (assumption)
STIRRED_WITHIN = timedelta(hours=3)
"""What opened so lately tells of the weather, as along a feeder."""


def along_lines(evidence: FeederEvidence, feeder: Feeder) -> FeederEvidence:
    """What is known by transformer, on the tree assumed over the transformers."""
    return replace(
        evidence,
        tree=feeder.tree,
        outages=tuple(stand_in(outage, feeder) for outage in evidence.outages),
        sightings=(),
        level=NetworkLevel.TRANSFORMER,
    )


def by_transformer(
    district: DistrictEvidence, zones: Sequence[Sequence[Feeder]]
) -> list[list[View]]:
    """What a district's transformers tell, in each zone of which anything is heard.

    `zones` are the trees assumed over them; one zone's evidence comes on each of its trees.
    """
    known = _evidence(district, NetworkLevel.TRANSFORMER, len(district.transformers))
    found = []
    for feeders in zones:
        here = _within(known, feeders[0])
        if here.reports or here.outages or here.signals:
            found.append([View(along_lines(here, feeder), feeder) for feeder in feeders])
    return found


def _within(evidence: FeederEvidence, feeder: Feeder) -> FeederEvidence:
    """The part of the evidence that a zone can tell of."""
    places = feeder.transformer_pre
    reports = tuple(r for r in evidence.reports if r.transformer_id in places)
    held = {r.outage_id for r in reports}
    return replace(
        evidence,
        reports=reports,
        outages=tuple(
            o
            for o in evidence.outages
            if o.id in held or not places.keys().isdisjoint(o.transformers)
        ),
        lit={t: at for t, at in evidence.lit.items() if t in places},
        relit={t: times for t, times in evidence.relit.items() if t in places},
        signals=tuple(s for s in evidence.signals if s.transformer_id in places),
    )


def judge_views(
    views: Sequence[View], rates: Rates, costs: Costs, *, now: datetime
) -> tuple[FeederEvidence, Verdict]:
    """Judge on the tree that explains most; its probabilities are the mean over all the trees.

    Each tree counts by how well it explains what was heard and what was not.
    """
    if len(views) == 1:
        only = views[0]
        return only.evidence, judge(only.evidence, rates, costs, now=now, feeder=only.feeder)
    seen = [gather(v.evidence, v.feeder, rates, now).understood() for v in views]
    log = np.array([posterior.log_evidence for _, posterior in seen])
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    kept = np.array([_kept(view) for view in views])
    chosen = int(np.argmax(log + costs.move * kept))
    evidence, (gathered, posterior) = views[chosen].evidence, seen[chosen]
    if gathered.is_silent:
        return evidence, Verdict(explained=gathered.settled)
    verdict = decide(evidence, gathered, posterior, costs)
    mean: dict[str, float] = {}
    size: dict[str, float] = {}
    for view, (_, posterior), share in zip(views, seen, weight.tolist(), strict=True):
        surest = share * SUREST[view.evidence.level]
        for row, p in zip(posterior.rows.tolist(), posterior.topmost.tolist(), strict=True):
            area_id = view.feeder.devices[row].id
            mean[area_id] = mean.get(area_id, 0.0) + surest * p
            size[area_id] = float(view.feeder.customers[row])
    return evidence, replace(
        verdict, outages=tuple(_averaged(j, views, mean, size) for j in verdict.outages)
    )


def _kept(view: View) -> int:
    """How many of the areas predicted so far are areas of this tree as well."""
    predicted = (o for o in view.evidence.outages if o.status is OutageStatus.PREDICTED)
    return sum(
        o.device_id is not None
        and o.transformers == frozenset(view.feeder.below(view.feeder.row[o.device_id]))
        for o in predicted
    )


def _averaged(
    judged: Judged, views: Sequence[View], mean: Mapping[str, float], size: Mapping[str, float]
) -> Judged:
    """A judgement with the probabilities of all the trees, areas of other trees among them."""
    if judged.device_id is None or not judged.transformers:
        return judged
    others = {
        view.feeder.devices[row].id
        for view in views
        for place in judged.transformers & view.feeder.transformer_pre.keys()
        for row in view.feeder.path(view.feeder.transformer_pre[place])
    }
    named = {area_id: mean[area_id] for area_id in others if mean.get(area_id, 0) > UNLIKELY_DEVICE}
    if judged.device_id not in named:
        return judged
    devices = sorted(named.items(), key=lambda each: (-each[1], each[0]))
    sizes = [(size[area_id], p) for area_id, p in devices]
    return replace(
        judged,
        devices=tuple((area_id, round(p, 4)) for area_id, p in devices[:MOST_DEVICES]),
        probability=min(judged.probability, named[judged.device_id]),
        customers_out=sum(n * p for n, p in sizes) / sum(p for _, p in sizes),
        customers_between=well_may_be(sizes),
    )


def by_position(district: DistrictEvidence) -> FeederEvidence:
    """What a district's other reports tell, on a tree assumed over their places."""
    count = max(round(district.customers / CUSTOMERS_PER_TRANSFORMER), 1)
    known = _evidence(district, NetworkLevel.POINTS, count)
    return on_cells(known, district.per_km2, district.customers)


def _evidence(district: DistrictEvidence, level: NetworkLevel, transformers: int) -> FeederEvidence:
    """The part of a district's evidence that a level can tell of, on no tree so far."""
    on_transformer = level is NetworkLevel.TRANSFORMER
    customers = sum(t.customers for t in district.transformers)
    return FeederEvidence(
        tree=FeederTree(feeder_id=""),
        reports=tuple(
            r for r in district.reports if (r.transformer_id is not None) == on_transformer
        ),
        outages=tuple(o for o in district.outages if (o.level is level)),
        lit=district.lit,
        relit=district.relit,
        signals=district.signals,
        planned=district.planned,
        around=Surroundings(
            devices={TRANSFORMER: transformers},
            km=0.0,
            customers=customers if on_transformer else district.customers,
            within=STIRRED_WITHIN,
            opened_devices=district.opened_devices,
            opened_homes=district.opened_homes,
            declared=district.declared,
        ),
        district_id=district.district_id,
        level=level,
    )


def on_cells(
    evidence: FeederEvidence, per_km2: Mapping[TicketId, float], elsewhere: int
) -> FeederEvidence:
    """A district's evidence by position, on a tree assumed over the cells that reports come from.

    Parameters
    ----------
    per_km2
        Customers thought to live around each report, per square kilometre.
    elsewhere
        Customers of the district, all in all.
    """
    located = [r for r in evidence.reports if r.lon is not None and r.lat is not None]
    cell_of = {r.ticket_id: cell_at(r.lon or 0.0, r.lat or 0.0) for r in located}
    inside: dict[str, list[ReportFact]] = {}
    for report in located:
        inside.setdefault(cell_of[report.ticket_id], []).append(report)
    cells, dense = [], []
    for cell_id, reports in sorted(inside.items()):
        dense.append(max(per_km2[r.ticket_id] for r in reports))
        homes = {r.usage_point_id or r.ticket_id for r in reports}
        cells.append(
            TransformerNode(
                id=cell_id,
                name="",
                device_id=None,
                pre=0,
                lon=sum(r.lon or 0.0 for r in reports) / len(reports),
                lat=sum(r.lat or 0.0 for r in reports) / len(reports),
                customers=max(round(dense[-1] * CELL_KM2), len(homes)),
            )
        )
    tree = tree_of_cells(cells, dense, elsewhere)
    feeder = Feeder(tree, Rates())
    outages = [_by_cells(outage, located, cell_of, feeder) for outage in evidence.outages]
    return replace(
        evidence,
        tree=tree,
        reports=tuple(
            replace(r, transformer_id=cell_of[r.ticket_id], spread=_shared(r, cells))
            for r in located
        ),
        outages=tuple(outages),
        lit={},
        relit={},
        signals=(),
        sightings=(),
        level=NetworkLevel.POINTS,
    )


def _by_cells(
    outage: OutageFact,
    located: Sequence[ReportFact],
    cell_of: Mapping[TicketId, str],
    feeder: Feeder,
) -> OutageFact:
    """An outage with the cells that its callers are in; a prediction of one home has none."""
    mine = [r for r in located if r.outage_id == outage.id]
    alone = len({r.usage_point_id or r.ticket_id for r in mine}) < MANY_HOMES
    if alone and outage.status is OutageStatus.PREDICTED:
        return replace(outage, transformers=frozenset(), device_id=None)
    return stand_in(
        replace(outage, transformers=frozenset(cell_of[r.ticket_id] for r in mine)), feeder
    )


def cell_at(lon: float, lat: float) -> str:
    """The cell of a position (EPSG:4326): about `CELL_M` wide and high, the same whoever asks."""
    row = math.floor(lat * METRES_PER_DEGREE / CELL_M)
    width = METRES_PER_DEGREE * max(math.cos(math.radians(round(lat, 1))), 0.01)
    return f"{math.floor(lon * width / CELL_M)}:{row}"


METRES_PER_DEGREE = 111_195.0


def _shared(report: ReportFact, cells: Sequence[TransformerNode]) -> tuple[tuple[str, float], ...]:
    """How the place of a report is shared among the cells around, by its accuracy."""
    reach = 3 * report.accuracy_m
    if reach <= CELL_M or report.lat is None or report.lon is None:
        return ()
    across = math.cos(math.radians(report.lat))
    near = []
    for cell in cells:
        away = METRES_PER_DEGREE * math.hypot(
            (cell.lon - report.lon) * across, cell.lat - report.lat
        )
        if away < reach:
            near.append(
                (cell.id, cell.customers * math.exp(-0.5 * (away / report.accuracy_m) ** 2))
            )
    total = sum(weight for _, weight in near)
    return tuple((id_, weight / total) for id_, weight in near) if total > 0 else ()


def stand_in(outage: OutageFact, feeder: Feeder) -> OutageFact:
    """The outage with the area of an assumed tree that is most like what it holds.

    A confirmed one keeps its own name: it is a fact, whatever the tree has.
    """
    if not outage.transformers:
        return outage
    if outage.status is not OutageStatus.PREDICTED:
        return replace(outage, device_id=outage.device_id or f"outage:{outage.id}")
    return replace(outage, device_id=likest(outage.transformers, feeder))


def likest(places: Collection[str], feeder: Feeder, least: float = ALIKE) -> str | None:
    """The device that puts out most of these places and fewest besides.

    None if less than a share `least` of both together is common to both.
    """
    known = sorted(feeder.transformer_pre[p] for p in places if p in feeder.transformer_pre)
    if not known:
        return None
    first, last = np.searchsorted(known, [feeder.pre, feeder.post])
    inside = last - first
    alike = inside / (len(places) + feeder.served - inside)
    best = int(np.argmax(alike))
    return feeder.devices[best].id if alike[best] >= least else None
