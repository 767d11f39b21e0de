"""The first estimate of restoration, before anybody has seen the fault.

The minutes of work by kind of device are assumptions until a utility's own history replaces
them; a crew's or a dispatcher's word always outweighs this guess.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from dispatch.domain.outage import Confidence, EstimatedRestoration, EstimateSource
from dispatch.domain.words import AreaClass

WORK: Mapping[str, timedelta] = {
    "service": timedelta(minutes=45),
    "transformer": timedelta(minutes=75),
    "fuse": timedelta(minutes=60),
    "sectionaliser": timedelta(minutes=90),
    "recloser": timedelta(minutes=100),
    "breaker": timedelta(minutes=120),
    "points": timedelta(minutes=75),
    "area": timedelta(minutes=90),
}

TYPICAL_ARRIVAL: Mapping[AreaClass, timedelta] = {
    AreaClass.URBAN: timedelta(minutes=35),
    AreaClass.RURAL: timedelta(minutes=60),
    AreaClass.REMOTE: timedelta(minutes=100),
}


def first_estimate(
    device_kind: str, area_class: AreaClass, *, arrival_at: datetime | None, now: datetime
) -> EstimatedRestoration:
    """Arrival, typical or as planned, plus the typical work on that kind of device."""
    arrives = arrival_at or now + TYPICAL_ARRIVAL[area_class]
    work = WORK.get(device_kind, WORK["transformer"])
    return EstimatedRestoration(
        at=arrives + work,
        source=EstimateSource.RULE,
        confidence=Confidence.LOW if arrival_at is None else Confidence.MEDIUM,
    )
