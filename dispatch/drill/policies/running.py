"""Many days, every way of sending on each: the same chance for all of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from dispatch.drill.policies.bounds import as_driven, hindsight, most_kept
from dispatch.drill.policies.choosing import OURS, VROOM, Ours, simple_ways
from dispatch.drill.policies.day import Day, make_day
from dispatch.drill.policies.ground import Ground
from dispatch.drill.policies.lending import Lending
from dispatch.drill.policies.playing import Lends, Played, Sender, play
from dispatch.drill.policies.recorded import Recorded, as_it_was, recorded_day
from dispatch.drill.policies.scores import KEPT, Figures, Mean, count_kept, figures, mean_of, paired
from dispatch.drill.policies.vroom import Vroom, is_installed
from dispatch.planning.district import PlanningPolicy
from dispatch.procedures.planning import Planner

AS_IT_WAS = "as it was"
HINDSIGHT = "best plan found in hindsight"
Make = Callable[[], Sender]
Lend = Callable[[Sender], Lends]


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Days to play on one ground, each made anew from its number.

    `storm` is None for days that were, whose weather nobody drew; `was` is what came of them.
    """

    ground: str
    storm: bool | None
    seeds: tuple[int, ...]
    make: Callable[[int], Day]
    was: Callable[[Day], Played] | None = None


def drawn(ground: Ground, *, storm: bool, seeds: Sequence[int], load: float = 1.0) -> Days:
    """Days drawn by lot; `load` is how much breaks, over the usual."""
    return Days(
        ground=ground.name,
        storm=storm,
        seeds=tuple(seeds),
        make=lambda seed: make_day(ground, seed, storm=storm, load=load),
    )


def relived(ground: Ground, recorded: Recorded, planning: PlanningPolicy) -> Days:
    """The one day that was, on a ground that may have other crews by now."""
    return Days(
        ground=ground.name,
        storm=None,
        seeds=(0,),
        make=lambda _: recorded_day(ground, recorded, planning),
        was=lambda day: as_it_was(day, recorded),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Figures by way of sending, a row for each day, and the bound on promises kept, in percent."""

    ground: str
    storm: bool | None
    seeds: tuple[int, ...]
    orders: tuple[int, ...]
    figures: Mapping[str, Sequence[Figures]] = field(default_factory=dict)
    bound: Sequence[float] = ()

    def mean(self, way: str, figure: str) -> Mean:
        """One figure of one way over all days."""
        return mean_of([each[figure] for each in self.figures[way]])

    def ahead(self, way: str, figure: str = KEPT, of: str = OURS) -> Mean:
        """How much higher a figure is with ours than with `way`, day by day."""
        mine, theirs = self.figures[of], self.figures[way]
        return paired([f[figure] for f in mine], [f[figure] for f in theirs])

    def gap(self, way: str = OURS) -> Mean:
        """How many points of promises kept `way` is below the bound."""
        return paired(self.bound, [f[KEPT] for f in self.figures[way]])


def ways(new_planner: Callable[[], Planner]) -> dict[str, Make]:
    """Every way of sending that can be had here; VROOM only where it is installed."""
    found = simple_ways()
    if is_installed():
        found[VROOM] = Vroom
    found[OURS] = lambda: Ours(new_planner())
    return found


def lends_by(new_planner: Callable[[], Planner]) -> Lend:
    """Districts lend by what the plan expects: the sender's own, where it has one."""

    def lend(sender: Sender) -> Lends:
        return Lending(sender.planner if isinstance(sender, Ours) else new_planner())

    return lend


def compare(
    days: Days,
    senders: Mapping[str, Make],
    planning: PlanningPolicy,
    *,
    lend: Lend | None = None,
    bounds: bool = True,
    progress: Callable[[str], None] = lambda _: None,
) -> Results:
    """Play each day with each way of sending; with `bounds`, also what could be had at most.

    Districts lend each other crews only where `lend` says by what rule.
    """
    told: dict[str, list[Figures]] = {name: [] for name in senders}
    bound, orders = [], []
    for seed in days.seeds:
        day = days.make(seed)
        orders.append(len(day.jobs))
        if days.was is not None:
            told.setdefault(AS_IT_WAS, []).append(figures(days.was(day)))
        played = []
        for name, make in senders.items():
            progress(f"day {seed}: {name}")
            sender = make()
            played.append(play(day, sender, planning, lends=lend and lend(sender)))
            told[name].append(figures(played[-1]))
        if bounds:
            progress(f"day {seed}: what could be had at most")
            begin = as_driven(max(played, key=count_kept))
            told.setdefault(HINDSIGHT, []).append(figures(hindsight(day, begin)))
            bound.append(100 * most_kept(day) / max(1, len(day.jobs)))
    return Results(
        ground=days.ground,
        storm=days.storm,
        seeds=days.seeds,
        orders=tuple(orders),
        figures=told,
        bound=tuple(bound),
    )
