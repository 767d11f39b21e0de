"""Take an address apart."""

import re
from functools import lru_cache
from types import MappingProxyType

from gis.geocode.address import Level, ParsedAddress
from gis.geocode.chinese import read_chinese
from gis.geocode.equipment import read_equipment
from gis.geocode.normal import HAN, has_han, normalise
from gis.geocode.western import read_western

_PHONE = re.compile(
    r"(?<![\d\-])(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?![\d\-])"
    r"|(?<![\d\-])0\d{2,3}[ -]?\d{7,8}(?![\d\-])"
    r"|(?<!\d)\+\d{1,3}[ \d()/-]{7,16}\d"
)
_PHONE_WORDS = re.compile(
    r"(?:联系)?(?:电话|手机|号码|tel|phone)(?:是|号码|号)?[::.]?", re.IGNORECASE
)
_FIELD_END = re.compile(r"[,,;;、\n]| - |\s+[–—]\s+")


_NUMBER_LIST = re.compile(r"(?<=\d)\s?[;;]\s?(?=\d)")


def parse(text: str) -> ParsedAddress:
    """Take `text` apart into levels.

    Missing levels are missing in `parts`; words that belong to no level end up in `Level.NAME`.
    Text with a Chinese character is read as Chinese, other text as Western.

    Raises
    ------
    AddressTooLong
        The text is longer than any address.
    """
    normal = normalise(text)
    return _parse(text, normal)


@lru_cache(maxsize=16384)
def _parse(text: str, normal: str) -> ParsedAddress:
    text, phones = _take_phones(text)
    if phones:
        normal = normalise(text)
    chinese = has_han(normal)
    parts = read_equipment(normal)
    near = False
    if not parts and chinese:
        parts, near = read_chinese("|".join(_fields(text)))
    elif not parts:
        parts = read_western(_fields(text))
    elif chinese:
        near = any(word in normal for word in ("附近", "对面", "旁边"))
    ordered = {level: parts[level] for level in Level if parts.get(level)}
    return ParsedAddress(normal, MappingProxyType(ordered), phones, near, chinese)


@lru_cache(maxsize=65536)
def names_of(text: str) -> tuple[str, ...]:
    """The names in a bilingual or bracketed `text`: ``提督街 Rua do Almirante`` holds two."""
    found: dict[str, None] = {}
    for piece in re.split(r"[()()/]", text):
        han = " ".join(re.findall(rf"[{HAN}\d]*[{HAN}][{HAN}\d]*", piece))
        latin = re.sub(rf"[{HAN}]+", " ", piece) if han else piece
        for name in (han, latin):
            normal = normalise(name)
            if any(character.isalpha() for character in normal):
                found[normal] = None
    return tuple(found)


def _fields(text: str) -> list[str]:
    text = _NUMBER_LIST.sub("/", text)
    return [field for field in map(normalise, _FIELD_END.split(text)) if field]


def _take_phones(text: str) -> tuple[str, tuple[str, ...]]:
    """`text` without phone numbers and the words that announce them."""
    found: list[str] = []

    def note(match: re.Match[str]) -> str:
        found.append(re.sub(r"[^\d+]", "", match[0]))
        return " , "

    rest = _PHONE.sub(note, text)
    return (_PHONE_WORDS.sub(" , ", rest) if found else text), tuple(found)
