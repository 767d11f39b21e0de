"""Fields that bodies are made of, checked: lengths, times, places, texts, identifiers."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
)

from dispatch.domain.link import LinkVerdict
from dispatch.errors import InvalidInput
from dispatch.location import ReportedPosition
from gis.crs import Datum, to_wgs84

EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

AHEAD = timedelta(minutes=1)

OLDEST = timedelta(days=31)

_KEPT = {"\n", "\t"}

_TURNS_TEXT_ROUND = {*"\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"}


def _cleaned(text: str) -> str:
    """Without control characters and marks that make text read backwards; spaces trimmed."""
    return "".join(
        c
        for c in text
        if c in _KEPT or (unicodedata.category(c) != "Cc" and c not in _TURNS_TEXT_ROUND)
    ).strip()


def _one_line(text: str) -> str:
    return " ".join(_cleaned(text).split())


def _identifier(text: str) -> str:
    if not text.isprintable() or text != text.strip() or "/" in text or text in {".", ".."}:
        raise ValueError("printable characters without a slash or spaces around them")
    return text


def _vehicle(text: str | None) -> str | None:
    return None if text is None else _identifier(text)


def _written_out(value: object) -> object:
    if not isinstance(value, str | datetime):
        raise ValueError("a time written out, such as 2026-01-31T08:30:00+08:00")  # noqa: TRY004
    return value


def _in_our_age(at: datetime) -> datetime:
    if not EARLIEST <= at <= LATEST:
        raise ValueError("a time between the years 2000 and 2200")
    return at.astimezone(UTC)


def _digits(text: str) -> str:
    kept = "".join(c for c in text if c not in " -()")
    if not kept.lstrip("+").isdecimal() or not kept.isascii():
        raise ValueError("a telephone number: digits, maybe with +, spaces, hyphens, brackets")
    return kept


ClientId = Annotated[
    str,
    Field(min_length=1, max_length=100, description="made by the client, so that it may repeat"),
    AfterValidator(_identifier),
]

Line = Annotated[str, Field(max_length=300), AfterValidator(_one_line)]

Name = Annotated[str, Field(min_length=1, max_length=60), AfterValidator(_one_line)]

Code = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_one_line)]

Prose = Annotated[str, Field(max_length=2000), AfterValidator(_cleaned)]

Reason = Annotated[str, Field(max_length=500), AfterValidator(_one_line)]

Phone = Annotated[str, Field(min_length=3, max_length=30), AfterValidator(_digits)]

Word = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_one_line)]

Words = Annotated[list[Word], Field(max_length=20)]

NetworkId = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_one_line)]

Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_in_our_age)]

Metres = Annotated[FiniteFloat, Field(ge=0, le=100_000)]

Serial = Annotated[int, Field(ge=0, le=2**62, strict=True)]


class Strict(BaseModel):
    """A body; a field nobody knows is a mistake worth telling."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LocationIn(Strict):
    """A position in the datum it was measured in."""

    lon: FiniteFloat
    lat: FiniteFloat
    datum: Datum = Datum.WGS84
    accuracy_m: Metres | None = None

    def wgs84(self) -> ReportedPosition:
        """The position as the core knows it; `OffPlanet` if it is nowhere on Earth."""
        lon, lat = to_wgs84(self.lon, self.lat, self.datum)
        return ReportedPosition(lon=lon, lat=lat, accuracy_m=self.accuracy_m)


class ReasonIn(Strict):
    """Why."""

    reason: Reason


class LinkDecisionIn(ReasonIn):
    """What becomes of a suspected link, and which transformer was thought to be the right one."""

    verdict: LinkVerdict
    candidate: NetworkId


Things = Annotated[list[dict[str, Any]], Field(max_length=500)]


class NoteIn(Strict):
    """What was said, if anything."""

    note: Reason = ""


Corner = tuple[FiniteFloat, FiniteFloat]

WIDEST_ZONE_KM = 1_500.0


def version_of(if_match: str | None) -> int | None:
    """The version in an `If-Match` header such as `"7"`; None without one."""
    if if_match is None:
        return None
    bare = if_match.strip().removeprefix("W/").strip('"')
    if not bare.isdecimal() or not bare.isascii() or len(bare) > 18:  # noqa: PLR2004
        raise InvalidInput("If-Match", if_match, 'the ETag of the record, such as "7"')
    return int(bare)
