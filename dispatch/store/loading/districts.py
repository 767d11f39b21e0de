"""Supply districts: who is responsible for what stands where.

A transformer belongs to the district whose polygon covers it, else to the nearest; a customer to
that of their transformer, for one outage then lies in one district, else to the one that covers
their own point; a feeder to the one with most of its customers.
"""

from collections.abc import Iterable

from shapely import Point
from sqlalchemy import ColumnElement, Connection, Exists, Table, delete, exists, func, select, text

from dispatch.store.loading.areas import as_multi_polygon
from dispatch.store.loading.report import Change
from dispatch.store.loading.staging import hex_wkb, merge, nothing_refers_to, stage
from dispatch.store.tables.network import transformer, usage_point
from dispatch.store.tables.territory import district
from gis.areas import District
from gis.counting import counted

DEFAULT_ID = "main"
DEFAULT_NAME = "Main district"
DEFAULT_NOTE = (
    f"no district was loaded: everything belongs to one district, {DEFAULT_ID!r}; "
    "`relight load districts` draws others"
)

_OF_TRANSFORMER = """
    UPDATE transformer t SET district_id = found.district_id
    FROM (
        SELECT each.id, coalesce(
            (SELECT d.id FROM district d WHERE ST_Covers(d.boundary, each.point)
             ORDER BY d.id LIMIT 1),
            (SELECT d.id FROM district d WHERE d.boundary IS NOT NULL
             ORDER BY d.boundary <-> each.point, d.id LIMIT 1),
            (SELECT min(d.id) FROM district d)
        ) AS district_id
        FROM transformer each
    ) found
    WHERE found.id = t.id AND t.district_id IS DISTINCT FROM found.district_id
"""

_OF_HUNG_CUSTOMER = """
    UPDATE usage_point u SET district_id = t.district_id
    FROM transformer t
    WHERE t.id = u.transformer_id AND u.district_id IS DISTINCT FROM t.district_id
"""

_OF_LOOSE_CUSTOMER = """
    UPDATE usage_point u SET district_id = found.district_id
    FROM (
        SELECT each.id, CASE
            WHEN each.point IS NULL THEN
                (SELECT min(d.id) FROM district d HAVING count(*) = 1)
            ELSE coalesce(
                (SELECT d.id FROM district d WHERE ST_Covers(d.boundary, each.point)
                 ORDER BY d.id LIMIT 1),
                (SELECT d.id FROM district d WHERE d.boundary IS NOT NULL
                 ORDER BY d.boundary <-> each.point, d.id LIMIT 1),
                (SELECT min(d.id) FROM district d))
            END AS district_id
        FROM usage_point each WHERE each.transformer_id IS NULL
    ) found
    WHERE found.id = u.id AND u.district_id IS DISTINCT FROM found.district_id
"""

_OF_FEEDER = """
    UPDATE feeder f SET district_id = found.district_id
    FROM (
        SELECT each.id, coalesce(
            (SELECT t.district_id FROM transformer t WHERE t.feeder_id = each.id
             GROUP BY t.district_id ORDER BY sum(t.customers) DESC, count(*) DESC, t.district_id
             LIMIT 1),
            (SELECT d.id FROM substation s JOIN district d ON ST_Covers(d.boundary, s.point)
             WHERE s.id = each.substation_id ORDER BY d.id LIMIT 1),
            (SELECT min(d.id) FROM district d)
        ) AS district_id
        FROM feeder each
    ) found
    WHERE found.id = f.id AND f.district_id IS DISTINCT FROM found.district_id
"""


def ensure_district(connection: Connection) -> list[str]:
    """Make the default district where there is none at all; give the note that says so."""
    if connection.scalar(select(exists().where(district.c.id.is_not(None)))):
        return []
    connection.execute(district.insert().values(id=DEFAULT_ID, name=DEFAULT_NAME))
    return [DEFAULT_NOTE]


def store_districts(connection: Connection, districts: Iterable[District]) -> Change:
    """Add or change districts by id, and give everything loaded the district it now lies in."""
    rows = ((each.id, each.name, hex_wkb(as_multi_polygon(each.polygon))) for each in districts)
    staged = stage(connection, district, ("id", "name", "boundary"), rows)
    change = merge(connection, district, staged)
    assign_districts(connection)
    _drop_default(connection)
    return change


def assign_transformers(connection: Connection) -> None:
    """Give every transformer the district it lies in; before customers come, who inherit it."""
    connection.execute(text(_OF_TRANSFORMER))


def assign_districts(connection: Connection) -> None:
    """Give every transformer, customer and feeder the district it lies in; writes what differs."""
    for statement in (_OF_TRANSFORMER, _OF_HUNG_CUSTOMER, _OF_LOOSE_CUSTOMER, _OF_FEEDER):
        connection.execute(text(statement))


def notes_outside(connection: Connection) -> list[str]:
    """Say how much lies in no district's polygon, where there are polygons."""
    if not connection.scalar(select(exists().where(district.c.boundary.is_not(None)))):
        return []
    notes = []
    for table, key, one, many in (
        (transformer, transformer.c.id, "transformer lies", "transformers lie"),
        (
            usage_point,
            usage_point.c.account,
            "customer without a transformer lies",
            "customers without a transformer lie",
        ),
    ):
        outside = select(key).where(
            table.c.point.is_not(None), ~_is_covered(table), *_only_loose(table)
        )
        count = connection.scalar(select(func.count()).select_from(outside.subquery()))
        if count:
            some = ", ".join(connection.scalars(outside.order_by(key).limit(10)))
            more = ", ..." if count > 10 else ""  # noqa: PLR2004 (the limit above)
            lie = counted(count, one, many)
            notes.append(f"{lie} in no district and went to the nearest: {some}{more}")
    return notes


def _is_covered(table: Table) -> Exists:
    return exists().where(func.ST_Covers(district.c.boundary, table.c.point))


def _only_loose(table: Table) -> list[ColumnElement[bool]]:
    return [table.c.transformer_id.is_(None)] if table is usage_point else []


def _drop_default(connection: Connection) -> None:
    """Remove the default district once others exist, unless something still belongs to it."""
    others = exists().where(district.alias("other").c.id != DEFAULT_ID)
    connection.execute(
        delete(district).where(
            district.c.id == DEFAULT_ID,
            district.c.boundary.is_(None),
            others,
            nothing_refers_to(district),
        )
    )


def check_district(connection: Connection, ids: Iterable[str]) -> set[str]:
    """Give those of `ids` that are districts."""
    return set(connection.scalars(select(district.c.id).where(district.c.id.in_(list(ids)))))


def place_in(
    connection: Connection, named: str | None, point: Point, what: str
) -> tuple[str | None, str]:
    """The district of something at a point, EPSG:4326, that names one or none; else why not.

    What names none goes to the district whose polygon covers it, or to the only one there is;
    `what` says what lies there.
    """
    known = list(connection.scalars(select(district.c.id).order_by(district.c.id)))
    if named is not None:
        why = f"district_id {named!r} is not loaded; there are {', '.join(known)}"
        return (named if named in known else None), why
    if len(known) == 1:
        return known[0], ""
    place = func.ST_SetSRID(func.ST_MakePoint(point.x, point.y), 4326)
    found = select(district.c.id).where(func.ST_Covers(district.c.boundary, place))
    at = connection.scalar(found.order_by(district.c.id).limit(1))
    return at, f"names no district, and {what} lies in none"


__all__ = [
    "DEFAULT_ID",
    "assign_districts",
    "assign_transformers",
    "check_district",
    "ensure_district",
    "notes_outside",
    "place_in",
    "store_districts",
]
