"""A crew's track around the place of its order, drawn small: circles that say how sure each is."""

from collections.abc import Sequence
from dataclasses import dataclass

from dispatch.domain.arrival import ArrivalPolicy, Site
from dispatch.domain.crew import PositionFix
from dispatch.domain.trail import plane

SIZE = 240.0
REACH = 3.0
"""How many fences from the place the drawing ends."""


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle of the drawing, in its own units; y grows downwards."""

    x: float
    y: float
    r: float
    name: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """The place, the fence, the fixes in order of time, and the line that joins them."""

    size: float
    site: Circle
    fence: Circle
    fixes: tuple[Circle, ...]
    line: str


def draw(site: Site, fixes: Sequence[PositionFix], policy: ArrivalPolicy) -> Drawing:
    """Draw the fixes that lie within reach of the place; the fence is seen from its middle."""
    scale = SIZE / 2 / (REACH * policy.fence_m + min(site.accuracy_m, policy.fence_m))
    middle = SIZE / 2
    seen = []
    for fix in fixes:
        east, north = plane(site.lon, site.lat, fix.lon, fix.lat)
        x, y = middle + east * scale, middle - north * scale
        if 0 <= x <= SIZE and 0 <= y <= SIZE:
            radius = policy.trail.plain_accuracy_m if fix.accuracy_m is None else fix.accuracy_m
            name = "mock" if fix.mock else "doubted" if fix.doubts else "fix"
            seen.append(Circle(round(x, 1), round(y, 1), round(radius * scale, 1), name))
    return Drawing(
        size=SIZE,
        site=Circle(middle, middle, round(max(site.accuracy_m * scale, 2.0), 1), "site"),
        fence=Circle(middle, middle, round(policy.fence_m * scale, 1), "fence"),
        fixes=tuple(seen),
        line=" ".join(f"{each.x},{each.y}" for each in seen),
    )
