"""Search texts as the geocoder wants them, for customers and places."""

import re
from functools import lru_cache

from gis.geocode.address import Entry, EntryKind
from gis.geocode.errors import UnusableAddress
from gis.geocode.keys import read_entry, search_keys

_FINE_NUMBER = re.compile(r"(?<![\d\-])\d{1,4}(?=栋|幢|号楼|单元|层|室|号\s*$)")


def customer_search_text(address: str) -> str:
    """Give the words by which a customer's address is found; empty where it cannot be read.

    They hold no number of a house, building or room, so neighbours share them: these numbers are
    made the same for all, and each address without them is read once.
    """
    return _neighbours(_FINE_NUMBER.sub("1", address)) if address else ""


@lru_cache(maxsize=65536)
def _neighbours(address: str) -> str:
    return search_text(EntryKind.USAGE_POINT, "", address)


def search_text(kind: EntryKind, name: str, address: str) -> str:
    """Give the words by which an entry is found; empty where its text cannot be an address."""
    entry = Entry(id="", kind=kind, name=name, address=address, lon=0.0, lat=0.0)
    try:
        return search_keys(read_entry(entry)).search_text
    except UnusableAddress:
        return ""
