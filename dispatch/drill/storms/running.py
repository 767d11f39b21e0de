"""The whole drill: many episodes of a condition, every method through the same ones."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from dispatch.drill.storms.episode import live
from dispatch.drill.storms.ground import Ground
from dispatch.drill.storms.harness import Desk
from dispatch.drill.storms.messages import Episode
from dispatch.drill.storms.records import Method
from dispatch.drill.storms.rules import HOLDS, KINDS, Cut, RuleMethod, settings
from dispatch.drill.storms.scores import Score, score
from dispatch.drill.storms.truth import Condition

TUNING_SEEDS = 1_000_000
"""Episodes to tune on are numbered from here, those that are scored below."""

TUNING_EPISODES = 3

Maker = Callable[[Ground], Method]
"""Makes a fresh method for an episode on a ground; only what the records say may be used."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A rule with the setting that did best on the tuning episodes, by one of the aims."""

    name: str
    cut: Cut
    hold: timedelta
    aim: str
    setting: str

    def make(self, _ground: Ground) -> Method:
        """A fresh one."""
        return RuleMethod(self.name, self.cut, self.hold)


@dataclass(slots=True, kw_only=True)
class Results:
    """The scores of every method, an entry per episode, in the order of their seeds."""

    network: str
    condition: Condition
    customers: int
    transformers: int
    feeders: int
    seeds: Sequence[int]
    scores: dict[str, list[Score]] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    rules: frozenset[str] = frozenset()


def drill(
    ground: Ground,
    condition: Condition,
    makers: Mapping[str, Maker],
    *,
    episodes: int,
    seed: int = 1,
    kinds: Sequence[str] = KINDS,
    progress: Progress = lambda _: None,
) -> Results:
    """Tune the rules for a condition, then score every method in the same episodes.

    Parameters
    ----------
    makers
        Methods besides the rules, by name.
    episodes
        How many to score; `seed` is the number of the first.
    kinds
        Rules to tune and to score, of `rules.KINDS`.
    progress
        Is told what goes on.
    """
    tuned = tune(ground, condition, kinds, progress)
    everybody = {**makers, **{rule.name: rule.make for rule in tuned}}
    seeds = range(seed, seed + episodes)
    results = Results(
        network=ground.name,
        condition=condition,
        customers=len(ground.customers.accounts),
        transformers=len(ground.transformers),
        feeders=len(ground.trees),
        seeds=seeds,
        scores={name: [] for name in everybody},
        settings={rule.name: rule.setting for rule in tuned},
        rules=frozenset(rule.name for rule in tuned),
    )
    for number in seeds:
        progress(f"{condition.weather}: episode {number - seed + 1} of {episodes}")
        episode = live(ground, number, condition)
        for name, make in everybody.items():
            results.scores[name].append(run(episode, make))
    return results


def run(episode: Episode, make: Maker) -> Score:
    """Score a fresh method in one episode."""
    return score(episode, Desk(make(episode.ground), episode).run())


def tune(
    ground: Ground, condition: Condition, kinds: Sequence[str], progress: Progress
) -> list[Tuned]:
    """Choose the settings of each kind of rule that do best, by each of the aims.

    The aims are grouping (pairwise F1), orders (fewest needless, among the settings whose F1 is at
    most `F1_GIVEN_AWAY` below the best) and devices (right after 15 minutes). Aims that choose the
    same setting make one method.
    """
    episodes = [live(ground, TUNING_SEEDS + n, condition) for n in range(TUNING_EPISODES)]
    tuned: dict[tuple[str, str, timedelta], Tuned] = {}
    for kind in kinds:
        progress(f"{condition.weather}: tuning {kind}")
        for aim, setting, cut, hold in _best(kind, episodes):
            key = (kind, setting, hold)
            aims = f"{tuned[key].aim}, {aim}" if key in tuned else aim
            minutes = int(hold.total_seconds() // 60)
            tuned[key] = Tuned(
                name=f"{kind}, tuned for {aims}",
                cut=cut,
                hold=hold,
                aim=aims,
                setting=f"{setting}; order after {minutes} min",
            )
    return list(tuned.values())


F1_GIVEN_AWAY = 0.1
"""How much worse at grouping a rule tuned for few orders may be."""


def _best(kind: str, episodes: Sequence[Episode]) -> Iterator[tuple[str, str, Cut, timedelta]]:
    """For each aim the best setting of a kind of rule."""
    at_once = timedelta(0)
    tried = [(name, cut, _mean(episodes, cut, at_once)) for name, cut in settings(kind)]
    name, cut, best = max(tried, key=lambda each: each[2]["f1"])
    yield "grouping", name, cut, at_once
    fair = [each for each in tried if each[2]["f1"] >= best["f1"] - F1_GIVEN_AWAY]
    name, cut, _ = min(fair, key=lambda each: each[2]["needless"])
    holds = [(hold, _mean(episodes, cut, timedelta(minutes=hold))) for hold in HOLDS]
    hold = min(holds, key=lambda each: each[1]["needless"])[0]
    yield "orders", name, cut, timedelta(minutes=hold)
    name, cut, _ = max(tried, key=lambda each: each[2]["right_15"])
    yield "devices", name, cut, at_once


def _mean(episodes: Sequence[Episode], cut: Cut, hold: timedelta) -> dict[str, float]:
    scores = [run(episode, lambda _: RuleMethod("", cut, hold)) for episode in episodes]
    means = {"f1": sum(s.partitions.f1 for s in scores) / len(scores)}
    for name in ("needless", "right_15"):
        pairs = [s.ratios.get(name, (0.0, 0.0)) for s in scores]
        count = sum(pair[1] for pair in pairs)
        means[name] = sum(pair[0] for pair in pairs) / count if count else 0.0
    return means
