"""Candidates for an address: by trigrams from the store, ranked by `gis.geocode`.

Neighbours share their words, which stand once in `address_text`: first the few texts like the
query's are found, then the entries that carry them; those whose address holds the numbers asked
for come first.
"""

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, text

from gis.geocode import (
    Entry,
    EntryKind,
    Keyed,
    Match,
    MemoryGazetteer,
    Query,
    UnusableAddress,
    keyed,
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
# The few homes of a text are chosen before their transformers are looked up: a text may have
# thousands of homes, and a company tens of thousands of transformers.
_ENTRIES = """
    SELECT wanted.id AS text_id, home.account AS id, 'usage_point' AS kind, '' AS name,
        home.address, ST_X(home.stands) AS lon, ST_Y(home.stands) AS lat,
        CAST(NULL AS double precision) AS extent_m
    FROM unnest(CAST(:texts AS bigint[])) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT account, address, coalesce(point, (
            SELECT transformer.point FROM transformer
            WHERE transformer.id = chosen.transformer_id
        )) AS stands
        FROM (
            SELECT account, address, point, transformer_id
            FROM usage_point
            WHERE usage_point.address_text_id = wanted.id
                AND (point IS NOT NULL OR transformer_id IS NOT NULL)
            ORDER BY {home_first} usage_point.id
            LIMIT :per_text
        ) AS chosen
    ) AS home
    UNION ALL
    SELECT wanted.id AS text_id, entry.* FROM unnest(CAST(:texts AS bigint[])) AS wanted (id)
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
    candidates = _Candidates(connection)
    try:
        return locate(asked, candidates.look_up).matches[:limit]
    except UnusableAddress:
        return []


class _Candidates:
    """What one search has found; its second look reads only what the first did not."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._by_text: dict[int, list[Keyed]] = {}

    def look_up(self, query: Query, limit: int, least: float) -> Sequence[Entry]:
        """Up to `limit` candidates, as `gis.geocode.locate` asks for them."""
        if not query.texts:
            found = self._connection.execute(
                _POLES, {"leads": list(query.leads), "limit": CANDIDATES}
            )
            return MemoryGazetteer(map(_entry, found)).search(query, limit, least)
        texts = self._alike(query, least)
        self._read(query, [each for each in texts if each not in self._by_text])
        entries = [each for text_id in texts for each in self._by_text[text_id]]
        # Homes first, then places: among equals the first stand before the others.
        entries.sort(key=lambda each: each[0].kind is not EntryKind.USAGE_POINT)
        return MemoryGazetteer((), entries).search(query, limit, least)

    def _alike(self, query: Query, least: float) -> list[int]:
        """Numbers of the texts that are like one of the query's, in their order."""
        self._connection.execute(_THRESHOLD, {"least": str(least)})
        found: set[int] = set()
        for each in query.texts:
            asked = {"text": each, "full_text": query.full_text, "limit": TEXTS}
            found.update(self._connection.scalars(_ALIKE, asked))
        return sorted(found)

    def _read(self, query: Query, texts: Sequence[int]) -> None:
        if not texts:
            return
        wanted = {"texts": texts, "per_text": ENTRIES_PER_TEXT}
        rows = (
            self._connection.execute(_NUMBERED_ENTRIES, wanted | _numbers(query))
            if query.leads
            else self._connection.execute(_ANY_ENTRIES, wanted)
        )
        self._by_text |= {text_id: [] for text_id in texts}
        for row in rows:
            self._by_text[row.text_id].append(keyed(_entry(row)))


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


def _entry(row: Row[Any]) -> Entry:
    return Entry(
        id=row.id,
        kind=EntryKind(row.kind),
        name=row.name,
        address=row.address,
        lon=row.lon,
        lat=row.lat,
        extent_m=row.extent_m,
    )
