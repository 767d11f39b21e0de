"""The fields of one input line: each is read as what it has to be, or refused by name."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dispatch.errors import shown
from gis.crs import MAX_LAT, MAX_LON, Datum, to_wgs84
from gis.errors import OffPlanet

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
LONGEST_ID = 200
LONGEST_TEXT = 2000
MOST_WORDS = 20
MOST_NAMES = 100_000


class BadField(Exception):
    """A field holds what cannot be meant."""

    def __init__(self, field: str, value: object, expected: str) -> None:
        self.field, self.value = field, shown(value)
        self.expected = expected
        super().__init__(f"{field} is {self.value}; expected {expected}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A position in WGS-84, with how far off it may be where that is known."""

    lon: float
    lat: float
    accuracy_m: float | None


class Fields:
    """One object of the input; `within` is the field that holds it, if it is not the whole line.

    A field that is absent, null or an empty text is taken as not given.
    """

    def __init__(self, given: Mapping[str, object], within: str = "") -> None:
        self._given = given
        self._within = within

    def has(self, *names: str) -> bool:
        """Whether any of the fields is given."""
        return any(self._given.get(name) not in (None, "") for name in names)

    def one_of(self, *names: str) -> None:
        """Refuse the line unless one of the fields is given."""
        if not self.has(*names):
            raise BadField(" or ".join(names), None, "at least one of them")

    def find_text(self, name: str, longest: int = LONGEST_ID) -> str | None:
        """Read a text, cleaned of what cannot be printed; a whole number is taken as its digits."""
        value = self._given.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            raise self._bad(name, "a text")
        text = "".join(c for c in value if c.isprintable()).strip()
        if not text or len(text) > longest:
            raise self._bad(name, f"1 to {longest} printable characters")
        return text

    def text(self, name: str) -> str:
        """Read a text that has to be there."""
        found = self.find_text(name)
        if found is None:
            raise self._bad(name, "a text")
        return found

    def names(self, name: str, most: int = MOST_NAMES) -> tuple[str, ...]:
        """Read a list of texts, each once; a single text is a list of one."""
        value = self._given.get(name)
        if value is None or value == "":
            return ()
        many = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        if len(many) > most:
            raise self._bad(name, f"at most {most} texts")
        read = (Fields({name: each}, self._within).find_text(name) for each in many)
        return tuple(dict.fromkeys(each for each in read if each is not None))

    def find_number(self, name: str, low: float, high: float) -> float | None:
        """Read a number from `low` to `high`."""
        value = self._given.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._bad(name, "a number")
        if not math.isfinite(value) or not low <= value <= high:
            raise self._bad(name, f"a number from {low:g} to {high:g}")
        return float(value)

    def number(self, name: str, low: float, high: float) -> float:
        """Read a number that has to be there."""
        found = self.find_number(name, low, high)
        if found is None:
            raise self._bad(name, "a number")
        return found

    def find_whole(self, name: str) -> int | None:
        """Read a number of ours, as outages and orders have it."""
        value = self._given.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str) and value.isascii() and value.isdecimal():
            value = int(value[:20])
        if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**62:
            raise self._bad(name, "a whole number above 0")
        return value

    def find_flag(self, name: str) -> bool | None:
        """Read true or false."""
        value = self._given.get(name)
        if value is not None and not isinstance(value, bool):
            raise self._bad(name, "true or false")
        return value

    def word(self, name: str, meanings: Mapping[str, str]) -> str:
        """Read one of some words, whatever its case and hyphens; gives what it means."""
        value = self._given.get(name)
        if isinstance(value, str):
            plain = value.strip().lower().replace("-", "_").replace(" ", "_")
            if plain in meanings:
                return meanings[plain]
        raise self._bad(name, "one of " + ", ".join(dict.fromkeys(meanings.values())))

    def find_moment(self, name: str) -> datetime | None:
        """Read a time with its zone, between the years 2000 and 2200."""
        return self.moment(name) if self.has(name) else None

    def moment(self, name: str) -> datetime:
        """Read a time that has to be there."""
        value = self._given.get(name)
        try:
            at = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            raise self._bad(name, "an ISO time with its zone, such as 2024-05-01T12:00:00Z")
        if not EARLIEST <= at <= LATEST:
            raise self._bad(name, "a time between the years 2000 and 2200")
        return at.astimezone(UTC)

    def find_position(self, name: str) -> Position | None:
        """Read `{lon, lat, datum?, accuracy_m?}`."""
        value = self._given.get(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self._bad(name, "an object with lon and lat")
        return Fields(value, f"{name}.").position()

    def position(self) -> Position:
        """Read the position that this object is."""
        lon, lat = self.number("lon", -MAX_LON, MAX_LON), self.number("lat", -MAX_LAT, MAX_LAT)
        datum = self.word("datum", _DATUMS) if self.has("datum") else Datum.WGS84.value
        accuracy_m = self.find_number("accuracy_m", 0, 100_000)
        try:
            lon, lat = to_wgs84(lon, lat, Datum(datum))
        except OffPlanet as nowhere:
            raise BadField(f"{self._within}lon, lat", (lon, lat), str(nowhere)) from nowhere
        return Position(lon=lon, lat=lat, accuracy_m=accuracy_m)

    def _bad(self, name: str, expected: str) -> BadField:
        return BadField(self._within + name, self._given.get(name), expected)


_DATUMS = {datum.value: datum.value for datum in Datum}
