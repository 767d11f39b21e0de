"""Names of poles and transformers, which people read off a plate."""

import re

from gis.geocode.address import Level
from gis.geocode.normal import HAN

_POLE = re.compile(
    rf"(?:\d+kv)?(?:(?P<line>[{HAN}a-z0-9]{{1,14}}?线))?(?:第)?(?P<number>[a-z]?\d+(?:[-+]\d+)?)号?"
    r"(?:电线|水泥|电|铁)?(?:杆塔|杆|塔)(?![头楼])"
)
_POLE_BEFORE = re.compile(
    rf"(?:\d+kv)?(?:(?P<line>[{HAN}a-z0-9]{{1,14}}?线))?(?:电线|水泥|电)?杆(?:塔)?(?:号)?(?P<number>[a-z]?\d+)号?"
)
_TYPES = "公用变|公变|专变|专用变|台区|配变|变压器|箱变|变台|柱上变|配电房|开闭所|变"
_TRANSFORMER = re.compile(rf"(?:\d+kv)?(?P<name>[{HAN}a-z0-9]{{1,16}}?)(?:{_TYPES})(?![{HAN}])")
_CODE = re.compile(
    r"(?P<code>[a-z]{1,16}\d[a-z0-9]{0,15})(?:号)?(?P<kind>杆|塔|公变|专变|台区|配变|变压器)?"
)
_STREET_NUMBER = re.compile(r"(?:str|weg|pl|gasse|st|rd|av|ring|hof)\d+[a-z]?")

Parts = dict[Level, str]


def read_equipment(text: str) -> Parts:
    """Parts of a pole or transformer name in the normalised `text`; empty when there is none."""
    code = _CODE.fullmatch(text)
    if code and not _STREET_NUMBER.search(text):
        return {_level_of(code["kind"]): code["code"]}
    pole = _POLE.search(text) or _POLE_BEFORE.search(text)
    if pole:
        line = _bare_line(pole["line"])
        return ({Level.LINE: line} if line else {}) | {Level.POLE: pole["number"]}
    transformer = _TRANSFORMER.search(text)
    if transformer:
        return {Level.TRANSFORMER: transformer["name"]}
    return {}


def _level_of(kind: str | None) -> Level:
    if kind is None:
        return Level.NAME
    return Level.POLE if kind in {"杆", "塔"} else Level.TRANSFORMER


def _bare_line(line: str | None) -> str:
    return re.sub(r"^\d+kv", "", line or "").removesuffix("线")
