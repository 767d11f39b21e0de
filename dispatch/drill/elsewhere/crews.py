"""Crews for a place that comes without a crew list."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial import KDTree

from dispatch.drill.county import parameters as p
from dispatch.drill.county.frame import Floats, Ints, stream
from dispatch.drill.county.people import person, phone
from gis.crs import local_metric
from gis.errors import EmptyInput

Crew = tuple[str, str, float, float]
ROUNDS = 12
"""Rounds in which a base moves to the middle of its points; more change little (assumption)."""

FIRST_NUMBER = 9_980_000


def crews_on(points: ArrayLike, seed: int, count: int) -> list[Crew]:
    """Spread the bases of `count` crews over a place.

    Parameters
    ----------
    points
        Lon and lat (EPSG:4326), shape (n, 2), of what may need a crew, such as transformers.
    seed
        The same points, seed and count give the same crews.
    count
        How many crews; where there are fewer points, bases are shared.

    Returns
    -------
    crews
        Crew id, name, and lon and lat of the base, which is one of the points. Names say that
        they are made up.

    Raises
    ------
    EmptyInput
        There are no points.
    """
    places = np.asarray(points, dtype=np.float64).reshape(-1, 2)
    if not len(places):
        raise EmptyInput("the place for the crews", "at least one point")
    plane = local_metric(*places.mean(axis=0).tolist())
    xy = np.column_stack(plane.xy(*places.T))
    bases = np.resize(spread(stream(seed, "crews elsewhere"), xy, min(count, len(xy))), count)
    return [
        (f"C{k:02d}", f"抢修{k}班（{p.SYNTHETIC}）", *places[base].round(7).tolist())
        for k, base in enumerate(bases.tolist(), start=1)
    ]


def spread(rng: np.random.Generator, xy: Floats, count: int) -> Ints:
    """Indices of at most `count` different points that lie amid all others.

    Parameters
    ----------
    xy
        Metres, shape (n, 2), at least one.

    Notes
    -----
    Drawn as k-means++ does (Arthur and Vassilvitskii, 2007: the next one with a chance that grows
    with the squared distance), moved to the middle of their points, and from there to the nearest.
    """
    middles = xy[[int(rng.integers(len(xy)))]]
    gap = ((xy - middles[0]) ** 2).sum(axis=1)
    while len(middles) < count and gap.any():
        chosen = xy[int(rng.choice(len(xy), p=gap / gap.sum()))]
        middles = np.vstack([middles, chosen])
        gap = np.minimum(gap, ((xy - chosen) ** 2).sum(axis=1))
    for _ in range(ROUNDS):
        owner = np.asarray(KDTree(middles).query(xy)[1])
        members = np.bincount(owner, minlength=len(middles))
        total = [np.bincount(owner, weights=xy[:, i], minlength=len(middles)) for i in (0, 1)]
        moved = np.column_stack(total) / np.maximum(members, 1)[:, None]
        middles = np.where(members[:, None] > 0, moved, middles)
    nearest = np.asarray(KDTree(xy).query(middles)[1], dtype=np.int64)
    return np.array(list(dict.fromkeys(nearest.tolist())), dtype=np.int64)


def write_crews_csv(crews: Sequence[Crew], path: Path) -> Path:
    """Write crews as `relight load crews` reads them: on duty round the clock, skills by turns.

    The county's day rota says the skills. Members and numbers are made up; nobody answers there.
    """
    rota = [skills for shift, skills in p.SEAT_CREWS if shift == "day"]
    rng = stream(len(crews), "members elsewhere")
    columns = ("id", "name", "skills", "members", "phone", "vehicle", "lon", "lat", "synthetic")
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        for k, (crew_id, name, lon, lat) in enumerate(crews):
            who = "、".join(person(rng, 2))
            skills = ";".join(rota[k % len(rota)])
            vehicle = f"演示{k + 1:02d}号抢修车"
            row = (crew_id, name, skills, who, phone(FIRST_NUMBER + k), vehicle, lon, lat)
            table.writerow((*row, p.SYNTHETIC))
    return path
