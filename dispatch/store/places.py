"""Candidates for an address: by trigrams from the store, ranked by `gis.geocode`.

Neighbours share their words, which stand once in `address_text`: first the few texts like the
query's are found, then the entries that carry them; those whose address holds the numbers asked
for come first.
"""

import re
from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, text

from gis.geocode import (
    Entry,
    EntryKind,
    Match,
    MemoryGazetteer,
    Query,
    UnusableAddress,
    locate,
)

TEXTS = 40
ENTRIES_PER_TEXT = 40
CANDIDATES = 600

_WIDER_BY = ord("０") - ord("0")

_THRESHOLD = text("SELECT set_config('pg_trgm.word_similarity_threshold', :least, true)")
_ALIKE = text(
    """
    SELECT id FROM address_text WHERE :text <% search_text
    ORDER BY word_similarity(:text, search_text) DESC,
        similarity(:full_text, search_text || ' ' || area_text) DESC, id
    LIMIT :limit
    """
)
_ENTRIES = """
    SELECT entry.* FROM unnest(CAST(:texts AS bigint[])) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT usage_point.account AS id, 'usage_point' AS kind, '' AS name, address,
            ST_X(coalesce(usage_point.point, transformer.point)) AS lon,
            ST_Y(coalesce(usage_point.point, transformer.point)) AS lat,
            CAST(NULL AS double precision) AS extent_m
        FROM usage_point LEFT JOIN transformer ON transformer.id = usage_point.transformer_id
        WHERE usage_point.address_text_id = wanted.id
            AND coalesce(usage_point.point, transformer.point) IS NOT NULL
        ORDER BY {home_first} usage_point.id
        LIMIT :per_text
    ) AS entry
    UNION ALL
    SELECT entry.* FROM unnest(CAST(:texts AS bigint[])) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT source || ':' || source_id AS id, kind, name, address,
            ST_X(point) AS lon, ST_Y(point) AS lat,
            CAST(nullif(extent_m, 0) AS double precision) AS extent_m
        FROM place WHERE place.address_text_id = wanted.id
        ORDER BY {place_first} place.id
        LIMIT :per_text
    ) AS entry
"""
# The cheap LIKE first: most addresses of a large compound fail it.
_NUMBERED = """
    CASE WHEN {said} LIKE :like_in_order AND {said} ~ :in_order THEN 0
        WHEN {said} ~* :any_number THEN 1 ELSE 2 END,
"""
_ANY_ENTRIES = text(_ENTRIES.format(home_first="", place_first=""))
_NUMBERED_ENTRIES = text(
    _ENTRIES.format(
        home_first=_NUMBERED.format(said="address"),
        place_first=_NUMBERED.format(said="(name || ' ' || address)"),
    )
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

    def look_up(query: Query, limit: int, least: float) -> Sequence[Entry]:
        entries = [_entry(row) for row in _candidates(connection, query, least)]
        return MemoryGazetteer(entries).search(query, limit, least)

    try:
        return locate(asked, look_up).matches[:limit]
    except UnusableAddress:
        return []


def _candidates(connection: Connection, query: Query, least: float) -> Sequence[RowMapping]:
    leads = list(query.leads)
    if not query.texts:
        found = connection.execute(_POLES, {"leads": leads, "limit": CANDIDATES})
        return found.mappings().all()
    connection.execute(_THRESHOLD, {"least": str(least)})
    texts = {
        alike
        for each in query.texts
        for alike in connection.scalars(
            _ALIKE, {"text": each, "full_text": query.full_text, "limit": TEXTS}
        )
    }
    wanted = {"texts": sorted(texts), "per_text": ENTRIES_PER_TEXT}
    if not leads:
        return connection.execute(_ANY_ENTRIES, wanted).mappings().all()
    return connection.execute(_NUMBERED_ENTRIES, wanted | _numbers(query)).mappings().all()


def _numbers(query: Query) -> dict[str, str | None]:
    """Give the patterns of an address with all numbers of the query in its order, or with a lead.

    The first keeps a flat among its candidates where thousands share one text.
    """
    said = re.findall(r"[0-9]+", query.address.text)
    return {
        "like_in_order": f"%{'%'.join(said)}%" if said else None,
        "in_order": ".*".join(map(_alone, said)),
        "any_number": _alone(f"(?:{'|'.join(map(_either_width, query.leads))})"),
    }


def _either_width(number: str) -> str:
    """Give the pattern of a number whose digits may be as wide as Chinese characters."""
    return "".join(
        f"[{sign}{chr(ord(sign) + _WIDER_BY)}]" if sign in "0123456789" else re.escape(sign)
        for sign in number
    )


def _alone(number: str) -> str:
    """Give the pattern of a number that is no part of a longer one."""
    return rf"(?<![0-9]){number}(?![0-9])"


def _entry(row: RowMapping) -> Entry:
    return Entry(**{**row, "kind": EntryKind(row["kind"])})
