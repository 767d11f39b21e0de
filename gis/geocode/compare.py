"""How well one value of an address agrees with another."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from gis.geocode.address import Level
from gis.geocode.normal import fold, has_han, normalise


class Verdict(StrEnum):
    """How a level of the query stands in a candidate."""

    MATCHED = "matched"
    PART = "part"  # one name holds the other, or the number lies in a range
    WRONG_CHARACTER = "wrong_character"
    MISSING = "missing"  # the candidate does not say
    CONTRADICTED = "contradicted"


AGREEING = frozenset({Verdict.MATCHED, Verdict.PART, Verdict.WRONG_CHARACTER})


@dataclass(frozen=True, slots=True)
class Reason:
    """One level of the query against a candidate; `score` 0..1, `at` the level it was found at."""

    level: Level
    verdict: Verdict
    score: float
    asked: str
    found: str = ""
    at: Level | None = None


_RURAL = "村民委员会|村委会|自然村|村"
_URBAN = "社区居民委员会|社区居委会|居民委员会|居委会|社区家委会|家委会|社区"
_AREA = "特别行政区|自治区|自治州|自治县|街道办事处|街道|地区|新区|开发区|省|市|区|县|镇|乡"
_ROADS = "大马路|马路|大道|大街|公路|斜路|横路|横街|斜巷|斜坡|前地|圆形地|胡同|路|街|巷|道|里|围|径"
_ESTATE = "住宅小区|小区|生活区|家属区|家属院|大院"
_ENDING = re.compile(
    rf"(?<=..)(?:(?P<urban>{_URBAN})|(?P<rural>{_RURAL})|(?P<estate>{_ESTATE})|(?P<area>{_AREA})|(?P<road>{_ROADS}))$"
    rf"|(?<=.)(?:(?P<urban1>{_URBAN})|(?P<rural1>{_RURAL})|(?P<area1>[县市镇乡区])|(?P<road1>{_ROADS}))$"
)
_TELLING = frozenset("一二三四五六七八九十东西南北中上下前后左右新老大小0123456789")
_DIGITS = re.compile(r"\d+")
_LONGEST_RANGE = 40
_SHORTEST_HAN, _SHORTEST_LATIN, _LONG_LATIN = 2, 4, 10
_HAN_ONE_WRONG = {2: 0.7, 3: 0.8}
_TELLING_WRONG = 0.5  # 东 for 西, 二 for 三: most often another place
_TYPE_WRONG, _ENDING_LEFT_OUT, _KIND_WRONG = 0.65, 0.97, 0.85


@lru_cache(maxsize=65536)
def compare_names(asked: str, found: str) -> tuple[Verdict, float]:
    """Compare two names of places, either script; symmetric in what it calls equal."""
    one, other = fold(asked), fold(found)
    if one == other:
        return Verdict.MATCHED, 1.0
    if _DIGITS.findall(one) != _DIGITS.findall(other):
        return Verdict.CONTRADICTED, 0.0
    if has_han(one) and has_han(other):
        return _compare_chinese(one, other)
    if has_han(one) or has_han(other):
        return Verdict.CONTRADICTED, 0.0
    return _compare_latin(asked, found)


def _compare_chinese(asked: str, found: str) -> tuple[Verdict, float]:
    one, kind = _core(asked)
    other, other_kind = _core(found)
    if one == other:
        return _compare_kinds(kind, other_kind)
    shortest = min(len(one), len(other))
    if shortest < _SHORTEST_HAN:
        return Verdict.CONTRADICTED, 0.0
    wrong = _one_wrong(one, other)
    if wrong and (kind == other_kind or not kind or not other_kind):
        worth = _TELLING_WRONG if wrong <= _TELLING else _HAN_ONE_WRONG.get(shortest, 0.85)
        return Verdict.WRONG_CHARACTER, worth
    if one.endswith(other):  # what was said begins with a wider area that was not told apart
        return Verdict.PART, 0.7 + 0.25 * len(other) / len(one)
    if one in other or other in one:
        return Verdict.PART, 0.4 + 0.45 * shortest / max(len(one), len(other))
    return Verdict.CONTRADICTED, 0.0


def _compare_kinds(kind: str, other_kind: str) -> tuple[Verdict, float]:
    """Judge names that differ only in the word for what they are."""
    if not kind or not other_kind or kind == other_kind != "road":
        return Verdict.MATCHED, _ENDING_LEFT_OUT
    if "road" in {kind, other_kind}:
        return Verdict.WRONG_CHARACTER, _TYPE_WRONG
    return Verdict.MATCHED, _KIND_WRONG


def _compare_latin(asked: str, found: str) -> tuple[Verdict, float]:
    one, other = fold(asked), fold(found)
    shortest = min(len(one), len(other))
    if shortest >= _SHORTEST_LATIN:
        most = 2 if shortest >= _LONG_LATIN else 1
        wrong = _distance(one, other, most)
        if wrong is None:  # the slip may sit in a particle that the key leaves out
            wrong = _distance(_letters(asked), _letters(found), most)
        if wrong is not None:
            return Verdict.WRONG_CHARACTER, 0.85 if wrong <= 1 else 0.65
    words, other_words = set(normalise(asked).split()), set(normalise(found).split())
    shared = sum(len(word) for word in words & other_words)
    if shared >= _SHORTEST_LATIN and (words <= other_words or other_words <= words):
        longest = max(sum(map(len, words)), sum(map(len, other_words)))
        return Verdict.PART, 0.4 + 0.45 * shared / longest
    return Verdict.CONTRADICTED, 0.0


def _letters(name: str) -> str:
    return normalise(name).replace(" ", "")


@lru_cache(maxsize=65536)
def compare_numbers(asked: str, found: str) -> tuple[Verdict, float]:
    """Compare two house, building or room numbers: equal, in a range, same but for a letter."""
    found = found.replace(" ", "").replace(";", "/").casefold()
    if asked == found:
        return Verdict.MATCHED, 1.0
    pieces = [piece for piece in _LISTED.split(found) if piece]
    if asked in pieces or any(_in_range(asked, piece) for piece in pieces):
        return Verdict.PART, 0.9
    number, letter = _numbered(asked)
    other_number, other_letter = _numbered(found)
    if number and number == other_number and not (letter and other_letter):
        return Verdict.PART, 0.5
    return Verdict.CONTRADICTED, 0.0


_LISTED = re.compile(r"[;,/+]")
_LETTERED = re.compile(r"(\d+)([a-z](?:-[a-z])?)?")
_LETTER_RANGE = re.compile(r"(\d+)([a-z])-(?:\1)?([a-z])")
_RANGE = re.compile(r"(\d{1,4})-(\d{1,4})")


@lru_cache(maxsize=65536)
def numbers_of(number: str) -> tuple[str, ...]:
    """The numbers that `number` answers to: itself, those of its list or range, its bare number."""
    found = dict.fromkeys([number, *_LISTED.split(number)])
    for piece in tuple(found):
        bounds = _RANGE.fullmatch(piece)
        if bounds and 0 < int(bounds[2]) - int(bounds[1]) <= _LONGEST_RANGE:
            found |= dict.fromkeys(map(str, range(int(bounds[1]), int(bounds[2]) + 1)))
        lettered = _LETTERED.fullmatch(piece)
        if lettered:
            found[lettered[1]] = None
    return tuple(each for each in found if each)


def _numbered(house: str) -> tuple[str, str]:
    """Number and letter of ``12a``; both empty for another form."""
    found = _LETTERED.fullmatch(house)
    return (found[1], found[2] or "") if found else ("", "")


def _in_range(asked: str, found: str) -> bool:
    """Whether ``10`` lies in ``8-12`` (same parity), or ``10b`` in ``10a-d``."""
    lettered = _LETTER_RANGE.fullmatch(found)
    if lettered:
        number, letter = _numbered(asked)
        return number == lettered[1] and (not letter or lettered[2] <= letter <= lettered[3])
    bounds = _RANGE.fullmatch(found)
    if not bounds or not asked.isdigit():
        return False
    low, high, wanted = int(bounds[1]), int(bounds[2]), int(asked)
    return low < high and wanted in range(low, high + 1, 2 if (high - low) % 2 == 0 else 1)


@lru_cache(maxsize=65536)
def _core(name: str) -> tuple[str, str]:
    """`name` without the word for its kind, and that kind (empty when it carries none)."""
    ending = _ENDING.search(name)
    if ending is None:
        return name, ""
    return name[: ending.start()], (ending.lastgroup or "").removesuffix("1")


def _one_wrong(one: str, other: str) -> set[str]:
    """The characters concerned when one edit turns `one` into `other`; empty when more."""
    if abs(len(one) - len(other)) > 1:
        return set()
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    left, right = one[start:], other[start:]
    if left[:2] == right[1::-1] and left[2:] == right[2:] and len(left) > 1:
        return set(left[:2])
    for cut, other_cut in ((1, 1), (1, 0), (0, 1)):
        if left[cut:] == right[other_cut:]:
            return set(left[:cut] + right[:other_cut])
    return set()


def _distance(one: str, other: str, most: int) -> int | None:
    """Edits (insert, delete, replace, swap of neighbours) between both; None for over `most`."""
    if abs(len(one) - len(other)) > most:
        return None
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        previous, before, row = before, row, [i]
        for j, against in enumerate(other, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return None
    return row[-1] if row[-1] <= most else None
