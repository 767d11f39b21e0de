"""Plots as shapes: axes, bars, lines and rules in a box, for one template that draws them all.

Nothing is drawn by a library in a browser: the same shapes stand on a screen, on paper and in a
file. Colour is never alone: kinds differ by shade, dash or hatching as well.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

GAP = 0.18
"""The part of a slot that stays empty between bars."""
TOP, RIGHT, BOTTOM, LEFT = 10.0, 10.0, 22.0, 46.0
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_HOURS = (0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 96, 168)


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis with what is written there."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar; `says` is its figure in words for who points at it."""

    x: float
    y: float
    wide: float
    high: float
    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line of `kind` through `points`, as an SVG polyline holds them."""

    points: str
    kind: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A level that is promised or not to be passed."""

    y: float
    label: str


@dataclass(slots=True)
class Plot:
    """A plot of `wide` by `high`; y grows downwards, `top` is the value at the upper edge."""

    wide: float
    high: float
    top: float
    xs: list[Tick] = field(default_factory=list)
    ys: list[Tick] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    @property
    def left(self) -> float:
        """Where the values begin."""
        return LEFT

    @property
    def right(self) -> float:
        """Where they end."""
        return self.wide - RIGHT

    @property
    def foot(self) -> float:
        """Where zero lies."""
        return self.high - BOTTOM

    def y(self, value: float) -> float:
        """How high a value stands."""
        return round(self.foot - (self.foot - TOP) * value / self.top, 2)

    def x(self, share: float) -> float:
        """Where a share of the way from left to right is."""
        return round(self.left + (self.right - self.left) * share, 2)


@dataclass(frozen=True, slots=True)
class Layer:
    """One kind of bars: a value for each slot, None where there is none."""

    kind: str
    name: str
    values: Sequence[float | None]


def nice_step(top: float, parts: int = 4) -> float:
    """The round number by which an axis up to `top` is best divided."""
    if top <= 0:
        return 1.0
    raw = top / parts
    power = math.pow(10, math.floor(math.log10(raw)))
    return power * next(step for step in _STEPS if step * power >= raw * 0.999)


def number(value: float) -> str:
    """A figure for an axis: as few digits as it needs."""
    if value == 0 or abs(value) >= 1000:  # noqa: PLR2004
        return f"{value:,.0f}"
    return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) < 1 else f"{value:g}"


def empty(top: float, *, wide: float = 460, high: float = 190, whole: bool = False) -> Plot:
    """Axes up to at least `top`; `whole`: only whole numbers are written on them."""
    step = nice_step(top)
    step = max(1.0, math.ceil(step)) if whole else step
    count = max(1, math.ceil(top / step - 1e-9))
    plot = Plot(wide=wide, high=high, top=count * step)
    plot.ys = [Tick(plot.y(n * step), number(n * step)) for n in range(count + 1)]
    return plot


def bars(
    labels: Sequence[str],
    layers: Sequence[Layer],
    *,
    say: Callable[[float], str] = number,
    rules: Iterable[tuple[float, str]] = (),
    wide: float = 460,
    high: float = 190,
    whole: bool = False,
) -> Plot:
    """Stack the layers in a slot for each label; some labels are left out where they are many."""
    levels = list(rules)
    sums = [sum(layer.values[n] or 0.0 for layer in layers) for n in range(len(labels))]
    plot = empty(
        max([*sums, *(level * 1.08 for level, _ in levels), 1e-9]),
        wide=wide,
        high=high,
        whole=whole,
    )
    slot = 1 / max(1, len(labels))
    for n, label in enumerate(labels):
        below = 0.0
        for layer in layers:
            value = layer.values[n]
            if not value:
                continue
            upper, lower = plot.y(below + value), plot.y(below)
            plot.bars.append(
                Bar(
                    x=plot.x((n + GAP / 2) * slot),
                    y=upper,
                    wide=round((plot.right - plot.left) * slot * (1 - GAP), 2),
                    high=round(lower - upper, 2),
                    kind=layer.kind,
                    says=f"{label} · {layer.name}: {say(value)}",
                )
            )
            below += value
    plot.xs = _spread([Tick(plot.x((n + 0.5) * slot), label) for n, label in enumerate(labels)])
    plot.rules = [Rule(plot.y(level), label) for level, label in levels]
    return plot


def slotted_line(plot: Plot, values: Sequence[float | None], kind: str) -> None:
    """Add a line through the middles of the slots; it is broken where there is no value."""
    run: list[str] = []
    for n, value in enumerate([*values, None]):
        if value is not None:
            run.append(f"{plot.x((n + 0.5) / len(values))},{plot.y(value)}")
        elif run:
            plot.lines.append(Line(" ".join(run if len(run) > 1 else run * 2), kind))
            run = []


def _spread(ticks: Sequence[Tick], most: int = 9) -> list[Tick]:
    every = max(1, math.ceil(len(ticks) / most))
    return [tick for n, tick in enumerate(ticks) if n % every == 0]


def over_time(
    steps: Sequence[tuple[datetime, float]],
    since: datetime,
    until: datetime,
    zone: ZoneInfo,
    *,
    wide: float = 460,
    high: float = 150,
) -> Plot:
    """Draw a value that holds from each moment to the next; `steps` are in order of time."""
    plot = empty(max([value for _, value in steps] or [0]) or 1, wide=wide, high=high, whole=True)
    whole = (until - since).total_seconds() or 1.0

    def x(at: datetime) -> float:
        return plot.x(min(max((at - since).total_seconds() / whole, 0.0), 1.0))

    points, before = [f"{plot.left},{plot.foot}"], 0.0
    for at, value in steps:
        points += [f"{x(at)},{plot.y(before)}", f"{x(at)},{plot.y(value)}"]
        before = value
    points += [f"{plot.right},{plot.y(before)}", f"{plot.right},{plot.foot}"]
    plot.lines = [Line(" ".join(points), "area")]
    plot.xs = [Tick(x(at), label) for at, label in _moments(since, until, zone)]
    return plot


def _moments(since: datetime, until: datetime, zone: ZoneInfo) -> list[tuple[datetime, str]]:
    """Round moments of the clock between two, with the day where it changes."""
    hours = (until - since).total_seconds() / 3600
    step = timedelta(hours=next((h for h in _HOURS if hours / h <= 6), _HOURS[-1]))  # noqa: PLR2004
    first = since.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    found, at, day = [], first, None
    while at <= until:
        if at >= since:
            same = at.date() == day or (day is None and hours < 24)  # noqa: PLR2004
            found.append((at, f"{at:%H:%M}" if same else f"{at:%m-%d}"))
            day = at.date()
        at += step
    return found
