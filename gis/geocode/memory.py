"""A gazetteer in memory: the same candidates as the store's trigram index, for replay and tests."""

import heapq
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

from gis.geocode.address import NAMED, Entry, EntryKind, Level
from gis.geocode.keys import SIMILAR, Query, SearchKeys, read_entry, search_keys
from gis.geocode.trigram import similarity, trigrams, word_similarity

PLACES_PER_TEXT = 40
ENTRIES_PER_PLACE = 5
_MANY = frozenset({EntryKind.USAGE_POINT, EntryKind.POLE})
_METRES_PER_DEGREE = 111_195.0


Keyed = tuple[Entry, SearchKeys]


def keyed(entry: Entry) -> Keyed:
    """Read an entry, once for every gazetteer that is to hold it."""
    read = read_entry(entry)
    return read, search_keys(read)


class MemoryGazetteer:
    """Entries grouped by place; places found by `word_similarity` with `pg_trgm`'s meaning.

    Where an entry has no parts yet they are read from its address. Loading the same entries again
    gives the same answers; an id given twice keeps the last entry. `read` are others, which `keyed`
    has read.
    """

    def __init__(self, entries: Iterable[Entry], read: Iterable[Keyed] = ()) -> None:
        self._members: dict[str, list[Keyed]] = defaultdict(list)
        unread = {entry.id: entry for entry in entries}.values()
        for entry, keys in (*read, *map(keyed, unread)):
            self._members[keys.place_key].append((entry, keys))
        self._texts = {key: members[0][1].search_text for key, members in self._members.items()}
        self._full = {
            key: f"{members[0][1].search_text} {members[0][1].area_text}"
            for key, members in self._members.items()
        }
        self._wholes = {
            key: place_entry(key, [entry for entry, _ in members])
            for key, members in self._members.items()
        }
        self._by_trigram: dict[str, list[str]] = defaultdict(list)
        for key, text in self._texts.items():
            for trigram in set(trigrams(text)):
                self._by_trigram[trigram].append(key)
        self._found: dict[str, list[tuple[float, str]]] = {}

    def search(self, query: Query, limit: int, least: float = SIMILAR) -> list[Entry]:
        """Up to `limit` candidates: the places `query` may mean, and their entries that fit.

        `least` is the `word_similarity` that a place's text must have.
        """
        leads = set(query.leads)
        if not query.texts:
            pairs = (pair for place in self._members.values() for pair in place)
            return [
                e
                for e, keys in pairs
                if e.kind is EntryKind.POLE and leads.intersection(keys.numbers)
            ][:limit]
        found: list[Entry] = []
        for key in self._places(query, least):
            members = [
                entry
                for entry, keys in self._members[key]
                if entry.kind not in _MANY or not query.leads or leads.intersection(keys.numbers)
            ]
            found.append(self._wholes[key])
            found += members if query.leads else members[:ENTRIES_PER_PLACE]
        return list({entry.id: entry for entry in found}.values())[:limit]

    def _places(self, query: Query, least: float) -> list[str]:
        """Keys of the places alike to one of the query's texts, best first."""
        chosen: dict[str, None] = {}
        for text in query.texts:
            if text not in self._found:
                self._found[text] = self._alike(text)
            alike = [pair for pair in self._found[text] if pair[0] >= least]
            close = sorted(
                alike,
                key=lambda pair: (-pair[0], -similarity(query.full_text, self._full[pair[1]])),
            )
            chosen |= dict.fromkeys(key for _, key in close[:PLACES_PER_TEXT])
        return list(chosen)

    def _alike(self, text: str) -> list[tuple[float, str]]:
        wanted = set(trigrams(text))
        shared: dict[str, int] = defaultdict(int)
        for trigram in wanted:
            for key in self._by_trigram.get(trigram, ()):
                shared[key] += 1
        best: list[float] = []
        alike = []
        for key, count in sorted(shared.items(), key=lambda pair: -pair[1]):
            most = count / len(wanted)  # no run of the text can be more alike than this
            if most < (best[0] if len(best) == PLACES_PER_TEXT else SIMILAR):
                break
            value = word_similarity(text, self._texts[key])
            if value < SIMILAR:
                continue
            alike.append((value, key))
            heapq.heappush(best, value)
            if len(best) > PLACES_PER_TEXT:
                heapq.heappop(best)
        return alike


def place_entry(key: str, members: Sequence[Entry]) -> Entry:
    """The place as a whole: centre and reach of `members`, and the names they share.

    One member that is no usage point is its own whole. `lon`, `lat` EPSG:4326.
    """
    first = members[0]
    if len(members) == 1 and first.kind is not EntryKind.USAGE_POINT:
        return first
    lon = sum(member.lon for member in members) / len(members)
    lat = sum(member.lat for member in members) / len(members)
    width = math.cos(math.radians(lat))
    reach = max(math.hypot((m.lon - lon) * width, m.lat - lat) for m in members)
    shared = {
        level: value
        for level, value in first.parts.items()
        if (level in NAMED or level is Level.POSTCODE)
        and all(member.parts.get(level) == value for member in members)
    }
    place = [shared[level] for level in NAMED if level in shared]
    return Entry(
        id=f"place:{key}",
        kind=EntryKind.PLACE,
        name=place[-1] if place else first.name,
        address=" ".join(place),
        lon=lon,
        lat=lat,
        parts=shared,
        extent_m=round(reach * _METRES_PER_DEGREE, 1),
    )
