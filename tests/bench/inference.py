"""One look at a feeder: how long inference takes, by customers, reports and what has opened.

Nothing is read or written: evidence in, verdict out, with the feeder laid out before as the worker
keeps it. Times are of the processor, so that neighbours of the machine count for less. The ratio is
to the first row of its group.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from dispatch.domain.facts import (
    DeviceNode,
    FeederEvidence,
    FeederTree,
    ReportFact,
    Surroundings,
    TransformerNode,
)
from dispatch.domain.words import TicketId, UsagePointId
from dispatch.feeder import Feeder
from dispatch.gathered import gather
from dispatch.grouping import judge
from dispatch.rates import Rates
from dispatch.verdict import Costs, Verdict
from tests.bench.rows import Row, against_first

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
AIM = "aim: well under 50 ms"
REPEAT = 15
CUSTOMERS, REPORTS = 10_000, 500
LATERALS = 40
PER_LATERAL = 5
SPREAD_MIN = 45.0


def feeder_of(customers: int) -> FeederTree:
    """A head, reclosers every ten fused laterals, and five transformers on each lateral."""
    devices: list[DeviceNode] = []
    transformers: list[TransformerNode] = []
    laterals = max(LATERALS * customers // CUSTOMERS, 1)
    each = customers // (laterals * PER_LATERAL)

    def add(id_: str, kind: str, parent_id: str | None, below: int) -> str:
        pre = len(devices)
        devices.append(
            DeviceNode(
                id=id_,
                kind=kind,
                name=id_,
                parent_id=parent_id,
                pre=pre,
                post=pre + 1 + below,
                lon=None,
                lat=None,
                length_m=400.0,
            )
        )
        return id_

    reclosers = -(-laterals // 10)
    add("head", "feeder_head", None, reclosers + laterals * (1 + PER_LATERAL))
    for lateral in range(laterals):
        if lateral % 10 == 0:
            served = min(10, laterals - lateral)
            recloser = add(f"r{lateral}", "recloser", "head", served * (1 + PER_LATERAL))
        fuse = add(f"k{lateral}", "fuse", recloser, PER_LATERAL)
        for n in range(PER_LATERAL):
            transformer = f"t{lateral}-{n}"
            place = TransformerNode(
                id=transformer,
                name=transformer,
                device_id=f"d:{transformer}",
                pre=len(devices),
                lon=0.0,
                lat=45.0,
                customers=each,
            )
            add(f"d:{transformer}", "transformer", fuse, 0)
            transformers.append(place)
    return FeederTree(feeder_id="F", devices=tuple(devices), transformers=tuple(transformers))


@dataclass(frozen=True)
class Case:
    """So many reports from below every `every`th lateral; with 1, from all of them."""

    what: str
    customers: int
    reports: int
    every: int

    def evidence(self) -> FeederEvidence:
        tree, rng = feeder_of(self.customers), np.random.default_rng(1)
        served = [t for t in tree.transformers if int(t.id[1:].partition("-")[0]) % self.every == 0]
        places = rng.integers(len(served), size=self.reports).tolist()
        minutes = np.sort(rng.gamma(1.5, 9.0, self.reports)).clip(0.0, SPREAD_MIN).tolist()
        reports = tuple(
            ReportFact(
                ticket_id=TicketId(f"r{n}"),
                usage_point_id=UsagePointId(n + 1),
                transformer_id=served[place].id,
                outage_id=None,
                received_at=NOW + timedelta(minutes=after - SPREAD_MIN),
            )
            for n, (place, after) in enumerate(zip(places, minutes, strict=True))
        )
        around = Surroundings(
            devices={"fuse": LATERALS, "transformer": len(tree.transformers)},
            km=20.0,
            customers=self.customers,
            within=timedelta(hours=3),
            opened_devices=len(served) // PER_LATERAL,
        )
        return FeederEvidence(tree=tree, reports=reports, around=around)

    def look(self) -> Verdict:
        return judge(self.evidence(), Rates(), Costs(), now=NOW)


ONE = Case("everything below the head", CUSTOMERS, REPORTS, 1)
TEN = Case("ten laterals of forty", CUSTOMERS, REPORTS, 4)
SIZES = (
    Case("5,000 customers, 250 reports", CUSTOMERS // 2, REPORTS // 2, 4),
    Case("10,000 customers, 500 reports", CUSTOMERS, REPORTS, 4),
    Case("20,000 customers, 1,000 reports", CUSTOMERS * 2, REPORTS * 2, 4),
)


def posterior_ms(case: Case) -> float:
    """Median milliseconds from a feeder's evidence to the probabilities of all devices."""
    evidence, rates = case.evidence(), Rates()
    feeder, taken = Feeder(evidence.tree, rates), []
    for _ in range(REPEAT):
        began = time.process_time()
        _, posterior = gather(evidence, feeder, rates, NOW).understood()
        assert posterior.topmost.size
        taken.append(time.process_time() - began)
    return 1_000 * float(np.median(taken))


def look_ms(case: Case) -> float:
    """Median milliseconds of a whole look: also what is one outage, and whether to send."""
    evidence, rates = case.evidence(), Rates()
    feeder, taken = Feeder(evidence.tree, rates), []
    for _ in range(REPEAT):
        began = time.process_time()
        verdict = judge(evidence, rates, Costs(), now=NOW, feeder=feeder)
        assert verdict.outages
        taken.append(time.process_time() - began)
    return 1_000 * float(np.median(taken))


def rows() -> Sequence[Row]:
    """The probabilities alone and the whole look; then half and double the size."""
    found: list[Row] = []
    for case in (ONE, TEN):
        group = f"10,000 customers, 500 reports: {case.what}"
        both = (
            Row(group, "probabilities of all devices", posterior_ms(case), "ms", note=AIM),
            Row(group, "the whole look", look_ms(case), "ms", note=AIM),
        )
        found += against_first(both)
    by_size = [Row("by size", each.what, posterior_ms(each), "ms") for each in SIZES]
    return [*found, *against_first(by_size)]
