"""The words by which the geocoder finds customers and places, kept once for all neighbours."""

import re
from functools import lru_cache
from typing import NamedTuple

from psycopg import sql
from sqlalchemy import Connection, text

from dispatch.store.loading.staging import driver
from gis.geocode.address import Entry, EntryKind
from gis.geocode.errors import UnusableAddress
from gis.geocode.keys import read_entry, search_keys

_FINE_NUMBER = re.compile(r"(?<![\d\-])\d{1,4}(?=栋|幢|号楼|单元|层|室|号\s*$)")

_ADD = """
    INSERT INTO address_text (search_text, area_text)
    SELECT DISTINCT search_text, area_text FROM {} WHERE search_text <> ''
    ON CONFLICT DO NOTHING
"""
_DROP_UNUSED = """
    DELETE FROM address_text t
    WHERE NOT EXISTS (SELECT FROM usage_point u WHERE u.address_text_id = t.id)
      AND NOT EXISTS (SELECT FROM place p WHERE p.address_text_id = t.id)
"""


class Words(NamedTuple):
    """The text of a place and that of the area around it, as `gis.geocode.keys` gives them."""

    search_text: str
    area_text: str


NO_WORDS = Words("", "")


def customer_words(address: str) -> Words:
    """Give the words by which a customer's address is found; empty where it cannot be read.

    They hold no number of a house, building or room, so neighbours share them: these numbers are
    made the same for all, and each address without them is read once.
    """
    return _neighbours(_FINE_NUMBER.sub("1", address)) if address else NO_WORDS


@lru_cache(maxsize=65536)
def _neighbours(address: str) -> Words:
    return words(EntryKind.USAGE_POINT, "", address)


def words(kind: EntryKind, name: str, address: str) -> Words:
    """Give the words by which an entry is found; empty where its text cannot be an address."""
    entry = Entry(id="", kind=kind, name=name, address=address, lon=0.0, lat=0.0)
    try:
        keys = search_keys(read_entry(entry))
    except UnusableAddress:
        return NO_WORDS
    return Words(keys.search_text, keys.area_text)


def add_texts(connection: Connection, staged: str) -> None:
    """Add those `search_text` and `area_text` of the table `staged` that nobody had yet."""
    with driver(connection).cursor() as cursor:
        cursor.execute(sql.SQL(_ADD).format(sql.Identifier(staged)))
        if cursor.rowcount:
            cursor.execute("ANALYZE address_text")


def drop_unused_texts(connection: Connection) -> None:
    """Forget the texts by which nothing is found any more."""
    connection.execute(text(_DROP_UNUSED))
