"""What to store for an entry, and what to look up for a query."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from gis.geocode.address import (
    PLACES,
    Entry,
    EntryKind,
    Level,
    ParsedAddress,
)
from gis.geocode.compare import numbers_of
from gis.geocode.errors import AddressTooShort
from gis.geocode.neighbours import read_parts
from gis.geocode.normal import fold, has_han, search_form
from gis.geocode.parse import names_of, parse

FEWEST = 3
"""Letters and digits a query needs; a Chinese character counts for two."""

SAME = 0.9
"""Least `word_similarity` of a query text and a `search_text` for a name written right: quick."""

SIMILAR = 0.45
"""The same when a character may be wrong: a slow look, taken only where the quick one fails."""

_KEYED = (
    Level.CITY,
    Level.COUNTY,
    Level.TOWN,
    *PLACES,
    Level.LINE,
    Level.TRANSFORMER,
    Level.NAME,
)
_SPOKEN = (
    Level.NAME,
    Level.TRANSFORMER,
    Level.LINE,
    Level.COMPOUND,
    Level.LANE,
    Level.ROAD,
    Level.VILLAGE,
)
_LEADS = (Level.HOUSE, Level.BUILDING, Level.POLE)
_LONGEST_CODE = 16
_LONG_NAME = 8
_ANSWERED = (*_LEADS, Level.ROOM)
_WIDER = (Level.TOWN, Level.COUNTY, Level.CITY)
_PLACED = tuple(dict.fromkeys((*_KEYED, *_SPOKEN, *_WIDER)))


@dataclass(frozen=True, slots=True)
class SearchKeys:
    """Columns to store for one entry.

    `place_key` is equal for all entries of one street, compound or village. `search_text` is the
    text of that place for trigrams, without any house number, so that places, not customers,
    are indexed; `area_text` is the wider area, which only orders places of like names. `numbers`
    are the house, building, room and pole numbers the entry answers to, ranges spelt out (``8-12``
    answers to every number from 8 to 12).
    """

    place_key: str
    search_text: str
    area_text: str
    numbers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What the store looks up.

    Candidates are the places whose `search_text` has at least the `word_similarity` asked for to
    one of `texts` (best first, ties by similarity of `full_text` to both texts of the place), and
    those entries of these places whose `numbers` share one with `leads` or that are neither usage
    point nor pole; the first few entries when `leads` is empty. Empty `texts` means a pole number
    alone: every pole of that number. `kinds` are those the words hint at, empty for any.
    """

    address: ParsedAddress
    texts: tuple[str, ...]
    full_text: str
    leads: tuple[str, ...]
    kinds: frozenset[EntryKind]


def read_entry(entry: Entry) -> Entry:
    """`entry` with its `parts` read from address and name; parts it has already stay."""
    read = dict(read_parts(entry.address))
    if entry.kind in {EntryKind.POLE, EntryKind.TRANSFORMER, EntryKind.SUBSTATION}:
        read |= parse(entry.name).parts
    return Entry(
        id=entry.id,
        kind=entry.kind,
        name=entry.name,
        address=entry.address,
        lon=entry.lon,
        lat=entry.lat,
        parts={**read, **entry.parts},
        extent_m=entry.extent_m,
    )


def search_keys(entry: Entry) -> SearchKeys:
    """What to store for `entry`, whose `parts` have been read (see `read_entry`).

    The name of a usage point is a customer's and is never indexed; that of a pole is left out where
    its line is known, since the line and the number find it.
    """
    parts = entry.parts
    on_line = entry.kind is EntryKind.POLE and Level.LINE in parts
    names = () if entry.kind is EntryKind.USAGE_POINT or on_line else names_of(entry.name)
    place = tuple((level, parts[level]) for level in _PLACED if parts.get(level))
    place_key, search_text, area_text = _place_words(place, names)
    return SearchKeys(
        place_key=place_key,
        search_text=search_text,
        area_text=area_text,
        numbers=tuple(
            dict.fromkeys(
                number
                for level in _ANSWERED
                if parts.get(level)
                for number in numbers_of(parts[level])
            )
        ),
    )


@lru_cache(maxsize=16384)
def _place_words(
    place: tuple[tuple[Level, str], ...], names: tuple[str, ...]
) -> tuple[str, str, str]:
    """Key, own text and area text of the place that many entries share."""
    parts = dict(place)
    keyed = [f"{level}={fold(parts[level])}" for level in _KEYED if level in parts]
    if names:
        keyed.append("called=" + "+".join(map(fold, names)))
    spoken = [parts[level] for level in _SPOKEN if level in parts]
    wider = [parts[level] for level in _WIDER if level in parts]
    if not names and not spoken:
        spoken, wider = wider[:1], wider[1:]
    return "/".join(keyed), _forms((*names, *spoken)), _forms(wider)


def _tail(form: str) -> str:
    """The end of a long Chinese text, which is the finest name where an area leads it unmarked."""
    characters = form.split()
    long = len(characters) >= _LONG_NAME and has_han(form)
    return " ".join(characters[-_LONG_NAME // 2 :]) if long else form


def _forms(texts: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(form for form in map(search_form, texts) if form))


def query_plan(text: str) -> Query:
    """What to look up for `text`, as somebody typed or said it.

    Raises
    ------
    AddressTooLong
        The text is longer than any address.
    AddressTooShort
        Fewer than three letters and digits (a Chinese character counts for two), or nothing but
        numbers: no place is named.
    """
    address = parse(text)
    weight = sum(2 if has_han(character) else character.isalnum() for character in address.text)
    parts = address.parts
    names = [parts[level] for level in (*_SPOKEN, *_WIDER) if parts.get(level)]
    if weight < FEWEST or not (names or Level.POLE in parts):
        raise AddressTooShort(
            "no name of a place in the address", text=address.text, characters=weight
        )
    core = [parts[level] for level in _SPOKEN if parts.get(level)] or names[:1]
    whole = [address.text] if len(names) == 1 else []  # its numbers may belong to the name
    if len(address.text) <= _LONGEST_CODE and not address.chinese:
        whole.append(fold(address.text))  # a plate read out in pieces: "t idx 47"
    texts = dict.fromkeys(search_form(each) for each in (*core, *whole))
    texts |= dict.fromkeys(_tail(form) for form in tuple(texts))
    stated = [parts[level] for level in _LEADS if parts.get(level)]
    if not stated and Level.ROOM in parts:
        stated = [parts[Level.ROOM]]
    leads = [number for each in stated for number in numbers_of(each)]
    return Query(
        address,
        tuple(form for form in texts if form),
        search_form(" ".join(names)),
        tuple(dict.fromkeys(leads)),
        _kinds(address),
    )


def _kinds(address: ParsedAddress) -> frozenset[EntryKind]:
    """Kinds of entry the words ask for."""
    if Level.POLE in address.parts:
        return frozenset({EntryKind.POLE})
    if Level.TRANSFORMER in address.parts:
        return frozenset({EntryKind.TRANSFORMER})
    if {Level.BUILDING, Level.UNIT, Level.ROOM} & address.parts.keys():
        return frozenset({EntryKind.USAGE_POINT, EntryKind.PLACE})
    return frozenset()
