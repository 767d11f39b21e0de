"""The demonstration's crews drive so that what proves an arrival believes them."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from api.demo.crews import FIX_EVERY, driven
from dispatch.domain.arrival import ArrivalPolicy, Site, Verdict, judge_arrival
from dispatch.domain.crew import PositionFix
from dispatch.domain.words import CrewId
from dispatch.procedures.arriving import NO_ROADS

BEGAN = datetime(2026, 7, 15, 9, tzinfo=UTC)
SITE = (115.9, 28.7)


def fixes(seed: int) -> list[PositionFix]:
    """A quarter of an hour on the way, eleven kilometres, and four minutes at the place."""
    rng = np.random.default_rng(seed)
    bends = [(SITE[0] - 0.11, SITE[1] - 0.01), (SITE[0] - 0.05, SITE[1] + 0.01), SITE]
    path = np.array(driven(bends, 900.0, rng))
    found = []
    for n in range(1140 // int(FIX_EVERY.total_seconds())):
        at = n * FIX_EVERY
        lon, lat = (np.interp(at.total_seconds(), path[:, 0], path[:, k]) for k in (1, 2))
        off = rng.normal(0, 0.00004, 2)
        found.append(
            PositionFix(
                id=str(n),
                crew_id=CrewId("C1"),
                lon=float(lon + off[0]),
                lat=float(lat + off[1]),
                fixed_at=BEGAN + at,
                received_at=BEGAN + at + timedelta(seconds=5),
                accuracy_m=8.0,
            )
        )
    return found


@pytest.mark.parametrize("seed", range(20))
def test_a_drive_of_the_demonstration_is_believed(seed: int):
    site = Site(lon=SITE[0], lat=SITE[1], accuracy_m=20.0)
    evidence = judge_arrival(
        site,
        fixes(seed),
        sent_at=BEGAN,
        claimed_at=BEGAN + timedelta(seconds=920),
        policy=ArrivalPolicy(),
        roads=NO_ROADS,
    )
    assert evidence is not None and evidence.verdict is Verdict.CONFIRMED, evidence
