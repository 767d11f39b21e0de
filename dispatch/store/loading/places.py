"""The gazetteer: what can be found by name beside customers' addresses."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, text

from dispatch.store.loading.report import Change, Progress, silent
from dispatch.store.loading.search import add_texts, drop_unused_texts, words
from dispatch.store.loading.staging import copy_rows, driver
from gis.geocode.address import Entry, EntryKind

NETWORK = "network"

_STAGED = """
    CREATE TEMP TABLE staged_place (
        source_id text, kind text, name text, address text, search_text text,
        area_text text, transformer_id text, extent_m double precision,
        lon double precision, lat double precision
    ) ON COMMIT DROP
"""
_COLUMNS = (
    *("source_id", "kind", "name", "address", "search_text", "area_text"),
    *("transformer_id", "extent_m", "lon", "lat"),
)

_MERGE = """
    WITH merged AS (
        INSERT INTO place AS p (
            source, source_id, kind, name, address, address_text_id, transformer_id, extent_m,
            point
        )
        SELECT DISTINCT ON (s.source_id) :source, s.source_id, s.kind, s.name, s.address,
            words.id, s.transformer_id, s.extent_m, ST_SetSRID(ST_MakePoint(s.lon, s.lat), 4326)
        FROM staged_place s
        LEFT JOIN address_text words
            ON (words.search_text, words.area_text) = (s.search_text, s.area_text)
        ORDER BY s.source_id
        ON CONFLICT ON CONSTRAINT place_source DO UPDATE SET
            kind = excluded.kind, name = excluded.name, address = excluded.address,
            address_text_id = excluded.address_text_id, transformer_id = excluded.transformer_id,
            extent_m = excluded.extent_m, point = excluded.point
        WHERE (p.kind, p.name, p.address, p.address_text_id, p.transformer_id, p.extent_m)
            IS DISTINCT FROM (excluded.kind, excluded.name, excluded.address,
                excluded.address_text_id, excluded.transformer_id, excluded.extent_m)
            OR p.point IS DISTINCT FROM excluded.point
        RETURNING (xmax = 0) AS is_new
    )
    SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM merged
"""

_REMOVE = """
    DELETE FROM place p WHERE p.source = :source
      AND NOT EXISTS (SELECT FROM staged_place s WHERE s.source_id = p.source_id)
    RETURNING p.source_id
"""

_OF_NETWORK = """
    SELECT 'transformer', id, name, id, ST_X(point), ST_Y(point) FROM transformer
    WHERE retired_at IS NULL
    UNION ALL
    SELECT 'substation', id, name, NULL, ST_X(point), ST_Y(point) FROM substation
    WHERE point IS NOT NULL
"""


def store_places(
    connection: Connection, source: str, entries: Iterable[Entry], progress: Progress = silent
) -> Change:
    """Make `entries` the places of `source`: add, change and remove what differs.

    An entry's id is its identity within the source; coordinates are EPSG:4326.
    """
    rows = (
        (
            *(each.id, each.kind.value, each.name, each.address),
            *words(each.kind, each.name, each.address),
            *(None, each.extent_m or 0.0, each.lon, each.lat),
        )
        for each in entries
    )
    return _store(connection, source, rows, progress)


def refresh_network_places(connection: Connection) -> Change:
    """Make transformers and substations findable by name."""
    found = connection.execute(text(_OF_NETWORK)).all()
    return _store(connection, NETWORK, _network_rows(found), silent)


def _network_rows(found: Iterable[Iterable[object]]) -> Iterator[tuple[object, ...]]:
    for kind, id_, name, transformer_id, lon, lat in found:
        said = str(name) if name == id_ else f"{name} {id_}"
        found_by = words(EntryKind(str(kind)), said, "")
        yield f"{kind}:{id_}", kind, name, "", *found_by, transformer_id, 0.0, lon, lat


def _store(
    connection: Connection,
    source: str,
    rows: Iterable[tuple[object, ...]],
    progress: Progress,
) -> Change:
    with driver(connection).cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.staged_place")
        cursor.execute(_STAGED)
    copy_rows(connection, "staged_place", _COLUMNS, rows, progress)
    add_texts(connection, "staged_place")
    new, changed = connection.execute(text(_MERGE), {"source": source}).one()
    removed = tuple(sorted(connection.scalars(text(_REMOVE), {"source": source})))
    if changed or removed:
        drop_unused_texts(connection)
    total = connection.scalar(text("SELECT count(DISTINCT source_id) FROM staged_place")) or 0
    return Change(new, changed, total - new - changed, removed)
