"""A supervisor opens a depot, changes what it stocks, or closes it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from dispatch.domain.depot import Depot
from dispatch.domain.parts import stock_in
from dispatch.domain.words import DepotId, DistrictId
from dispatch.errors import NotFound
from dispatch.journal import depot_event
from dispatch.ports import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepDepot:
    """What a depot is called, where it is (EPSG:4326), what it stocks, and who says so."""

    depot_id: DepotId
    name: str
    district_id: DistrictId
    lon: float
    lat: float
    stock: Iterable[str]
    by: str


def keep_depot(store: Store, command: KeepDepot, *, now: datetime) -> Depot:
    """Keep a depot in the place of the one of its id.

    Raises
    ------
    InvalidInput
        A part with a name that is too long.
    NotFound
        There is no such district.
    """
    if command.district_id not in store.directory.list_districts():
        raise NotFound("district", id=command.district_id)
    depot = Depot(
        id=command.depot_id,
        name=command.name,
        district_id=command.district_id,
        lon=command.lon,
        lat=command.lat,
        stock=stock_in(command.stock),
    )
    store.depots.save(depot)
    store.events.append(depot_event(depot, "kept", at=now, by=command.by))
    return depot


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDepot:
    """Which depot is no more, and who says so."""

    depot_id: DepotId
    by: str


def close_depot(store: Store, command: CloseDepot, *, now: datetime) -> Depot:
    """Forget a depot; `NotFound` where there is none."""
    depot = store.depots.get(command.depot_id)
    store.depots.remove(depot.id)
    store.events.append(depot_event(depot, "closed", at=now, by=command.by))
    return depot
