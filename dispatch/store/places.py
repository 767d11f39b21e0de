"""Candidates for an address: by trigrams from the store, ranked by `gis.geocode`.

Neighbours share their search text, so first the few texts like the query's are found, then
the entries that carry them; those whose address holds a number asked for come first.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from gis.geocode import (
    Entry,
    EntryKind,
    Match,
    MemoryGazetteer,
    Query,
    UnusableAddress,
    query_plan,
    rank,
)
from gis.geocode.keys import SIMILAR

TEXTS = 40
ENTRIES_PER_TEXT = 80
CANDIDATES = 600

_THRESHOLD = text("SELECT set_config('pg_trgm.word_similarity_threshold', :least, true)")
_ALIKE = text(
    """
    SELECT search_text
    FROM (
        SELECT search_text FROM place WHERE :text <% search_text
        UNION
        SELECT search_text FROM usage_point WHERE :text <% search_text
    ) AS alike
    ORDER BY word_similarity(:text, search_text) DESC, similarity(:full_text, search_text) DESC,
        search_text
    LIMIT :limit
    """
)
_ENTRIES = text(
    """
    SELECT entry.* FROM unnest(CAST(:texts AS text[])) AS wanted (search_text)
    CROSS JOIN LATERAL (
        SELECT usage_point.account AS id, 'usage_point' AS kind, '' AS name, address,
            ST_X(coalesce(usage_point.point, transformer.point)) AS lon,
            ST_Y(coalesce(usage_point.point, transformer.point)) AS lat,
            CAST(NULL AS double precision) AS extent_m
        FROM usage_point LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
        WHERE usage_point.search_text = wanted.search_text
            AND coalesce(usage_point.point, transformer.point) IS NOT NULL
        ORDER BY EXISTS (
                SELECT FROM unnest(CAST(:leads AS text[])) AS lead
                WHERE strpos(translate(address, '０１２３４５６７８９', '0123456789'), lead) > 0
            ) DESC,
            usage_point.id
        LIMIT :per_text
    ) AS entry
    UNION ALL
    SELECT id, kind, name, address, lon, lat, extent_m
    FROM unnest(CAST(:texts AS text[])) AS wanted (search_text)
    CROSS JOIN LATERAL (
        SELECT source || ':' || source_id AS id, kind, name, address,
            ST_X(point) AS lon, ST_Y(point) AS lat,
            CAST(nullif(extent_m, 0) AS double precision) AS extent_m
        FROM place WHERE place.search_text = wanted.search_text
        ORDER BY place.id LIMIT :per_text
    ) AS entry
    """
)
_POLES = text(
    """
    SELECT source || ':' || source_id AS id, kind, name, address,
        ST_X(point) AS lon, ST_Y(point) AS lat,
        CAST(NULL AS double precision) AS extent_m
    FROM place
    WHERE kind = 'pole' AND EXISTS (
        SELECT FROM unnest(CAST(:leads AS text[])) AS lead WHERE strpos(lower(name), lead) > 0
    )
    ORDER BY id LIMIT :limit
    """
)


def search_places(connection: Connection, asked: str, limit: int) -> Sequence[Match]:
    """Rank the places that `asked` may mean, best first; empty for what names no place."""
    try:
        query = query_plan(asked)
    except UnusableAddress:
        return []
    entries = [_entry(row) for row in _candidates(connection, query)]
    return rank(query, MemoryGazetteer(entries).search(query, CANDIDATES), limit)


def _candidates(connection: Connection, query: Query) -> Sequence[RowMapping]:
    leads = list(query.leads)
    if not query.texts:
        found = connection.execute(_POLES, {"leads": leads, "limit": CANDIDATES})
        return found.mappings().all()
    connection.execute(_THRESHOLD, {"least": str(SIMILAR)})
    texts = {
        alike
        for each in query.texts
        for alike in connection.scalars(
            _ALIKE, {"text": each, "full_text": query.full_text, "limit": TEXTS}
        )
    }
    entries = connection.execute(
        _ENTRIES, {"texts": sorted(texts), "leads": leads, "per_text": ENTRIES_PER_TEXT}
    )
    return entries.mappings().all()


def _entry(row: RowMapping) -> Entry:
    return Entry(**{**row, "kind": EntryKind(row["kind"])})
