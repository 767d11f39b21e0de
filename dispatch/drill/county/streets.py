"""The streets inside settlements: a bent grid for towns, lanes for villages."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from dispatch.drill.county import parameters as p
from dispatch.drill.county import words
from dispatch.drill.county.frame import Floats, stream, turned
from dispatch.drill.county.places import Place
from dispatch.drill.county.roads import Draft
from dispatch.drill.county.terrain import Terrain

Grid = dict[tuple[int, int], int]


@dataclass(frozen=True, slots=True)
class Line:
    """One street line of a grid: its class and the names of its two halves."""

    highway: str
    names: tuple[str, str]
    oneway: int = 0


def draw_seat(draft: Draft, seed: int, terrain: Terrain) -> None:
    """Draw the county seat: a bent grid in an oval, a ring road, alleys inside the blocks."""
    rng = stream(seed, "seat")
    half_u, half_v = p.SEAT_HALF_AXES_M
    u, v = _spacing(rng, half_u, (105, 185)), _spacing(rng, half_v, (95, 170))
    flat = np.stack(np.meshgrid(u, v), axis=-1)
    outline = 1 + 0.09 * np.sin(3 * np.arctan2(flat[..., 1], flat[..., 0]) + rng.uniform(0, 6))
    mask = np.hypot(flat[..., 0] / half_u, flat[..., 1] / half_v) < outline
    bent = _bent(flat, rng)
    xy = turned(bent.reshape(-1, 2), terrain.seat_angle).reshape(bent.shape) + terrain.seat
    grid = {
        (int(r), int(c)): draft.node(xy[r, c], 0) for r, c in zip(*np.nonzero(mask), strict=True)
    }
    names = [str(name) for name in rng.permutation(words.STREET_HEADS)]
    across = _lines(rng, len(v), names[: len(v)], ("西", "东"))
    along = _lines(rng, len(u), names[len(v) :], ("南", "北"))
    missing = _missing(rng, grid, across, along)
    _draw_alleys(draft, rng, grid, missing)
    middle = (len(u) // 2, len(v) // 2)
    _draw_lines(draft, _runs(grid, missing), across, middle[0])
    _draw_lines(draft, _runs(_swapped(grid), missing), along, middle[1])
    _draw_ring(draft, terrain, (half_u, half_v))


def draw_town(draft: Draft, seed: int, index: int, place: Place) -> None:
    """Draw a township: a few streets, one of them the main street."""
    rng = stream(seed, f"town {index}")
    rows, columns = int(rng.integers(5, 8)), int(rng.integers(4, 7))
    u = np.cumsum(rng.uniform(85, 150, columns))
    v = np.cumsum(rng.uniform(75, 135, rows))
    flat = np.stack(np.meshgrid(u - u.mean(), v - v.mean()), axis=-1)
    bent = flat + 28 * np.sin(flat[..., ::-1] / 260 + rng.uniform(0, 6, 2))
    bent += rng.normal(0, 7, bent.shape)
    xy = turned(bent.reshape(-1, 2), rng.uniform(0, np.pi)).reshape(bent.shape) + place.xy
    far = np.hypot(*np.moveaxis(flat, -1, 0))
    mask = far < rng.uniform(0.85, 1.1) * p.TOWN_RADIUS_M
    grid = {
        (int(r), int(c)): draft.node(xy[r, c], index)
        for r, c in zip(*np.nonzero(mask), strict=True)
    }
    names = [str(n) for n in rng.permutation(words.TOWN_STREETS)]
    lines = [Line("residential", (name, name)) for name in names]
    main = Line("tertiary", (f"{place.name[:-1]}大街",) * 2)
    across = [main if r == rows // 2 else lines[r % 7] for r in range(rows)]
    along = [lines[7 + c % 7] for c in range(columns)]
    missing = _missing(rng, grid, across, along)
    _draw_lines(draft, _runs(grid, missing), across, 0)
    _draw_lines(draft, _runs(_swapped(grid), missing), along, 0)


def draw_village(draft: Draft, seed: int, index: int, place: Place, anchor: int) -> None:
    """Draw a village: lanes that branch off a bent main lane through `anchor`."""
    rng = stream(seed, f"village {index}")
    small = place.kind == "hamlet"
    arms = int(rng.integers(2, 4)) if small else int(rng.integers(4, 7))
    heading = rng.uniform(0, 2 * np.pi)
    name = f"{place.name}路"
    spine = [anchor]
    for side in (0.0, np.pi):
        tip = _lane(draft, rng, (anchor, heading + side, arms), index)
        spine = [*tip[::-1], *spine] if side == 0.0 else [*spine, *tip]
    draft.way(spine, "residential", name, index)
    tips: dict[float, int] = {}
    for node in spine[1:-1]:
        for turn in (np.pi / 2, -np.pi / 2):
            if rng.random() < (0.4 if small else 0.8):
                length = int(rng.integers(1, 2 if small else 4))
                start = (node, heading + turn + rng.normal(0, 0.25), length)
                lane = [node, *_lane(draft, rng, start, index)]
                if turn in tips and rng.random() < p.BACK_LANES:
                    lane.append(tips.pop(turn))
                else:
                    tips[turn] = lane[-1]
                draft.way(lane, "residential", "", index)


def _lane(
    draft: Draft, rng: np.random.Generator, start: tuple[int, float, int], index: int
) -> list[int]:
    node, heading, steps = start
    xy = np.array(draft.points[node])
    nodes = []
    for _ in range(steps):
        heading += rng.normal(0, 0.28)
        xy = xy + rng.uniform(45, 95) * np.array([np.cos(heading), np.sin(heading)])
        nodes.append(draft.node(xy, index))
    return nodes


def _spacing(rng: np.random.Generator, half: float, step: tuple[int, int]) -> Floats:
    count = int(2.3 * half / np.mean(step))
    at = np.cumsum(rng.uniform(*step, count))
    return np.asarray(at - at.mean(), dtype=np.float64)


def _bent(flat: Floats, rng: np.random.Generator) -> Floats:
    """Bend the straight grid with long waves, and shake it a little."""
    phase = rng.uniform(0, 2 * np.pi, 4)
    x, y = flat[..., 0], flat[..., 1]
    dx = 130 * np.sin(y / 900 + phase[0]) + 45 * np.sin(y / 370 + x / 800 + phase[1])
    dy = 150 * np.sin(x / 1_100 + phase[2]) + 45 * np.sin(x / 420 - y / 700 + phase[3])
    return np.asarray(
        np.stack([x + dx, y + dy], axis=-1) + rng.normal(0, 6, flat.shape), dtype=np.float64
    )


def _lines(
    rng: np.random.Generator, count: int, names: list[str], halves: tuple[str, str]
) -> list[Line]:
    """Every fourth line an arterial 大道 or 路, every second a 街, the rest small streets."""
    start = int(rng.integers(0, 4))
    lines = []
    for i in range(count):
        rest = (i + start) % 4
        name = names[i % len(names)]
        if rest == 0:
            kind = "大道" if i % 8 == start else "路"
            lines.append(
                Line("secondary", (f"{name}{halves[0]}{kind}", f"{name}{halves[1]}{kind}"))
            )
        else:
            highway = "tertiary" if rest % 2 == 0 else "residential"
            lines.append(Line(highway, (f"{name}{'街' if rest % 2 == 0 else '路'}",) * 2))
    near = [i for i in range(1, count - 1) if abs(i - count // 2) <= 1]
    for i, way in zip(near[:2], (1, -1), strict=False):
        if lines[i].highway == "residential":
            lines[i] = replace(lines[i], oneway=way)
    return lines


def _missing(
    rng: np.random.Generator, grid: Grid, across: list[Line], along: list[Line]
) -> set[tuple[int, int]]:
    """Edges left out of small streets, so that blocks differ in size."""
    out = set()
    for (r, c), node in sorted(grid.items()):
        for other, line in (((r, c + 1), across[r]), ((r + 1, c), along[c])):
            if other in grid and line.highway == "residential" and rng.random() < p.STREET_GAPS:
                out.add((node, grid[other]))
    return out


def _swapped(grid: Grid) -> Grid:
    return {(c, r): node for (r, c), node in grid.items()}


def _runs(grid: Grid, missing: set[tuple[int, int]]) -> Iterator[tuple[int, int, list[int]]]:
    """Unbroken stretches of each line: (line, position of the first node, nodes)."""
    run: list[int] = []
    begin = before = (-9, -9)
    for at in sorted(grid):
        node = grid[at]
        linked = at == (before[0], before[1] + 1) and (run[-1], node) not in missing
        if run and linked:
            run.append(node)
        else:
            if len(run) > 1:
                yield begin[0], begin[1], run
            run, begin = [node], at
        before = at
    if len(run) > 1:
        yield begin[0], begin[1], run


def _draw_lines(
    draft: Draft, runs: Iterator[tuple[int, int, list[int]]], lines: list[Line], middle: int
) -> None:
    """Draw each run, cut where the name changes from one half to the other."""
    for index, begin, nodes in runs:
        line = lines[index]
        place = draft.places[nodes[0]]
        cut = min(max(middle - begin, 0), len(nodes) - 1)
        if line.names[0] == line.names[1]:
            cut = 0
        for half, part in ((0, nodes[: cut + 1]), (1, nodes[cut:])):
            if len(part) > 1:
                draft.way(part[:: line.oneway or 1], line.highway, line.names[half], place)
                draft.ways[-1] = replace(draft.ways[-1], oneway=line.oneway != 0)


def _draw_alleys(
    draft: Draft, rng: np.random.Generator, grid: Grid, missing: set[tuple[int, int]]
) -> None:
    """Lay alleys through blocks: in from one street, bent, out to the other or to a yard."""
    names = [f"{head}{tail}" for head in words.ALLEY_HEADS for tail in ("巷", "里", "弄")]
    names = [str(name) for name in rng.permutation(names)]
    laid = 0
    for r, c in sorted(grid):
        corners = [(r, c), (r, c + 1), (r + 1, c), (r + 1, c + 1)]
        if rng.random() > p.ALLEYS or any(corner not in grid for corner in corners):
            continue
        a, b, d, e = (grid[corner] for corner in corners)
        if (a, b) in missing or (d, e) in missing:
            continue
        points = np.array([draft.points[i] for i in (a, b, d, e)])
        t = rng.uniform(0.3, 0.7, 3)
        start = points[0] + t[0] * (points[1] - points[0])
        end = points[2] + t[1] * (points[3] - points[2])
        bend = (start + end) / 2 + rng.normal(0, 9, 2)
        yard = bend + (points[2] - points[0]) * 0.12 + (points[1] - points[0]) * (t[2] - 0.5)
        through = rng.random() < p.OPEN_ALLEYS
        nodes = [start - 0.02 * (end - start), bend, end + 0.02 * (end - start)]
        path = np.array(nodes if through else [nodes[0], bend, yard])
        draft.way(draft.nodes(path, 0), "living_street", names[laid % len(names)], 0)
        laid += 1


def _draw_ring(draft: Draft, terrain: Terrain, half: tuple[float, float]) -> None:
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    wave = 0.9 + 0.025 * np.sin(4 * angle + 1)
    oval = np.column_stack([half[0] * wave * np.cos(angle), half[1] * wave * np.sin(angle)])
    nodes = draft.nodes(turned(oval, terrain.seat_angle) + terrain.seat, 0)
    for side, name in enumerate(("环城东路", "环城北路", "环城西路", "环城南路")):
        part = [nodes[(side * 18 - 9 + k) % 72] for k in range(19)]
        draft.way(part, "secondary", name, 0)
