"""Our own inference at the drill's desk, as the product uses it and with the true parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from dispatch.domain.facts import FeederEvidence
from dispatch.domain.words import TicketId
from dispatch.drill.storms import parameters as p
from dispatch.drill.storms.ground import Ground
from dispatch.drill.storms.harness import Group, Method, Picture
from dispatch.drill.storms.running import Maker
from dispatch.drill.storms.truth import Condition
from dispatch.grouping import Costs, judge
from dispatch.inference import Feeder
from dispatch.rates import Delay, Rates, Share

POSTERIOR, TRUE_PARAMETERS = "posterior", "true parameters"
SLIGHTLY = 0.01
"""How open the true parameters stay to any share: no tabulated share may be impossible."""

NAMES = (POSTERIOR, TRUE_PARAMETERS)


@dataclass(slots=True, eq=False)
class PosteriorMethod:
    """Judges each feeder by the posterior; numbers its outages from one on."""

    name: str
    rates: Rates
    costs: Costs = field(default_factory=Costs)
    feeders: dict[str, Feeder] = field(default_factory=dict)
    last_key: int = 0

    def look(self, evidence: FeederEvidence, now: datetime) -> Picture:
        """Judge one feeder."""
        verdict = judge(evidence, self.rates, self.costs, now=now, feeder=self._feeder(evidence))
        groups = [
            Group(
                key=self._new_key() if judged.outage_id is None else judged.outage_id,
                device_id=judged.device_id,
                tickets=judged.tickets,
                devices=judged.devices,
                send=judged.send,
            )
            for judged in verdict.outages
        ]
        explained: dict[int, dict[TicketId, float]] = {}
        for ticket_id, (outage_id, probability) in verdict.explained.items():
            explained.setdefault(outage_id, {})[ticket_id] = probability
        known: dict[int, str | None] = {o.id: o.device_id for o in evidence.outages}
        groups += [
            Group(key=key, device_id=known.get(key), tickets=tickets)
            for key, tickets in explained.items()
        ]
        return Picture(groups=tuple(groups))

    def _feeder(self, evidence: FeederEvidence) -> Feeder:
        known = self.feeders.get(evidence.tree.feeder_id)
        if known is None or known.tree is not evidence.tree:
            known = Feeder(evidence.tree, self.rates)
            self.feeders[evidence.tree.feeder_id] = known
        return known

    def _new_key(self) -> int:
        self.last_key += 1
        return self.last_key


def our_methods(condition: Condition, names: tuple[str, ...] = NAMES) -> Mapping[str, Maker]:
    """Makers of our methods by name, `names` of `NAMES`, for a condition."""
    beliefs = {POSTERIOR: Rates(), TRUE_PARAMETERS: true_rates(condition)}

    def maker(name: str) -> Maker:
        def make(_ground: Ground) -> Method:
            return PosteriorMethod(name, beliefs[name])

        return make

    return {name: maker(name) for name in names}


def true_rates(condition: Condition) -> Rates:
    """What the simulator does, as far as the model can be told: rates, calls, delays, meters.

    The compression of years of faults into an episode is not among it.
    """
    mean = min(p.CALL_SHARE[condition.storm] * condition.call_rate, 0.6)
    usual = Rates()
    return replace(
        usual,
        per_km=p.LINE_FAULTS_PER_KM,
        per_device=dict.fromkeys(usual.per_device, 0.0)
        | {"transformer": p.TRANSFORMER_FAULTS + p.LOW_VOLTAGE_FAULTS},
        single=p.SERVICE_FAULTS + p.INTERNAL_FAULTS,
        clears_above=p.MISCOORDINATION,
        misplaced=p.WITH_ACCOUNT * p.WRONG_ACCOUNT + condition.mislocated,
        call_share=Share(mean=mean, concentration=p.CALL_CONCENTRATION, open_minded=SLIGHTLY),
        call_delay=Delay(
            soon=p.QUICK_SHARE,
            shape=p.QUICK_SHAPE,
            scale_min=p.QUICK_SCALE_MIN * condition.delay,
            late_min=p.LATE_MEAN_MIN * condition.delay,
        ),
        gasp_share=Share(
            mean=max(condition.gasps * p.GASP_HEARD, 0.01), concentration=50.0, open_minded=SLIGHTLY
        ),
        false_gasps=p.FALSE_GASPS_PER_YEAR,
    )
