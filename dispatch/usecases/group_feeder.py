"""Look at one feeder again: what opened, which reports are one outage, is it time to send."""

from dataclasses import dataclass, field
from datetime import datetime

from dispatch.domain.facts import FeederTree
from dispatch.domain.outage import Outage
from dispatch.grouping import Costs, judge
from dispatch.inference import Feeder
from dispatch.ports import Store
from dispatch.procedures.predicting import Predicting
from dispatch.procedures.weighing import weigh_anew
from dispatch.rates import Rates


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFeeder:
    """Which feeder has news."""

    feeder_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingPolicy:
    """What inference assumes and what mistakes cost.

    `feeders` keeps the feeders it has laid out: one stays good as long as its tree is the same.
    """

    rates: Rates = field(default_factory=Rates)
    costs: Costs = field(default_factory=Costs)
    feeders: dict[str, Feeder] = field(default_factory=dict, compare=False)

    def feeder_of(self, tree: FeederTree) -> Feeder:
        """The feeder of this tree, laid out once."""
        feeder = self.feeders.get(tree.feeder_id)
        if feeder is None or feeder.tree is not tree:
            feeder = self.feeders[tree.feeder_id] = Feeder(tree, self.rates)
        return feeder


def group_feeder(
    store: Store, command: GroupFeeder, *, policy: GroupingPolicy, now: datetime
) -> tuple[Outage, ...]:
    """Infer what is open on the feeder and act on it; the outages that changed."""
    evidence = store.outages.feeder_evidence(command.feeder_id, now)
    if not evidence.tree.devices:
        return ()
    verdict = judge(
        evidence,
        policy.rates,
        policy.costs,
        now=now,
        feeder=policy.feeder_of(evidence.tree),
    )
    changed = Predicting(store, evidence, verdict, now).apply()
    weigh_anew(store, evidence, verdict)
    return changed
