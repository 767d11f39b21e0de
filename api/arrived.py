"""What is shown of a crew's arrival: how it was judged, and the track around the place."""

from typing import Any

from sqlalchemy import Connection

from api.house import House
from dispatch.domain.order import TroubleOrder
from dispatch.procedures.arriving import site_of
from dispatch.store.reads import arrivals
from maps import arriving


def arrived_of(connection: Connection, order: TroubleOrder | None, house: House) -> dict[str, Any]:
    """How the order's arrival was judged, the newest first, and its track around the place."""
    judged = [] if order is None else arrivals.of_order(connection, order.id)
    if order is None or not judged:
        return {"arrivals": [], "drawing": None}
    track = arrivals.track_of(connection, judged[0])
    site = site_of(order)
    drawing = None if site is None else arriving.draw(site, track, house.policies.arrival)
    return {"arrivals": judged, "drawing": drawing}
