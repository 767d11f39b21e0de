"""Our own inference at the drill's desk, as the product uses it and with the true parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from dispatch.domain.facts import FeederEvidence
from dispatch.domain.words import NetworkLevel, TicketId
from dispatch.drill.storms import parameters as p
from dispatch.drill.storms.at_levels import LevelMethod, settled_per_km2
from dispatch.drill.storms.ground import Ground
from dispatch.drill.storms.records import Group, Picture
from dispatch.drill.storms.running import Maker
from dispatch.drill.storms.truth import Condition, expected, momentary_share, yearly_faults
from dispatch.feeder import Feeder
from dispatch.grouping import judge
from dispatch.rates import Delay, Rates, Share, Stirring
from dispatch.verdict import Costs

POSTERIOR, TRUE_PARAMETERS = "posterior", "true parameters"
WITHOUT_SILENCE = "without silence"
"""The posterior to which it says nothing who does not call."""

SLIGHTLY = 0.01
"""How open the true parameters stay to any share: no tabulated share may be impossible."""

KINDS_KNOWN = "kinds known"
"""The posterior that knows how often each kind of customer calls; all else is as shipped."""

NAMES = (POSTERIOR, TRUE_PARAMETERS, WITHOUT_SILENCE)
LEVELS: Mapping[str, NetworkLevel] = {
    "posterior, transformers only": NetworkLevel.TRANSFORMER,
    "posterior, points only": NetworkLevel.POINTS,
}
"""Our methods where less is on record, by name."""


@dataclass(slots=True, eq=False)
class PosteriorMethod:
    """Judges each feeder by the posterior; numbers its outages from one on.

    Where `stirring` is given, it is taken instead of the evidence's.
    """

    name: str
    rates: Rates
    stirring: Stirring | None = None
    costs: Costs = field(default_factory=Costs)
    feeders: dict[str, Feeder] = field(default_factory=dict)
    last_key: int = 0

    def look(self, evidence: FeederEvidence, now: datetime) -> Picture:
        """Judge one feeder."""
        verdict = judge(
            evidence,
            self.rates,
            self.costs,
            now=now,
            feeder=self._feeder(evidence),
            stirring=self.stirring,
        )
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
    """Makers of our methods by name, `names` of `NAMES` or `LEVELS`, for a condition."""
    makers: dict[str, Maker] = {
        **{name: partial(_at_level, name, level) for name, level in LEVELS.items()},
        POSTERIOR: lambda _ground: PosteriorMethod(POSTERIOR, Rates()),
        TRUE_PARAMETERS: lambda ground: PosteriorMethod(
            TRUE_PARAMETERS, true_rates(ground, condition), true_stirring(ground, condition)
        ),
        WITHOUT_SILENCE: lambda _ground: PosteriorMethod(
            WITHOUT_SILENCE, replace(Rates(), silence_counts=0.0)
        ),
    }
    makers[KINDS_KNOWN] = lambda ground: PosteriorMethod(
        KINDS_KNOWN, replace(Rates(), calls_by_kind=true_kinds(ground, condition))
    )
    return {name: makers[name] for name in names}


def true_kinds(ground: Ground, condition: Condition) -> Mapping[str, float]:
    """How often each kind of customer truly calls against the mean."""
    return ground.customers.calls_by_kind if condition.kinds else Rates().calls_by_kind


def _at_level(name: str, level: NetworkLevel, ground: Ground) -> LevelMethod:
    return LevelMethod(name, level, settled_per_km2(ground))


def true_stirring(ground: Ground, condition: Condition) -> Stirring:
    """How much more often things fail, mean over an episode, than in a calm year.

    Single faults are told by the rates: they are given as they stand to those of devices.
    """
    hours = p.LAST_FAULT_H if not condition.storm else p.STORM_PEAK_H
    hourly = expected(ground, storm=condition.storm)[0] / hours
    factor = max(1.0, hourly * p.HOURS_PER_YEAR / yearly_faults(ground))
    return Stirring(devices=factor, singles=factor)


def true_rates(ground: Ground, condition: Condition) -> Rates:
    """What the simulator does, as far as the model can be told: rates, calls, delays, meters.

    Single faults are told by how they stand to those of devices in such weather.
    """
    devices, *singles = expected(ground, storm=condition.storm)
    per_device_fault = yearly_faults(ground) / devices
    mean = min(p.CALL_SHARE[condition.storm] * condition.call_rate, 0.6)
    usual = Rates()
    return replace(
        usual,
        per_km=p.LINE_FAULTS_PER_KM,
        per_device=dict.fromkeys(usual.per_device, 0.0)
        | {"transformer": p.TRANSFORMER_FAULTS + p.LOW_VOLTAGE_FAULTS},
        single=sum(singles) * per_device_fault / len(ground.customers.accounts),
        clears_above=p.MISCOORDINATION,
        misplaced=p.WITH_ACCOUNT * p.WRONG_ACCOUNT + condition.mislocated,
        call_share=Share(
            mean=mean,
            concentration=p.CALL_CONCENTRATION,
            open_minded=SLIGHTLY,
            hardly_any=momentary_share(ground),
        ),
        call_delay=Delay(
            soon=p.QUICK_SHARE,
            shape=p.QUICK_SHAPE,
            scale_min=p.QUICK_SCALE_MIN * condition.delay,
            late_min=p.LATE_MEAN_MIN * condition.delay,
        ),
        calls_by_kind=true_kinds(ground, condition),
        awake_at_night=p.AWAKE_AT_NIGHT,
        night_from_h=p.AWAKE_HOURS.stop,
        night_until_h=p.AWAKE_HOURS.start,
        gasp_share=Share(
            mean=max(condition.gasps * p.GASP_HEARD, 0.01),
            concentration=50.0,
            open_minded=SLIGHTLY,
        ),
        false_gasps=p.FALSE_GASPS_PER_YEAR,
    )
