"""Say anew when crews on their way arrive, as their positions come in."""

from collections.abc import Collection
from dataclasses import dataclass
from math import isfinite

from dispatch.domain.eta import DoorEta, EtaPolicy, OnTheWay
from dispatch.domain.words import CrewId
from dispatch.ports import Store, TravelTimes


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshEtas:
    """Crews whose positions are new."""

    crew_ids: Collection[CrewId]


def refresh_etas(
    store: Store, command: RefreshEtas, travel_times: TravelTimes, *, policy: EtaPolicy
) -> tuple[DoorEta, ...]:
    """Reckon from the last position of each crew that drives; those that are news, kept and told.

    A position that is not newer than the one reckoned from changes nothing.
    """
    news = []
    for way in store.etas.list_on_the_way(command.crew_ids):
        eta = _reckoned(way, travel_times)
        if eta.is_news(way.told, policy):
            store.etas.save(eta, way.district_id)
            news.append(eta)
    return tuple(news)


def _reckoned(way: OnTheWay, travel_times: TravelTimes) -> DoorEta:
    (travel,) = travel_times.travel_to(*way.site, [way.seen_at])
    return DoorEta(
        order_id=way.order_id,
        crew_id=way.crew_id,
        fixed_at=way.fixed_at,
        travel_s=travel.seconds if isfinite(travel.seconds) else None,
        basis=travel.basis,
    )
