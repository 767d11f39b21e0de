"""Renders pages and their parts with Jinja2, one environment a language; everything is escaped."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Protocol
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from dispatch.sayings import say_reason
from gis.crs import Datum, from_wgs84
from maps.assets import asset
from maps.judging import of_belonging, percent
from maps.languages import NAMES, Language, catalogue
from maps.words import COUNTED, WORDS, hazard

TEMPLATES = Path(__file__).with_name("templates")
_MADE_UP = re.compile(
    r"(?:web-)?[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-(?P<end>[0-9a-f]{12})", re.IGNORECASE
)
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
KM_M, FAR_M = 1_000, 20_000


class InBoth(Protocol):
    """A sentence in both languages."""

    @property
    def zh(self) -> str:
        """In Chinese."""
        ...

    @property
    def en(self) -> str:
        """In English."""
        ...


@dataclass(frozen=True, slots=True)
class Marks:
    """What a language writes between words and sentences, with the space that goes with it."""

    comma: str
    colon: str
    semicolon: str
    stop: str
    opens: str
    closes: str
    listing: str
    """Between the names of a list."""
    gap: str
    """Between sentences."""

    def listed(self, names: Iterable[object]) -> str:
        """Name one after the other."""
        return self.listing.join(map(str, names))

    def bracketed(self, inside: str) -> str:
        """Add `inside` to what stands before it."""
        return f"{self.opens}{inside}{self.closes}"


MARKS: Mapping[Language, Marks] = {
    Language.ZH: Marks("，", "：", "；", "。", "（", "）", "、", ""),
    Language.EN: Marks(", ", ": ", "; ", ". ", " (", ")", ", ", " "),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """When a page is made, and in which zone its times are said."""

    now: datetime
    zone: ZoneInfo


class Pages:
    """The templates in every language, compiled once in a process."""

    def say(self, language: Language, message: str) -> str:
        """A marked message in a language."""
        return catalogue(language).gettext(message)

    def render(
        self, name: str, language: Language, moment: Moment, values: Mapping[str, object]
    ) -> str:
        """Render the template `name` with `values`; a value that is missing is an error."""
        template = _environment(language).get_template(name)
        return template.render(now=moment.now, zone=moment.zone, **values)


@cache
def _environment(language: Language) -> Environment:
    translations, chinese = catalogue(language), language is Language.ZH
    mark = MARKS[language]
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(translations, newstyle=True)  # type: ignore[attr-defined]

    def word(code: object, of: str) -> str:
        message = WORDS[of].get(str(code))
        return str(code) if message is None else translations.gettext(message)

    def counted(group: str) -> Mapping[str, list[str]]:
        forms = COUNTED.get(group, {}).items()
        return {code: [translations.ngettext(*each, n) for n in (1, 2)] for code, each in forms}

    def words(*groups: str) -> str:
        said = {
            group: {**{code: word(code, group) for code in WORDS[group]}, **counted(group)}
            for group in groups
        }
        return json.dumps(said, ensure_ascii=False)

    def said(saying: InBoth) -> str:
        return saying.zh if chinese else saying.en

    def hazards(codes: list[str]) -> str:
        return mark.listed(hazard(code, chinese) for code in codes)

    def judge(by: str) -> str:
        """Name what judged a clock: somebody, or a step of the program, of an order or not."""
        step, _, order = by.partition(" of order ")
        said_so = word(step, "judge")
        about = mark.bracketed(f"{translations.gettext('Order')} {order}")
        return f"{said_so}{about}" if order else said_so

    def span(seconds: float) -> str:
        return _span(seconds, chinese=chinese)

    made.globals.update(
        asset=asset, language=language, languages=NAMES, words=words, chinese=chinese, mark=mark
    )
    made.filters.update(
        word=word,
        judge=judge,
        said=said,
        reason=lambda written: said(say_reason(written)),
        listed=mark.listed,
        hazards=hazards,
        hazard=lambda code: hazard(code, chinese),
        span=span,
        minutes=lambda seconds: _minutes(seconds, chinese=chinese),
        distance=lambda metres: _distance(metres, chinese=chinese),
        clock=_clock,
        field=_field,
        percent=percent,
        of_belonging=of_belonging,
        iso=lambda at: at.isoformat(),
        report_number=report_number,
        amap=amap_link,
        typed=_typed,
    )
    return made


def _clock(at: datetime, moment_zone: ZoneInfo, now: datetime) -> str:
    """14:05 today, 03-02 14:05 on another day."""
    here = at.astimezone(moment_zone)
    same = here.date() == now.astimezone(moment_zone).date()
    return f"{here:%H:%M}" if same else f"{here:%m-%d %H:%M}"


def _field(at: datetime, moment_zone: ZoneInfo) -> str:
    """A moment as an input for date and time holds it."""
    return f"{at.astimezone(moment_zone):%Y-%m-%dT%H:%M}"


def report_number(ticket_id: str) -> str:
    """What people call a report: its id; of one that no person could say, the last part."""
    made_up = _MADE_UP.fullmatch(ticket_id)
    return ticket_id if made_up is None else made_up["end"]


def _minutes(seconds: float, *, chinese: bool) -> str:
    """How long something will take, as one says it: whole minutes, and hours from one on."""
    if seconds >= HOUR_S:
        return _span(seconds, chinese=chinese)
    count = max(1, round(seconds / MINUTE_S))
    return f"{count}分钟" if chinese else f"{count} min"


def _distance(metres: float, *, chinese: bool) -> str:
    """How far something is: below one kilometre in tens of metres, above in kilometres."""
    if metres < KM_M:
        count = f"{max(10, round(metres, -1)):.0f}"
        return f"{count}米" if chinese else f"{count} m"
    count = f"{metres / KM_M:.1f}" if metres < FAR_M else f"{metres / KM_M:.0f}"
    return f"{count}公里" if chinese else f"{count} km"


def _typed(message: str) -> Markup:
    """A message whose words between backticks are what somebody types."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(message))))  # noqa: S704 (escaped)


def _span(seconds: float, *, chinese: bool) -> str:
    """A length of time in one or two units; the scripts write it in the same way."""
    whole = abs(round(seconds))
    if whole < HOUR_S:
        minutes, rest = divmod(whole, MINUTE_S)
        return f"{minutes}:{rest:02d}"
    if whole < DAY_S:
        hours, rest = divmod(whole, HOUR_S)
        return f"{hours}小时{rest // 60:02d}分" if chinese else f"{hours} h {rest // 60:02d}"
    days, rest = divmod(whole, DAY_S)
    return f"{days}天{rest // HOUR_S}小时" if chinese else f"{days} d {rest // HOUR_S} h"


def amap_link(lon: float, lat: float, name: str) -> str:
    """A link that lets Amap navigate there from a WGS-84 position; Amap wants GCJ-02."""
    there_lon, there_lat = from_wgs84(lon, lat, Datum.GCJ02)
    return (
        f"https://uri.amap.com/navigation?to={there_lon:.6f},{there_lat:.6f},{quote(name)}"
        "&mode=car&coordinate=gaode&callnative=1"
    )
