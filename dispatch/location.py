"""Where does a report come from? The surest trace first, and never a guess between equals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dispatch.domain.facts import ServicePoint
from dispatch.domain.ticket import Complaint, Place
from dispatch.domain.words import FoundBy
from dispatch.ports import Directory
from gis.geocode import EntryKind, Located, Match, Tie, UnusableAddress, resolve

SUPPLY_WITHIN_M = 300.0
"""How far the next customer or transformer may be from a position to take its transformer."""

METER_ACCURACY_M = 15.0
POSITION_ACCURACY_M = 50.0
CANDIDATES = 50

FOUND_BY: Mapping[EntryKind, FoundBy] = {
    EntryKind.LANDMARK: FoundBy.LANDMARK,
    EntryKind.POLE: FoundBy.POLE,
    EntryKind.TRANSFORMER: FoundBy.TRANSFORMER,
    EntryKind.SUBSTATION: FoundBy.LANDMARK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedPosition:
    """A position in WGS-84 that came with a report; the edge has converted the datum."""

    lon: float
    lat: float
    accuracy_m: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """The place of a report, or the equals among which nobody may guess."""

    place: Place | None
    service_point: ServicePoint | None = None
    accounts: Sequence[ServicePoint] = ()
    addresses: Sequence[Match] = ()


def locate(
    directory: Directory, complaint: Complaint, position: ReportedPosition | None
) -> Whereabouts:
    """Find the place: account, meter, a telephone with one account, position, address.

    Several accounts behind one telephone, or several addresses alike, are given back as they
    are, with `place` None.
    """
    point, found_by, accounts = _customer(directory, complaint)
    if point and (placed := _at_service_point(directory, point, found_by, position)):
        return Whereabouts(place=placed, service_point=point)
    if position is not None:
        return Whereabouts(place=at_position(directory, position), accounts=accounts)
    if complaint.address:
        return _at_address(directory, complaint.address, accounts)
    return Whereabouts(place=None, accounts=accounts)


def at_position(
    directory: Directory, position: ReportedPosition, found_by: FoundBy = FoundBy.POSITION
) -> Place:
    """The place of a bare position, with the transformer that most likely supplies it."""
    near = directory.find_supply_near(position.lon, position.lat, SUPPLY_WITHIN_M)
    return Place(
        lon=position.lon,
        lat=position.lat,
        accuracy_m=position.accuracy_m or POSITION_ACCURACY_M,
        found_by=found_by,
        transformer_id=near.id if near else None,
        feeder_id=near.feeder_id if near else None,
        district_id=directory.find_district(position.lon, position.lat)
        or (near.district_id if near else None),
    )


def _customer(
    directory: Directory, complaint: Complaint
) -> tuple[ServicePoint | None, FoundBy, Sequence[ServicePoint]]:
    if complaint.account and (point := directory.find_by_account(complaint.account)):
        return point, FoundBy.ACCOUNT, ()
    if complaint.meter and (point := directory.find_by_meter(complaint.meter)):
        return point, FoundBy.METER, ()
    if complaint.phone:
        points = directory.list_by_phone(complaint.phone)
        if len(points) == 1:
            return points[0], FoundBy.PHONE, ()
        return None, FoundBy.NOT_FOUND, points
    return None, FoundBy.NOT_FOUND, ()


def _at_service_point(
    directory: Directory,
    point: ServicePoint,
    found_by: FoundBy,
    position: ReportedPosition | None,
) -> Place | None:
    """The customer's own place; without one on record the report's, then its transformer's."""
    if point.lon is not None and point.lat is not None:
        lon, lat, accuracy_m = point.lon, point.lat, METER_ACCURACY_M
    elif position is not None:
        lon, lat = position.lon, position.lat
        accuracy_m = position.accuracy_m or POSITION_ACCURACY_M
    elif point.transformer_id and (supply := directory.find_transformer(point.transformer_id)):
        lon, lat, accuracy_m = supply.lon, supply.lat, SUPPLY_WITHIN_M
    else:
        return None
    return Place(
        lon=lon,
        lat=lat,
        accuracy_m=accuracy_m,
        found_by=found_by,
        usage_point_id=point.id,
        transformer_id=point.transformer_id,
        feeder_id=point.feeder_id,
        district_id=point.district_id,
    )


def _at_address(
    directory: Directory, address: str, accounts: Sequence[ServicePoint]
) -> Whereabouts:
    """A report is never refused for an address that cannot be read; then nothing is found."""
    try:
        found = resolve(directory.search_places(address, CANDIDATES))
    except UnusableAddress:
        return Whereabouts(place=None, accounts=accounts)
    if isinstance(found, Tie):
        return Whereabouts(place=None, accounts=accounts, addresses=found.matches)
    if not isinstance(found, Located):
        return Whereabouts(place=None, accounts=accounts)
    entry = found.matches[0].entry
    if len(found.matches) == 1 and entry.kind is EntryKind.USAGE_POINT:
        point = directory.find_by_account(entry.id)
        if point and (placed := _at_service_point(directory, point, FoundBy.ADDRESS, None)):
            return Whereabouts(place=placed, service_point=point, addresses=found.matches)
    position = ReportedPosition(lon=found.lon, lat=found.lat, accuracy_m=found.accuracy_m)
    found_by = FOUND_BY.get(entry.kind, FoundBy.ADDRESS)
    place = at_position(directory, position, found_by)
    return Whereabouts(place=place, addresses=found.matches)
