"""From what somebody typed to a place, by way of a store's candidates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from gis.geocode.address import Entry
from gis.geocode.keys import SAME, SIMILAR, Query, query_plan
from gis.geocode.rank import Match, rank
from gis.geocode.resolve import Located, NotFound, Tie, resolve

CANDIDATES = 400
SHOWN = 50


class Search(Protocol):
    """A store of entries that looks up candidates, as `Query` says."""

    def __call__(self, query: Query, limit: int, least: float) -> Sequence[Entry]:
        """Up to `limit` entries whose place has at least `least` word similarity to the query."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What the search makes of a text: the judgement and the ranked matches behind it."""

    query: Query
    outcome: Located | Tie | NotFound
    matches: tuple[Match, ...]


def locate(text: str, search: Search) -> Answer:
    """Look `text` up: names as written first, names with a wrong character when that fails.

    The second look is the slow one, and is taken unless the first located the place on a name that
    agrees in full.

    Raises
    ------
    AddressTooLong
        The text is longer than any address.
    AddressTooShort
        The text names no place.
    """
    query = query_plan(text)
    answer = _answer(query, search(query, CANDIDATES, SAME))
    if isinstance(answer.outcome, Located) and answer.outcome.score >= SURE:
        return answer
    return _answer(query, search(query, CANDIDATES, SIMILAR))


SURE = 0.8
"""Score above which the quick look is believed."""


def _answer(query: Query, candidates: Sequence[Entry]) -> Answer:
    matches = rank(query, candidates, SHOWN)
    return Answer(query, resolve(matches, near=query.address.near), tuple(matches))
