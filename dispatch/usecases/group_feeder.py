"""Look at one feeder again: what opened, which reports are one outage, is it time to send."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from dispatch.assumed import zones_along_lines
from dispatch.domain.facts import FeederTree, TransformerNode
from dispatch.domain.outage import Outage
from dispatch.domain.past import RatesVersion
from dispatch.domain.words import DistrictId, NetworkLevel
from dispatch.feeder import Feeder
from dispatch.grouping import judge
from dispatch.levels import rates_at
from dispatch.ports import KeptRates, Store
from dispatch.procedures.predicting import Predicting
from dispatch.procedures.proposing import Proposing
from dispatch.procedures.reweighing import weigh_anew
from dispatch.rates import Rates
from dispatch.verdict import Costs


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFeeder:
    """Which feeder has news."""

    feeder_id: str


@dataclass(frozen=True, slots=True)
class _Assumed:
    """A tree assumed over a district's transformers, and what it was made of."""

    transformers: tuple[TransformerNode, ...]
    rates: Rates
    felt: Rates
    zones: tuple[tuple[Feeder, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingPolicy:
    """What inference assumes and what mistakes cost.

    `rates` count until learned ones are in force. `learned` keeps those by version and district,
    `feeders` the feeders laid out: one stays good as long as its tree and its rates are the same.
    `assumed` are the trees assumed over a district's transformers, likewise.
    """

    rates: Rates = field(default_factory=Rates)
    costs: Costs = field(default_factory=Costs)
    learned: dict[tuple[int, DistrictId | None], Rates] = field(default_factory=dict, compare=False)
    feeders: dict[str, tuple[Rates, Feeder]] = field(default_factory=dict, compare=False)
    assumed: dict[DistrictId, _Assumed] = field(default_factory=dict, compare=False)

    def rates_in_force(self, kept: KeptRates, district_id: DistrictId | None) -> Rates:
        """What is assumed in a district now; a version is read once."""
        version = kept.in_force()
        if version is None:
            return self.rates
        key = (version, district_id)
        if key not in self.learned:
            self.learned[key] = rates_of(kept.get(version), district_id)
        return self.learned[key]

    def feeder_of(self, tree: FeederTree, rates: Rates) -> Feeder:
        """The feeder of this tree under these rates, laid out once."""
        laid_out = self.feeders.get(tree.feeder_id)
        if laid_out is None or laid_out[0] is not rates or laid_out[1].tree is not tree:
            laid_out = self.feeders[tree.feeder_id] = rates, Feeder(tree, rates)
        return laid_out[1]

    def assumed_over(
        self, transformers: tuple[TransformerNode, ...], district_id: DistrictId, rates: Rates
    ) -> tuple[Rates, tuple[tuple[Feeder, ...], ...]]:
        """The rates as they are felt, and the zones of trees assumed over these, made once."""
        made = self.assumed.get(district_id)
        if made is None or made.transformers is not transformers or made.rates is not rates:
            felt = rates_at(NetworkLevel.TRANSFORMER, rates)
            zones = tuple(
                tuple(Feeder(tree, felt) for tree in trees)
                for trees in zones_along_lines(transformers)
            )
            made = self.assumed[district_id] = _Assumed(transformers, rates, felt, zones)
        return made.felt, made.zones


def rates_of(kept: RatesVersion, district_id: DistrictId | None) -> Rates:
    """The rates of a district in a version; the company's where it has none."""
    written = kept.company if district_id is None else kept.districts.get(district_id, kept.company)
    return replace(Rates.from_dict(written), version=kept.version)


def group_feeder(
    store: Store, command: GroupFeeder, *, policy: GroupingPolicy, now: datetime
) -> tuple[Outage, ...]:
    """Infer what is open on the feeder and act on it; the outages that changed.

    What is known of a feeder by its name only is left to its district.
    """
    evidence = store.outages.feeder_evidence(command.feeder_id, now)
    if not evidence.tree.devices:
        store.outages.ask_grouping(None, evidence.district_id, now)
        return ()
    rates = policy.rates_in_force(store.rates, evidence.district_id)
    verdict = judge(
        evidence,
        rates,
        policy.costs,
        now=now,
        feeder=policy.feeder_of(evidence.tree, rates),
    )
    changed = Predicting(store, evidence, verdict, now).apply()
    weigh_anew(store, evidence, verdict)
    Proposing(store, evidence, verdict, now).apply()
    return changed
