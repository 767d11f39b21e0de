"""Address and landmark search: reading, indexing, ranking. Pure; candidates come from a store."""

from gis.geocode.address import Entry as Entry
from gis.geocode.address import EntryKind as EntryKind
from gis.geocode.address import Level as Level
from gis.geocode.address import ParsedAddress as ParsedAddress
from gis.geocode.compare import Reason as Reason
from gis.geocode.compare import Verdict as Verdict
from gis.geocode.errors import AddressTooLong as AddressTooLong
from gis.geocode.errors import AddressTooShort as AddressTooShort
from gis.geocode.errors import UnusableAddress as UnusableAddress
from gis.geocode.keys import Query as Query
from gis.geocode.keys import SearchKeys as SearchKeys
from gis.geocode.keys import query_plan as query_plan
from gis.geocode.keys import read_entry as read_entry
from gis.geocode.keys import search_keys as search_keys
from gis.geocode.memory import MemoryGazetteer as MemoryGazetteer
from gis.geocode.memory import place_entry as place_entry
from gis.geocode.normal import normalise as normalise
from gis.geocode.parse import parse as parse
from gis.geocode.rank import Match as Match
from gis.geocode.rank import rank as rank
from gis.geocode.resolve import Located as Located
from gis.geocode.resolve import NotFound as NotFound
from gis.geocode.resolve import Tie as Tie
from gis.geocode.resolve import resolve as resolve
