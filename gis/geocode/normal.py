"""One way of writing for every way of typing."""

import re
import unicodedata
from functools import lru_cache

from gis.geocode.errors import AddressTooLong
from gis.geocode.hanzi import SIMPLIFIED

LONGEST = 400
"""Characters of text that are read as an address; more raises AddressTooLong."""

HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ħ": "h"}
)
# Circled and bracketed numbers become plain by NFKC; the wave, long dash and minus do not.
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−~〜～－_", "-"))
_NUMBER_SIGN = re.compile(r"#\s*(\d+)")
_SIGN_AFTER = re.compile(r"(\d+[a-z]?)\s*#")
_CODE = re.compile(r"(?<![a-z0-9])[a-z]{1,8}(?:-[a-z0-9]{1,8}){0,4}?-\d[a-z0-9]{0,7}(?![a-z0-9-])")
_KEPT = re.compile(rf"[^a-z0-9{HAN}\-/.]+")
_LOOSE_MARK = re.compile(
    r"(?<!\d)(?<!\d[a-z])[-/.]|[/.](?!\d)|-(?!\d|[a-z](?![a-z0-9]))|(?<=[a-z])[/.]"
)
_HOUSE_LETTER = re.compile(r"(?<![a-z0-9])(\d{1,4}) ([a-z])(?![a-z])")
_LEADING_ZEROS = re.compile(r"(?<![0-9a-z.])0+(?=\d)")
_HAN_SPACE = re.compile(rf"(?<=[{HAN}]) | (?=[{HAN}])")

_PASSES = 12

_DIGITS = dict(zip("零〇一二三四五六七八九两", (0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 2), strict=True))
_COUNTED = re.compile(
    r"([零〇一二三四五六七八九十百两]{1,7})"
    r"(?=号楼|号院|号|栋|幢|座|单元|层|楼|室|房|组|队|弄|村民小组|小组)"
    r"(?!(?:层|楼|房|座|组|队|弄|栋|幢)[村里屯湾庄巷路街社桥店山坪塘岭寺])"
)
_COUNTED_INSIDE = re.compile(
    r"(?<=[元栋幢座楼层])([零〇一二三四五六七八九]{3,5}|[一二三四五六七八九]百零[一二三四五六七八九])"
    r"(?=室|房|$|[^零〇一二三四五六七八九十百])"
)
_BUILDING = re.compile(r"(?<![0-9a-z])([a-z]?\d{1,4}[a-z]?|[a-z])(?:号楼|号栋|幢|座|栋)楼*")

# Street types and titles get their shortest form, because they tell little and are long.
_WORDS = {
    "strasse": "str", "street": "st", "saint": "st", "sankt": "st", "avenue": "av",
    "avenida": "av", "ave": "av", "aven": "av", "road": "rd", "r": "rua", "platz": "pl",
    "place": "pl", "plaza": "pl", "praca": "pca", "pc": "pca", "travessa": "tv", "trav": "tv",
    "largo": "lg", "estrada": "estr", "est": "estr", "alameda": "al", "rodovia": "rod",
    "calcada": "calc", "doutor": "dr", "doktor": "dr", "doctor": "dr", "drive": "dr",
    "professor": "prof", "professora": "prof", "general": "gen", "gal": "gen",
    "coronel": "cel", "lane": "ln", "court": "ct", "boulevard": "bd", "blvd": "bd",
    "highway": "hwy", "square": "sq", "apartment": "apt", "apartamento": "apt", "apto": "apt",
    "ap": "apt", "allee": "all", "rotunda": "rot", "viaduto": "viad", "caminho": "cam",
    "patio": "pat", "santa": "sta", "santo": "sto", "numero": "no", "nr": "no",
}  # fmt: skip
_WORD = re.compile(r"[a-z]+")
_STREET_TAIL = re.compile(r"(?<=[a-z]{3})(?:strasse|strase)(?![a-z])")
_PLACE_TAIL = re.compile(r"(?<=[a-z]{3})platz(?![a-z])")
_PARTICLE = re.compile(r"(?<![a-z])(?:de|da|do|dos|das|del|della|des|der|du|the|of)(?![a-z]) ?")
_TYPED_UMLAUT = re.compile(r"(?<![aeiouq])([aou])e")


def normalise(text: str) -> str:
    """Rewrite `text` so that ways of writing the same address give the same string.

    Full-width forms, case, diacritics, invisible and direction characters, emoji, punctuation,
    traditional characters, Chinese numerals before a counted word, words for a building and
    Western street types. Writing the result again changes nothing.

    Parameters
    ----------
    text
        What somebody typed or a file holds; at most `LONGEST` characters.

    Returns
    -------
    normal
        Lower-case letters without marks, digits, Han characters, single spaces between Latin
        words and the marks ``- / .`` between digits only. Empty text gives an empty string.

    Raises
    ------
    AddressTooLong
        The text is longer than any address.
    """
    if len(text) > LONGEST:
        raise AddressTooLong(
            "too long for an address", characters=len(text), longest=LONGEST, start=text[:40]
        )
    return _normalise(text)


