"""The plots of the reports page, from figures that are put together elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from dispatch.store.reads.punctuality import SLOT_MIN, SLOTS, MonthOfRule, SlotOfRule
from maps.plots import Layer, Plot, bars, slotted_line

Say = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaPlot:
    """A plot of one area class with the rows of its table."""

    area_class: str
    target_minutes: float | None
    plot: Plot
    rows: tuple[tuple[str, str, str, str], ...]


def stacked(
    labels: Sequence[str],
    planned: Sequence[float],
    unplanned: Sequence[float],
    major: Sequence[float],
    names: tuple[str, str, str],
    *,
    limit: tuple[float, str] | None = None,
) -> Plot:
    """Minutes for each label: planned below, then what was not, then that of major event days."""
    layers = [
        Layer("planned", names[0], planned),
        Layer("unplanned", names[1], unplanned),
        Layer("major", names[2], major),
    ]
    top = max((sum(each) for each in zip(planned, unplanned, major, strict=True)), default=0.0)
    # a limit far above everything would press the bars flat: it is said in words instead
    shown = [] if limit is None or limit[0] > 4 * max(top, 1e-9) else [limit]
    return bars(labels, layers, rules=shown)


def arrival_averages(
    months: Sequence[date], arrivals: Sequence[MonthOfRule], minutes: str
) -> list[AreaPlot]:
    """The average of each month beside what was promised, one plot for each area class."""
    found = []
    for area in dict.fromkeys(each.area_class for each in arrivals):
        of = {each.month: each for each in arrivals if each.area_class == area}
        means = [of[m].mean_minutes if m in of else None for m in months]
        targets = [of[m].target_minutes if m in of else None for m in months]
        target = next((t for t in reversed(targets) if t is not None), None)
        labels = [f"{m:%y-%m}" for m in months]
        rules = [] if target is None else [(target, f"{target:.0f} {minutes}")]
        plot = bars(labels, [Layer("plain", area, means)], rules=rules, wide=300, high=160)
        rows = tuple(
            (
                f"{m:%Y-%m}",
                _figure(of[m].mean_minutes) if m in of else "–",
                _share(of[m].kept_share) if m in of else "–",
                str(of[m].judged) if m in of else "0",
            )
            for m in months
        )
        found.append(AreaPlot(area_class=area, target_minutes=target, plot=plot, rows=rows))
    return found


def arrival_spread(
    slots: Sequence[SlotOfRule], targets: Mapping[str, float | None]
) -> list[AreaPlot]:
    """How many arrivals took how long, in quarters of an hour, one plot for each area class."""
    found = []
    for area in dict.fromkeys(each.area_class for each in slots):
        counts = {each.slot: each.clocks for each in slots if each.area_class == area}
        last = min(SLOTS - 1, max(counts) + 1)
        labels = [slot_label(n) for n in range(last + 1)]
        late = targets.get(area)
        in_time = [counts.get(n) if _in_time(n, late) else None for n in range(last + 1)]
        too_late = [None if _in_time(n, late) else counts.get(n) for n in range(last + 1)]
        plot = bars(
            labels,
            [Layer("plain", area, in_time), Layer("major", area, too_late)],
            wide=300,
            high=160,
            whole=True,
        )
        total = sum(counts.values())
        rows, below = [], 0
        for n, label in enumerate(labels):
            below += counts.get(n, 0)
            count = counts.get(n, 0)
            rows.append((label, str(count), _share(count / total), _share(below / total)))
        found.append(AreaPlot(area_class=area, target_minutes=late, plot=plot, rows=tuple(rows)))
    return found


def kept_by_month(arrivals: Sequence[MonthOfRule], months: Sequence[date]) -> Plot:
    """The share of arrivals that were kept, all area classes together, in percent."""
    shares: list[float | None] = []
    for month in months:
        mine = [each for each in arrivals if each.month == month]
        judged = sum(each.judged for each in mine)
        shares.append(100 * sum(each.kept for each in mine) / judged if judged else None)
    plot = bars([f"{m:%y-%m}" for m in months], [], rules=[(100.0, "")])
    slotted_line(plot, shares, "plain")
    return plot


def slot_label(slot: int) -> str:
    """Of a quarter of an hour: 30–45; of the last one, which is open: 225+."""
    begin = slot * SLOT_MIN
    return f"{begin}+" if slot == SLOTS - 1 else f"{begin}–{begin + SLOT_MIN}"


def _in_time(slot: int, target: float | None) -> bool:
    return target is None or (slot + 1) * SLOT_MIN <= target


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2f} %"
