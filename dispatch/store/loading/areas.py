"""The map of area classes; each load makes a new version, and tickets keep the one they met."""

from collections.abc import Sequence
from datetime import datetime

from shapely import MultiPolygon, Polygon
from sqlalchemy import Connection, func, insert, select

from dispatch.store.loading.report import Change
from dispatch.store.loading.staging import copy_rows, hex_wkb
from dispatch.store.tables.territory import area, area_map
from gis.areas import Area


def store_areas(
    connection: Connection, areas: Sequence[Area], *, source: str, digest: str, now: datetime
) -> Change:
    """Make `areas` the newest version of the area map; earlier versions stay."""
    before = connection.scalar(
        select(func.count())
        .select_from(area_map)
        .where(area_map.c.digest.startswith(digest, autoescape=True))
    )
    again = f"{digest}/{before}" if before else digest  # an earlier map comes back in force
    version = connection.scalar(
        insert(area_map)
        .values(digest=again, loaded_at=now, source=source)
        .returning(area_map.c.version)
    )
    rows = (
        (version, each.area_class.value, hex_wkb(as_multi_polygon(each.polygon))) for each in areas
    )
    copy_rows(connection, area.name, ("version", "area_class", "boundary"), rows)
    return Change(new=len(areas))


def as_multi_polygon(polygon: object) -> MultiPolygon:
    """Give a polygon as the tables hold it."""
    if isinstance(polygon, MultiPolygon):
        return polygon
    assert isinstance(polygon, Polygon)
    return MultiPolygon([polygon])