@lru_cache(maxsize=65536)
def _normalise(text: str) -> str:
    plain = _plain_characters(text)
    for _ in range(_PASSES):
        before, plain = plain, _rewrite(plain)
        if plain == before:
            break
    return plain[:LONGEST]


def _rewrite(plain: str) -> str:
    """Apply one pass of the rules; a rule may set up another (``十号#楼``)."""
    plain = _NUMBER_SIGN.sub(r" \1号", _SIGN_AFTER.sub(r"\1号", plain)).replace("号号", "号")
    plain = _CODE.sub(lambda code: code[0].replace("-", ""), plain)
    plain = _KEPT.sub(" ", plain)
    plain = _LOOSE_MARK.sub(" ", plain)
    plain = " ".join(plain.split())
    plain = _HAN_SPACE.sub("", plain)
    plain = _HOUSE_LETTER.sub(r"\1\2", plain)
    plain = _LEADING_ZEROS.sub("", plain)
    plain = _western_words(plain)
    return _chinese_numbers(plain)


def fold(text: str) -> str:
    """Key for comparing names: `normalise` without spaces, particles and typed umlauts.

    ``Nürnberger Straße``, ``Nuernberger Str.`` and ``NURNBERGERSTR`` give one key, and so do
    ``Rua do Almirante`` and ``R. Almirante``. Not for display.
    """
    return _fold(normalise(text))


@lru_cache(maxsize=65536)
def _fold(normal: str) -> str:
    return _TYPED_UMLAUT.sub(r"\1", _PARTICLE.sub("", normal)).replace(" ", "")


_OFFICES = (
    (re.compile("(?<=..)(?:社区)?(?:居民委员会|居委会|家委会)|(?<=..)(?:小区|社区)"), " "),
    (re.compile("(?<=.)(?:村民委员会|村委会|自然村)"), "村 "),
)


def search_form(text: str) -> str:
    """`text` as it is indexed by trigrams: every Han character is a word of its own.

    A name of three characters with one wrong keeps half of its trigrams this way; written
    together it would keep one in seven. Words that thousands of names end with are cut short, as
    they would make every village alike to every other.
    """
    return _search_form(normalise(text))


@lru_cache(maxsize=65536)
def _search_form(normal: str) -> str:
    normal = _TYPED_UMLAUT.sub(r"\1", _PARTICLE.sub("", normal))
    for ending, short in _OFFICES:
        normal = ending.sub(short, normal)
    return " ".join(_EACH_HAN.sub(r" \1 ", normal).split())


_EACH_HAN = re.compile(f"([{HAN}])")


def has_han(text: str) -> bool:
    """Whether `text` holds a Chinese character."""
    return _ANY_HAN.search(text) is not None


_ANY_HAN = re.compile(f"[{HAN}]")


def _plain_characters(text: str) -> str:
    """Compatible, lower-case, unmarked and visible characters, simplified."""
    composed = unicodedata.normalize("NFKC", text[:LONGEST]).translate(_DASHES).casefold()
    bare = []
    for character in unicodedata.normalize("NFKD", composed)[: 4 * LONGEST]:
        category = unicodedata.category(character)
        if category in {"Mn", "Me", "Cf", "Cs", "Cn", "Co"}:
            continue
        if category == "Nd" and not character.isascii():
            bare.append(str(unicodedata.digit(character)))
        else:
            bare.append(character)
    return "".join(bare).translate(_LETTERS).translate(SIMPLIFIED)


def _western_words(text: str) -> str:
    text = _STREET_TAIL.sub("str", text)
    text = _PLACE_TAIL.sub("pl", text)
    return _WORD.sub(lambda word: _WORDS.get(word[0], word[0]), text)


def _chinese_numbers(text: str) -> str:
    text = _COUNTED.sub(lambda number: _in_digits(number[1]), text)
    text = _COUNTED_INSIDE.sub(lambda number: _in_digits(number[1]), text)
    return _BUILDING.sub(r"\1栋", text)


def _in_digits(chinese: str) -> str:
    """``二十一`` to ``21``; digits read one by one (``一〇一``) stay so."""
    if "十" not in chinese and "百" not in chinese:
        return "".join(str(_DIGITS[character]) for character in chinese)
    total, digit = 0, 0
    for character in chinese:
        if character in "十百":
            total += (digit or 1) * (10 if character == "十" else 100)
            digit = 0
        else:
            digit = _DIGITS[character]
    return str(total + digit)
