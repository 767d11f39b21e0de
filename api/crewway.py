"""The way of a crew to its order, as its phone shows it: how far, how long, and a small map."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from api.house import House
from dispatch.domain.crew import PositionFix
from dispatch.domain.eta import DoorEta
from dispatch.domain.order import OrderStatus, TroubleOrder
from dispatch.store.crews import PgCrews
from dispatch.store.etas import PgEtas
from dispatch.store.reads import map_layers
from gis.roads.engine import Route
from maps import papermap
from maps.style import MAIN_AND_LINKS, SMALL_ROADS

WIDE, HIGH = 340.0, 200.0
STILL_TO_GO = frozenset({OrderStatus.ASSIGNED, OrderStatus.ACCEPTED, OrderStatus.EN_ROUTE})
STREETS_BELOW_M = 6_000.0
"""On a map that shows more than this from west to east only the main roads can be told apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WayThere:
    """The way by road from where a crew was last seen to the site of its order.

    Attributes
    ----------
    fixed_at
        When the crew was where the way begins.
    length_m, travel_s
        Driven length, and the time from there to the door; both None where no open road leads.
    arrives_at
        When it is expected at the door; None before it has set out.
    drawing
        The way among the roads around it; None where there is no way.
    """

    fixed_at: datetime
    length_m: float | None
    travel_s: float | None
    arrives_at: datetime | None
    drawing: papermap.PaperMap | None


def way_there(connection: Connection, house: House, order: TroubleOrder) -> WayThere | None:
    """How the crew of an order gets there by the roads as they are now.

    None for an order whose crew is there, without a place, or whose crew was never seen; and where
    no roads are loaded.
    """
    if order.status not in STILL_TO_GO or order.crew_id is None:
        return None
    fix = PgCrews(connection).state(order.crew_id, house.now()).last_fix
    if fix is None or order.lon is None or order.lat is None:
        return None
    eta = PgEtas(connection).find(order.id)
    route = house.roads.way((fix.lon, fix.lat), (order.lon, order.lat))
    if route is None:
        return _no_way(fix) if eta is not None and eta.travel_s is None else None
    return _way(connection, fix, route, eta)


def _no_way(fix: PositionFix) -> WayThere:
    return WayThere(
        fixed_at=fix.fixed_at, length_m=None, travel_s=None, arrives_at=None, drawing=None
    )


def _way(connection: Connection, fix: PositionFix, route: Route, eta: DoorEta | None) -> WayThere:
    known = None if eta is None else eta.travel_s
    return WayThere(
        fixed_at=fix.fixed_at,
        length_m=route.length_m,
        travel_s=route.seconds if known is None else known,
        arrives_at=None if eta is None else eta.arrives_at,
        drawing=_drawing(connection, route),
    )


def _drawing(connection: Connection, route: Route) -> papermap.PaperMap:
    """The way from its first point to its last, on the roads around it; nothing from elsewhere."""
    line = [(float(lon), float(lat)) for lon, lat in route.line]
    view = papermap.view_of(line, WIDE, HIGH)
    fine = (view.east - view.west) / WIDE
    roads = [("main", map_layers.roads(connection, view, MAIN_AND_LINKS, fine))]
    if papermap.across(view) < STREETS_BELOW_M:
        roads.insert(0, ("road", map_layers.roads(connection, view, SMALL_ROADS, fine)))
    way = {"features": [{"geometry": {"type": "LineString", "coordinates": line}}]}
    (start, end) = line[0], line[-1]
    spots = [(*start, "crew", ""), (*end, "site", "")]
    return papermap.draw(view, [*roads, ("way", way)], spots, WIDE, HIGH)
